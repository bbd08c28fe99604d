#include "services/support/queue/queue_wire.h"

#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

using std::chrono::minutes;

constexpr int kUsualCapacity = 20;

google::protobuf::Duration DurationToProto(std::chrono::seconds duration) {
  google::protobuf::Duration message;
  message.set_seconds(duration.count());
  return message;
}

}  // namespace

absl::StatusOr<Agent> AgentFromProto(const v1::Agent& message) {
  Agent agent{.id = message.id(),
              .display_name = message.display_name(),
              .teams = {message.teams().begin(), message.teams().end()},
              .skills = {message.skills().begin(), message.skills().end()},
              .capacity = message.capacity() == 0 ? kUsualCapacity : message.capacity(),
              .away = message.away()};
  FieldViolations violations;
  CheckAgent(agent, "agent", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return agent;
}

absl::StatusOr<Team> TeamFromProto(const v1::Team& message) {
  Team team{.id = message.id(), .display_name = message.display_name()};
  FieldViolations violations;
  if (message.assignment_method() != v1::ASSIGNMENT_METHOD_UNSPECIFIED) {
    team.method = static_cast<AssignmentMethod>(message.assignment_method());
  }
  if (!v1::AssignmentMethod_IsValid(message.assignment_method())) {
    violations.Add("team.assignment_method", "is no method");
  }
  CheckTeam(team, "team", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return team;
}

absl::StatusOr<QueueSettings> SettingsFromProto(const v1::QueueSettings& message) {
  QueueSettings settings{.value_lead = minutes(message.value_lead_minutes()),
                         .churn_lead = minutes(message.churn_lead_minutes()),
                         .priority_lead = minutes(message.priority_lead_minutes()),
                         .without_deadline = minutes(message.without_deadline_minutes())};
  ESNAF_ASSIGN_OR_RETURN(settings.reference_value,
                         api::FromProto(message.reference_value(), "settings.reference_value"));
  FieldViolations violations;
  CheckQueueSettings(settings, "settings", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return settings;
}

v1::Agent AgentToProto(const Agent& agent) {
  v1::Agent message;
  message.set_id(agent.id);
  message.set_display_name(agent.display_name);
  message.mutable_teams()->Assign(agent.teams.begin(), agent.teams.end());
  message.mutable_skills()->Assign(agent.skills.begin(), agent.skills.end());
  message.set_capacity(agent.capacity);
  message.set_away(agent.away);
  return message;
}

v1::Team TeamToProto(const Team& team) {
  v1::Team message;
  message.set_id(team.id);
  message.set_display_name(team.display_name);
  message.set_assignment_method(static_cast<v1::AssignmentMethod>(team.method));
  return message;
}

v1::QueueSettings SettingsToProto(const QueueSettings& settings) {
  v1::QueueSettings message;
  message.set_value_lead_minutes(static_cast<int>(settings.value_lead.count()));
  message.set_churn_lead_minutes(static_cast<int>(settings.churn_lead.count()));
  message.set_priority_lead_minutes(static_cast<int>(settings.priority_lead.count()));
  message.set_without_deadline_minutes(static_cast<int>(settings.without_deadline.count()));
  *message.mutable_reference_value() = api::ToProto(settings.reference_value);
  return message;
}

v1::QueuePosition PositionToProto(const QueueRank& rank, int position, const std::optional<Standing>& standing) {
  v1::QueuePosition message;
  message.set_position(position);
  *message.mutable_due_time() = api::ToProto(rank.due_time);
  message.set_has_deadline(rank.has_deadline);
  if (standing) {
    *message.mutable_predicted_clv() = api::ToProto(Money{standing->clv_minor, standing->currency});
    if (standing->churn_probability) message.set_churn_probability(*standing->churn_probability);
  }
  message.set_worth(rank.worth);
  *message.mutable_value_lead() = DurationToProto(rank.value_lead);
  *message.mutable_churn_lead() = DurationToProto(rank.churn_lead);
  *message.mutable_priority_lead() = DurationToProto(rank.priority_lead);
  *message.mutable_counted_due_time() = api::ToProto(rank.counted_due_time);
  return message;
}

std::string AgentToJson(const Agent& agent) { return api::ToStoredJson(AgentToProto(agent)); }
absl::StatusOr<Agent> AgentFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::Agent message, api::FromStoredJson<v1::Agent>(json));
  return AgentFromProto(message);
}
std::string TeamToJson(const Team& team) { return api::ToStoredJson(TeamToProto(team)); }
absl::StatusOr<Team> TeamFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::Team message, api::FromStoredJson<v1::Team>(json));
  return TeamFromProto(message);
}
std::string SettingsToJson(const QueueSettings& settings) { return api::ToStoredJson(SettingsToProto(settings)); }
absl::StatusOr<QueueSettings> SettingsFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::QueueSettings message, api::FromStoredJson<v1::QueueSettings>(json));
  return SettingsFromProto(message);
}

}  // namespace esnaf::support
