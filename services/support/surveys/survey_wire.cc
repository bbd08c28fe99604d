#include "services/support/surveys/survey_wire.h"

#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/macros.h"
#include "services/support/sla/sla_wire.h"
#include "services/support/surveys/survey_link.h"

namespace esnaf::support {
namespace {

std::string IdToProto(const std::optional<Uuid>& id) { return id ? id->ToString() : std::string(); }

SurveyText TextFromProto(const v1::SurveyText& text) { return {text.question(), text.thanks()}; }
v1::SurveyText TextToProto(const SurveyText& text) {
  v1::SurveyText message;
  message.set_question(text.question);
  message.set_thanks(text.thanks);
  return message;
}

}  // namespace

absl::StatusOr<Survey> SurveyFromProto(const v1::Survey& message) {
  FieldViolations violations;
  Survey survey{.id = message.id(),
                .display_name = message.display_name(),
                .disabled = message.disabled(),
                .condition = ConditionFromProto(message.condition(), "survey.condition", violations),
                .delay = std::chrono::minutes(message.delay_minutes()),
                .ask_auto_closed = message.ask_auto_closed(),
                .once_per_ticket = message.once_per_ticket(),
                .turkish = TextFromProto(message.turkish()),
                .english = TextFromProto(message.english())};
  if (message.kind() == v1::SURVEY_KIND_UNSPECIFIED || !v1::SurveyKind_IsValid(message.kind())) {
    violations.Add("survey.kind", "is CSAT, CES or NPS");
  } else {
    survey.kind = static_cast<SurveyKind>(message.kind());
  }
  if (!v1::SurveyTrigger_IsValid(message.trigger())) {
    violations.Add("survey.trigger", "is no trigger");
  } else if (message.trigger() != v1::SURVEY_TRIGGER_UNSPECIFIED) {
    survey.trigger = static_cast<SurveyTrigger>(message.trigger());
  }
  if (message.has_throttle_days()) survey.throttle = std::chrono::days(message.throttle_days());
  if (message.has_expire_days()) survey.expire = std::chrono::days(message.expire_days());
  if (message.has_mail()) survey.mail = SurveyMail{message.mail().mailbox_id(), message.mail().link_origin()};
  CheckSurvey(survey, "survey", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return survey;
}

v1::Survey SurveyToProto(const Survey& survey) {
  v1::Survey message;
  message.set_id(survey.id);
  message.set_display_name(survey.display_name);
  message.set_kind(static_cast<v1::SurveyKind>(survey.kind));
  message.set_trigger(static_cast<v1::SurveyTrigger>(survey.trigger));
  message.set_disabled(survey.disabled);
  if (survey.condition != SlaCondition()) *message.mutable_condition() = ConditionToProto(survey.condition);
  message.set_delay_minutes(static_cast<int>(survey.delay.count()));
  message.set_throttle_days(static_cast<int>(survey.throttle.count()));
  message.set_expire_days(static_cast<int>(survey.expire.count()));
  message.set_ask_auto_closed(survey.ask_auto_closed);
  message.set_once_per_ticket(survey.once_per_ticket);
  if (survey.turkish != SurveyText()) *message.mutable_turkish() = TextToProto(survey.turkish);
  if (survey.english != SurveyText()) *message.mutable_english() = TextToProto(survey.english);
  if (survey.mail) {
    message.mutable_mail()->set_mailbox_id(survey.mail->mailbox_id);
    message.mutable_mail()->set_link_origin(survey.mail->link_origin);
  }
  return message;
}

std::string SurveyToJson(const Survey& survey) { return api::ToStoredJson(SurveyToProto(survey)); }
absl::StatusOr<Survey> SurveyFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::Survey message, api::FromStoredJson<v1::Survey>(json));
  return SurveyFromProto(message);
}

v1::SurveyInvitation InvitationToProto(const SurveyInvitation& invitation, Time now, std::string_view secret) {
  v1::SurveyInvitation message;
  message.set_id(invitation.id.ToString());
  message.set_survey_id(invitation.survey_id);
  message.set_kind(static_cast<v1::SurveyKind>(invitation.kind));
  message.set_ticket_id(IdToProto(invitation.ticket_id));
  message.set_contact_id(IdToProto(invitation.contact_id));
  message.set_store_id(invitation.store_id);
  message.set_agent(invitation.agent);
  message.set_team(invitation.team);
  message.set_seller_id(invitation.seller_id);
  message.set_product_id(invitation.product_id);
  message.set_state(static_cast<v1::SurveyInvitationState>(StateOf(invitation, now)));
  message.set_skip_reason(invitation.skip_reason);
  *message.mutable_due_time() = api::ToProto(invitation.due_time);
  if (invitation.ask_time && invitation.expire_time) {
    message.set_link_path("/s/" + SignLink({invitation.id, *invitation.expire_time}, secret));
    *message.mutable_ask_time() = api::ToProto(*invitation.ask_time);
    *message.mutable_expire_time() = api::ToProto(*invitation.expire_time);
  }
  if (invitation.score) *message.mutable_response() = ResponseToProto(invitation);
  *message.mutable_create_time() = api::ToProto(invitation.create_time);
  return message;
}

v1::SurveyResponse ResponseToProto(const SurveyInvitation& invitation) {
  v1::SurveyResponse message;
  message.set_invitation_id(invitation.id.ToString());
  message.set_survey_id(invitation.survey_id);
  message.set_kind(static_cast<v1::SurveyKind>(invitation.kind));
  message.set_score(invitation.score.value_or(0));
  message.set_comment(invitation.comment);
  message.set_language(invitation.language);
  if (invitation.answer_time) *message.mutable_answer_time() = api::ToProto(*invitation.answer_time);
  if (invitation.finish_time) *message.mutable_finish_time() = api::ToProto(*invitation.finish_time);
  message.set_ticket_id(IdToProto(invitation.ticket_id));
  message.set_contact_id(IdToProto(invitation.contact_id));
  message.set_store_id(invitation.store_id);
  message.set_agent(invitation.agent);
  message.set_team(invitation.team);
  message.set_seller_id(invitation.seller_id);
  message.set_product_id(invitation.product_id);
  return message;
}

v1::SurveyResultsRow ResultsToProto(SurveyKind kind, const std::string& key, std::int64_t asked,
                                    const ScoreCounts& counts) {
  const SurveyValue value = ReckonSurvey(kind, counts);
  v1::SurveyResultsRow row;
  row.set_key(key);
  row.set_ask_count(asked);
  row.set_answer_count(value.answers);
  for (const std::int64_t count : counts) row.add_score_counts(count);
  row.set_mean(value.mean);
  row.set_value(value.value);
  row.set_lower_bound(value.lower);
  row.set_upper_bound(value.upper);
  row.set_small_sample(value.small_sample);
  return row;
}

}  // namespace esnaf::support
