#include "services/support/surveys/survey_asker.h"

#include "esnaf/support/v1/events.pb.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "libs/identity/identity.h"
#include "services/support/surveys/survey_mail.h"
#include "services/support/surveys/survey_wire.h"
#include "services/support/tickets/ticket_sla.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 100;

absl::Status Tell(postgres::Tx& tx, const Cause& cause, const SurveyInvitation& invitation,
                  const google::protobuf::Message& payload) {
  events::NewEvent event = events::MakeEvent(cause.actor.name, cause.now, "survey_invitation", invitation.id,
                                             invitation.version, payload, cause.now);
  event.trace_parent = cause.trace_parent;
  return events::Append(tx, {event});
}

// Why the person is not to be asked; empty where he is.
absl::StatusOr<std::string> SkipReasonOf(postgres::Tx& tx, const Survey& survey, const SurveyInvitation& invitation,
                                         Time now) {
  std::vector<Uuid> contacts;
  if (invitation.contact_id) {
    ESNAF_ASSIGN_OR_RETURN(contacts, identity::ClusterOf(tx, *invitation.contact_id));
  }
  ESNAF_ASSIGN_OR_RETURN(const AskFacts facts, ReadAskFacts(tx, invitation, contacts));
  return std::string(SkipReasonFor(survey, facts, now));
}

// The event has the link, so that whoever sends messages needs nothing else. Where there is a recipient, the mail with
// the link is queued by the same transaction.
absl::Status TellAsked(postgres::Tx& tx, const Cause& cause, const Survey& survey, const SurveyInvitation& invitation,
                       const std::optional<SurveyRecipient>& recipient) {
  ESNAF_ASSIGN_OR_RETURN(const std::string secret, SurveySecret(tx));
  v1::SurveyAsked payload;
  *payload.mutable_invitation() = InvitationToProto(invitation, cause.now, secret);
  payload.set_mailed(recipient.has_value());
  if (recipient) {
    ESNAF_RETURN_IF_ERROR(
        QueueSurveyMail(tx, survey, invitation, *recipient, payload.invitation().link_path(), cause.now));
  }
  return Tell(tx, cause, invitation, payload);
}

void Open(const Survey& survey, Time now, SurveyInvitation& invitation) {
  invitation.ask_time = now;
  // A link tells its end in whole seconds.
  invitation.expire_time = std::chrono::ceil<std::chrono::seconds>(now + survey.expire);
}

}  // namespace

SurveyInvitation InvitationAbout(const Ticket& ticket, const Survey& survey, Time now) {
  return {.id = Uuid::NewV7(now),
          .survey_id = survey.id,
          .kind = survey.kind,
          .ticket_id = ticket.id,
          .round = ticket.reopen_count,
          .contact_id = ticket.contact_id,
          .store_id = ticket.store_id,
          .agent = ticket.assignee,
          .team = ticket.team,
          .seller_id = ticket.seller_id,
          .product_id = ticket.product_id,
          .due_time = now,
          .create_time = now};
}

absl::Status PlanSurveys(postgres::Tx& tx, const Ticket& ticket, const TicketEvent& event) {
  if (event.kind != "state" || event.state != TicketState::kSolved) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Survey> surveys, SurveysAfterSolving(tx));
  for (const Survey& survey : surveys) {
    if (survey.disabled || !Matches(survey.condition, SubjectOf(ticket))) continue;
    SurveyInvitation invitation = InvitationAbout(ticket, survey, event.time);
    // Who solved it by hand and is nobody's assignee answers for it all the same.
    if (invitation.agent.empty() && event.author == AuthorKind::kAgent) invitation.agent = event.actor;
    invitation.auto_closed = event.author != AuthorKind::kAgent;
    invitation.due_time = event.time + survey.delay;
    ESNAF_RETURN_IF_ERROR(InsertInvitation(tx, invitation));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> AskSomeDue(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const bool my_turn, TryAsking(tx));
  if (!my_turn) return false;
  ESNAF_ASSIGN_OR_RETURN(std::vector<SurveyInvitation> due, DueInvitations(tx, now, kAtOnce));
  const Cause cause = OwnCause(now);
  for (SurveyInvitation& invitation : due) {
    ESNAF_ASSIGN_OR_RETURN(const SurveyRecord survey, GetSurvey(tx, invitation.survey_id));
    ESNAF_ASSIGN_OR_RETURN(invitation.skip_reason, SkipReasonOf(tx, survey.body, invitation, now));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<SurveyRecipient> recipient, RecipientOf(tx, survey.body, invitation));
    // Whom the survey cannot reach is not asked, so that nobody counts as silent who was never written to.
    if (survey.body.mail && !recipient && invitation.skip_reason.empty()) invitation.skip_reason = "NO_ADDRESS";
    const bool ask = invitation.skip_reason.empty();
    if (ask) {
      Open(survey.body, now, invitation);
      ESNAF_RETURN_IF_ERROR(ExpireEarlierRounds(tx, invitation, now));
    }
    ++invitation.version;
    ESNAF_RETURN_IF_ERROR(UpdateInvitation(tx, invitation));
    if (ask) ESNAF_RETURN_IF_ERROR(TellAsked(tx, cause, survey.body, invitation, recipient));
  }
  return due.size() == static_cast<std::size_t>(kAtOnce);
}

absl::Status AskByHand(postgres::Tx& tx, const Cause& cause, const Survey& survey, SurveyInvitation& invitation) {
  ESNAF_RETURN_IF_ERROR(WaitForAsking(tx));
  ESNAF_ASSIGN_OR_RETURN(const std::string reason, SkipReasonOf(tx, survey, invitation, cause.now));
  if (!reason.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SURVEY_NOT_ASKED",
                     "the survey's rules leave this person in peace", {{"skip_reason", reason}});
  }
  Open(survey, cause.now, invitation);
  ESNAF_RETURN_IF_ERROR(InsertInvitation(tx, invitation));
  ESNAF_RETURN_IF_ERROR(ExpireEarlierRounds(tx, invitation, cause.now));
  ESNAF_ASSIGN_OR_RETURN(const std::optional<SurveyRecipient> recipient, RecipientOf(tx, survey, invitation));
  return TellAsked(tx, cause, survey, invitation, recipient);
}

absl::Status TellAnswer(postgres::Tx& tx, const Cause& cause, const SurveyInvitation& invitation) {
  v1::SurveyAnswered payload;
  *payload.mutable_response() = ResponseToProto(invitation);
  payload.set_finished(invitation.finish_time.has_value());
  return Tell(tx, cause, invitation, payload);
}

}  // namespace esnaf::support
