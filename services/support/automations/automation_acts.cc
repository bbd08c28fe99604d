#include "services/support/automations/automation_acts.h"

#include <nlohmann/json.hpp>

#include "esnaf/support/v1/automations.pb.h"
#include "libs/base/macros.h"
#include "services/support/automations/webhook_sender.h"
#include "services/support/macros/macro_values.h"
#include "services/support/states/state_store.h"
#include "services/support/surveys/survey_asker.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

TicketMessage MessageOf(const AutomationSaying& saying, const ActCause& cause, const Actor& actor,
                        const Ticket& ticket) {
  return {.id = Uuid::NewV7(cause.now),
          .ticket_id = ticket.id,
          .kind = saying.kind,
          .author = actor.kind,
          .actor = actor.name,
          .text = RenderMacroText(saying.text, MacroValues(ticket, cause.requester, "")),
          .channel = ticket.channel,
          .mentions = saying.mentions,
          .create_time = MomentOf(ticket, cause.now)};
}

// Sets the custom fields; none where that changes nothing.
std::optional<TicketEvent> SetCustomFields(const Automation& automation, const Actor& actor, Ticket& ticket) {
  const auto before = ticket.custom_fields;
  for (const auto& [key, value] : automation.custom_fields) {
    if (value.empty()) {
      ticket.custom_fields.erase(key);
    } else {
      ticket.custom_fields[key] = value;
    }
  }
  if (ticket.custom_fields == before) return std::nullopt;
  return PlainEvent(ticket, actor, "updated", {{"fields", "custom_fields"}});
}

// What happens with the ticket besides what is said, in the order in which it is to be recorded.
absl::StatusOr<std::vector<TicketEvent>> Change(postgres::Tx& tx, const Automation& automation, const Actor& actor,
                                                Time now, Ticket& ticket) {
  const bool was_solved = ticket.state == TicketState::kSolved;
  std::vector<TicketEvent> happened;
  if (auto event = SetCustomFields(automation, actor, ticket)) happened.push_back(*std::move(event));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<TicketAction> actions, WithStates(tx, automation.actions, ticket.store_id));
  ESNAF_ASSIGN_OR_RETURN(std::vector<TicketEvent> more, ApplyActions(ticket, actions, actor, now));
  std::move(more.begin(), more.end(), std::back_inserter(happened));
  if (!was_solved && ticket.state == TicketState::kSolved) ESNAF_RETURN_IF_ERROR(CheckParts(tx, ticket.id));
  return happened;
}

// Does it with a copy, so that what fails leaves nothing behind.
absl::Status Try(postgres::Tx& tx, const Automation& automation, const ActCause& cause, const Actor& actor,
                 Ticket ticket) {
  for (const AutomationSaying& saying : automation.sayings) {
    const TicketMessage message = MessageOf(saying, cause, actor, ticket);
    FieldViolations violations;
    CheckMessage(message, "message", violations);
    ESNAF_RETURN_IF_ERROR(violations.ToStatus());
    ESNAF_RETURN_IF_ERROR(ApplyMessage(ticket, message).status());
    FollowMentions(ticket, message);
  }
  return Change(tx, automation, actor, MomentOf(ticket, cause.now), ticket).status();
}

bool IsOfTheTicket(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument || status.code() == absl::StatusCode::kFailedPrecondition;
}

absl::StatusOr<std::string> AskSurvey(postgres::Tx& tx, const Cause& cause, const std::string& survey_id,
                                      const Ticket& ticket) {
  const absl::StatusOr<SurveyRecord> survey = GetSurvey(tx, survey_id);
  if (absl::IsNotFound(survey.status())) return FailureOf(survey.status());
  ESNAF_RETURN_IF_ERROR(survey.status());
  if (survey->body.disabled) return "SURVEY_DISABLED";
  SurveyInvitation invitation = InvitationAbout(ticket, survey->body, cause.now);
  const absl::Status asked = AskByHand(tx, cause, survey->body, invitation);
  if (ErrorReason(asked) == "SURVEY_NOT_ASKED") return ErrorMetadataValue(asked, "skip_reason").value_or("");
  ESNAF_RETURN_IF_ERROR(asked);
  return invitation.id.ToString();
}

// Answers the ids of the calls, or why there is none, by comma.
absl::StatusOr<std::string> CallWebhooks(postgres::Tx& tx, const Automation& automation, const ActCause& cause,
                                         const Ticket& ticket) {
  nlohmann::json events = nlohmann::json::array();
  for (const AutomationEvent event : cause.events) {
    events.push_back(v1::AutomationEvent_Name(static_cast<v1::AutomationEvent>(event)));
  }
  const nlohmann::json data{{"automationId", automation.id},
                            {"automationEtag", std::to_string(automation.version)},
                            {"events", events},
                            {"ticket", nlohmann::json::parse(WebhookTicket(ticket))}};
  std::string results;
  for (const std::string& webhook_id : automation.webhook_ids) {
    ESNAF_ASSIGN_OR_RETURN(const std::string queued,
                           QueueWebhookCall(tx, webhook_id, ticket.id, "ticket.automation", data.dump(), cause.now));
    results += (results.empty() ? "" : ", ") + queued;
  }
  return results;
}

}  // namespace

std::string FailureOf(const absl::Status& status) {
  if (const std::string reason = ErrorReason(status); !reason.empty()) return reason;
  if (const auto fields = ErrorFields(status); !fields.empty()) return fields.front().first;
  return absl::StatusCodeToString(status.code());
}

absl::StatusOr<ActOutcome> AutomationActs::Act(postgres::Tx& tx, const Automation& automation, const ActCause& cause,
                                               Ticket& ticket) {
  ActOutcome outcome;
  const Cause own{{AuthorKind::kSystem, AutomationActor(automation.id)}, cause.trace_parent, cause.now};
  const std::map<std::string, std::string> chain = ChainDetails(automation, cause.chain);
  if (automation.lacks_macro) {
    outcome.failure = "MACRO_NOT_FOUND";
    return outcome;
  }
  if (const absl::Status tried = Try(tx, automation, cause, own.actor, ticket); !tried.ok()) {
    if (!IsOfTheTicket(tried)) return tried;
    outcome.failure = FailureOf(tried);
    return outcome;
  }
  for (const AutomationSaying& saying : automation.sayings) {
    const TicketMessage message = MessageOf(saying, cause, own.actor, ticket);
    ESNAF_ASSIGN_OR_RETURN(TicketEvent said, ApplyMessage(ticket, message));
    FollowMentions(ticket, message);
    said.details.insert(chain.begin(), chain.end());
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, own, ticket, std::move(said), &message));
    outcome.results["message"] = message.id.ToString();
  }
  ESNAF_ASSIGN_OR_RETURN(std::vector<TicketEvent> happened,
                         Change(tx, automation, own.actor, MomentOf(ticket, cause.now), ticket));
  for (TicketEvent& event : happened) {
    event.details.insert(chain.begin(), chain.end());
    std::string& kinds = outcome.results["ticket"];
    kinds += (kinds.empty() ? "" : ", ") + event.kind;
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, own, ticket, std::move(event)));
  }
  if (!automation.survey_id.empty()) {
    ESNAF_ASSIGN_OR_RETURN(outcome.results["survey"], AskSurvey(tx, own, automation.survey_id, ticket));
  }
  if (!automation.webhook_ids.empty()) {
    ESNAF_ASSIGN_OR_RETURN(outcome.results["webhooks"], CallWebhooks(tx, automation, cause, ticket));
  }
  return outcome;
}

}  // namespace esnaf::support
