#include "services/support/sla/sla_wire.h"

#include "libs/api/stored_json.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/names.h"

namespace esnaf::support {
namespace {

using std::chrono::minutes;

constexpr std::size_t kMaxNameBytes = 200;
constexpr int kMostOfList = 200;

// Reads HH:MM, 24:00 included.
std::optional<int> ReadMinute(const std::string& text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > 1440) return std::nullopt;
  return hour * 60 + minute;
}
std::string WriteMinute(int minute) { return absl::StrFormat("%02d:%02d", minute / 60, minute % 60); }

using Spans = google::protobuf::RepeatedPtrField<v1::OpenHours>;

DayHours HoursFromProto(const Spans& spans, const std::string& field, FieldViolations& violations) {
  DayHours hours;
  for (int i = 0; i < spans.size(); ++i) {
    const std::optional<int> open = ReadMinute(spans[i].open_time()), close = ReadMinute(spans[i].close_time());
    if (!open) violations.Add(absl::StrCat(field, "[", i, "].open_time"), "is no time HH:MM");
    if (!close) violations.Add(absl::StrCat(field, "[", i, "].close_time"), "is no time HH:MM");
    if (open && close) hours.push_back({*open, *close});
  }
  return hours;
}

void HoursToProto(const DayHours& hours, Spans& spans) {
  for (const DaySpan& span : hours) {
    v1::OpenHours& added = *spans.Add();
    added.set_open_time(WriteMinute(span.begin));
    added.set_close_time(WriteMinute(span.end));
  }
}

std::optional<minutes> Target(bool given, int count) { return given ? std::optional(minutes(count)) : std::nullopt; }
SlaTargets TargetsFromProto(const v1::SlaTargets& message) {
  return {Target(message.has_first_response_minutes(), message.first_response_minutes()),
          Target(message.has_next_response_minutes(), message.next_response_minutes()),
          Target(message.has_resolution_minutes(), message.resolution_minutes())};
}
v1::SlaTargets TargetsToProto(const SlaTargets& targets) {
  v1::SlaTargets message;
  if (targets.first_response) message.set_first_response_minutes(static_cast<int>(targets.first_response->count()));
  if (targets.next_response) message.set_next_response_minutes(static_cast<int>(targets.next_response->count()));
  if (targets.resolution) message.set_resolution_minutes(static_cast<int>(targets.resolution->count()));
  return message;
}

std::vector<std::string> TextsFromProto(const google::protobuf::RepeatedPtrField<std::string>& texts,
                                        const std::string& field, FieldViolations& violations) {
  if (texts.size() > kMostOfList) violations.Add(field, absl::StrCat("are more than ", kMostOfList));
  for (int i = 0; i < texts.size(); ++i) {
    if (texts[i].empty() || texts[i].size() > kMaxNameBytes || !IsCleanUtf8(texts[i])) {
      violations.Add(absl::StrCat(field, "[", i, "]"), "is empty, too long or no clean UTF-8");
    }
  }
  return {texts.begin(), texts.end()};
}

SlaEscalation EscalationFromProto(const v1::SlaEscalation& message, const std::string& field,
                                  FieldViolations& violations) {
  SlaEscalation escalation{.notify = {message.notify().begin(), message.notify().end()},
                           .webhook_ids = {message.webhook_ids().begin(), message.webhook_ids().end()}};
  if (!v1::SlaEscalationTrigger_IsValid(message.trigger())) {
    violations.Add(field + ".trigger", "is no trigger");
  } else if (message.trigger() != v1::SLA_ESCALATION_TRIGGER_UNSPECIFIED) {
    escalation.trigger = static_cast<SlaNews>(message.trigger());
  }
  if (!v1::SlaMetric_IsValid(message.metric())) {
    violations.Add(field + ".metric", "is no target");
  } else if (message.metric() != v1::SLA_METRIC_UNSPECIFIED) {
    escalation.metric = static_cast<SlaMetric>(message.metric());
  }
  if (message.has_team()) escalation.team = message.team();
  if (message.has_assignee()) escalation.assignee = message.assignee();
  if (!v1::TicketPriority_IsValid(message.raise_priority_to())) {
    violations.Add(field + ".raise_priority_to", "is no priority");
  } else if (message.raise_priority_to() != v1::TICKET_PRIORITY_UNSPECIFIED) {
    escalation.raise_priority_to = static_cast<TicketPriority>(message.raise_priority_to());
  }
  return escalation;
}

v1::SlaEscalation EscalationToProto(const SlaEscalation& escalation) {
  v1::SlaEscalation message;
  message.set_trigger(static_cast<v1::SlaEscalationTrigger>(escalation.trigger));
  if (escalation.metric) message.set_metric(static_cast<v1::SlaMetric>(*escalation.metric));
  *message.mutable_notify() = {escalation.notify.begin(), escalation.notify.end()};
  *message.mutable_webhook_ids() = {escalation.webhook_ids.begin(), escalation.webhook_ids.end()};
  if (escalation.team) message.set_team(*escalation.team);
  if (escalation.assignee) message.set_assignee(*escalation.assignee);
  if (escalation.raise_priority_to) {
    message.set_raise_priority_to(static_cast<v1::TicketPriority>(*escalation.raise_priority_to));
  }
  return message;
}

const v1::DayHours& DayOf(const v1::BusinessCalendar& message, std::size_t day) {
  switch (day) {
    case 0:
      return message.monday();
    case 1:
      return message.tuesday();
    case 2:
      return message.wednesday();
    case 3:
      return message.thursday();
    case 4:
      return message.friday();
    case 5:
      return message.saturday();
    default:
      return message.sunday();
  }
}
v1::DayHours& MutableDayOf(v1::BusinessCalendar& message, std::size_t day) {
  switch (day) {
    case 0:
      return *message.mutable_monday();
    case 1:
      return *message.mutable_tuesday();
    case 2:
      return *message.mutable_wednesday();
    case 3:
      return *message.mutable_thursday();
    case 4:
      return *message.mutable_friday();
    case 5:
      return *message.mutable_saturday();
    default:
      return *message.mutable_sunday();
  }
}

}  // namespace

SlaCondition ConditionFromProto(const v1::SlaCondition& message, const std::string& field,
                                FieldViolations& violations) {
  SlaCondition condition;
  for (int i = 0; i < message.priorities_size(); ++i) {
    const std::optional<TicketPriority> priority = PriorityFromProto(message.priorities(i));
    if (!priority || message.priorities(i) == v1::TICKET_PRIORITY_UNSPECIFIED) {
      violations.Add(absl::StrCat(field, ".priorities[", i, "]"), "is no priority");
    } else {
      condition.priorities.push_back(*priority);
    }
  }
  for (int i = 0; i < message.channels_size(); ++i) {
    if (message.channels(i) == 0 || !contacts::v1::Channel_IsValid(message.channels(i))) {
      violations.Add(absl::StrCat(field, ".channels[", i, "]"), "is no channel");
    }
    condition.channels.push_back(message.channels(i));
  }
  condition.types = TextsFromProto(message.types(), field + ".types", violations);
  condition.teams = TextsFromProto(message.teams(), field + ".teams", violations);
  condition.store_ids = TextsFromProto(message.store_ids(), field + ".store_ids", violations);
  condition.tags = TextsFromProto(message.tags(), field + ".tags", violations);
  return condition;
}

v1::SlaCondition ConditionToProto(const SlaCondition& condition) {
  v1::SlaCondition message;
  for (const TicketPriority priority : condition.priorities) {
    message.add_priorities(static_cast<v1::TicketPriority>(priority));
  }
  for (const int channel : condition.channels) message.add_channels(static_cast<contacts::v1::Channel>(channel));
  *message.mutable_types() = {condition.types.begin(), condition.types.end()};
  *message.mutable_teams() = {condition.teams.begin(), condition.teams.end()};
  *message.mutable_store_ids() = {condition.store_ids.begin(), condition.store_ids.end()};
  *message.mutable_tags() = {condition.tags.begin(), condition.tags.end()};
  return message;
}

std::optional<TicketPriority> PriorityFromProto(v1::TicketPriority priority) {
  if (priority == v1::TICKET_PRIORITY_UNSPECIFIED) return TicketPriority::kNormal;
  if (!v1::TicketPriority_IsValid(priority)) return std::nullopt;
  return static_cast<TicketPriority>(priority);
}

absl::StatusOr<SlaPolicy> PolicyFromProto(const v1::SlaPolicy& message) {
  FieldViolations violations;
  CheckNames(message.id(), message.display_name(), "policy", violations);
  SlaPolicy policy{.id = message.id(),
                   .display_name = message.display_name(),
                   .position = message.position(),
                   .disabled = message.disabled(),
                   .condition = ConditionFromProto(message.condition(), "policy.condition", violations),
                   .calendar_id = message.calendar_id(),
                   .targets = TargetsFromProto(message.targets()),
                   .public_note_answers = message.public_note_answers()};
  for (int i = 0; i < message.priority_targets_size(); ++i) {
    const v1::PrioritySlaTargets& own = message.priority_targets(i);
    const std::optional<TicketPriority> priority = PriorityFromProto(own.priority());
    const bool known = priority && own.priority() != v1::TICKET_PRIORITY_UNSPECIFIED;
    if (!known || !policy.priority_targets.emplace(*priority, TargetsFromProto(own.targets())).second) {
      violations.Add(absl::StrCat("policy.priority_targets[", i, "].priority"), "is no priority, or comes twice");
    }
  }
  if (!v1::NextResponseMode_IsValid(message.next_response_mode())) {
    violations.Add("policy.next_response_mode", "is no mode");
  } else if (message.next_response_mode() != v1::NEXT_RESPONSE_MODE_UNSPECIFIED) {
    policy.next_response_mode = static_cast<NextResponseMode>(message.next_response_mode());
  }
  if (message.has_pauses()) policy.paused_states.clear();
  for (int i = 0; i < message.pauses().states_size(); ++i) {
    const int state = message.pauses().states(i);
    if (state == 0 || !v1::TicketState_IsValid(state)) {
      violations.Add(absl::StrCat("policy.pauses.states[", i, "]"), "is no state");
    } else {
      policy.paused_states.insert(static_cast<TicketState>(state));
    }
  }
  if (message.has_warn_at_percent()) policy.warn_at_percent = message.warn_at_percent();
  for (int i = 0; i < message.escalations_size(); ++i) {
    policy.escalations.push_back(
        EscalationFromProto(message.escalations(i), absl::StrCat("policy.escalations[", i, "]"), violations));
  }
  CheckPolicy(policy, "policy", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return policy;
}

v1::SlaPolicy PolicyToProto(const SlaPolicy& policy) {
  v1::SlaPolicy message;
  message.set_id(policy.id);
  message.set_display_name(policy.display_name);
  message.set_position(policy.position);
  message.set_disabled(policy.disabled);
  if (policy.condition != SlaCondition()) *message.mutable_condition() = ConditionToProto(policy.condition);
  message.set_calendar_id(policy.calendar_id);
  *message.mutable_targets() = TargetsToProto(policy.targets);
  for (const auto& [priority, targets] : policy.priority_targets) {
    v1::PrioritySlaTargets& own = *message.add_priority_targets();
    own.set_priority(static_cast<v1::TicketPriority>(priority));
    *own.mutable_targets() = TargetsToProto(targets);
  }
  message.set_next_response_mode(static_cast<v1::NextResponseMode>(policy.next_response_mode));
  v1::SlaPauses& pauses = *message.mutable_pauses();
  for (const TicketState state : policy.paused_states) pauses.add_states(static_cast<v1::TicketState>(state));
  message.set_public_note_answers(policy.public_note_answers);
  message.set_warn_at_percent(policy.warn_at_percent);
  for (const SlaEscalation& escalation : policy.escalations) {
    *message.add_escalations() = EscalationToProto(escalation);
  }
  return message;
}

absl::StatusOr<BusinessCalendar> CalendarFromProto(const v1::BusinessCalendar& message) {
  FieldViolations violations;
  CheckNames(message.id(), message.display_name(), "calendar", violations);
  BusinessCalendar calendar{.id = message.id(), .display_name = message.display_name()};
  if (!message.time_zone().empty()) calendar.time_zone = message.time_zone();
  constexpr const char* kDays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  for (std::size_t day = 0; day < calendar.week.size(); ++day) {
    calendar.week[day] =
        HoursFromProto(DayOf(message, day).hours(), absl::StrCat("calendar.", kDays[day], ".hours"), violations);
  }
  for (int i = 0; i < message.holidays_size(); ++i) {
    const v1::Holiday& given = message.holidays(i);
    const std::string at = absl::StrCat("calendar.holidays[", i, "]");
    const absl::StatusOr<Date> date = ParseDate(given.date());
    if (!date.ok()) violations.Add(at + ".date", "is no day YYYY-MM-DD");
    if (given.display_name().size() > kMaxNameBytes || !IsCleanUtf8(given.display_name())) {
      violations.Add(at + ".display_name", "is too long or no clean UTF-8");
    }
    calendar.holidays.push_back(
        {date.value_or(Date()), given.display_name(), HoursFromProto(given.hours(), at + ".hours", violations)});
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  CheckCalendar(calendar, "calendar", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return calendar;
}

v1::BusinessCalendar CalendarToProto(const BusinessCalendar& calendar) {
  v1::BusinessCalendar message;
  message.set_id(calendar.id);
  message.set_display_name(calendar.display_name);
  message.set_time_zone(calendar.time_zone);
  for (std::size_t day = 0; day < calendar.week.size(); ++day) {
    if (!calendar.week[day].empty()) HoursToProto(calendar.week[day], *MutableDayOf(message, day).mutable_hours());
  }
  for (const Holiday& holiday : calendar.holidays) {
    v1::Holiday& added = *message.add_holidays();
    added.set_date(FormatDate(holiday.date));
    added.set_display_name(holiday.name);
    HoursToProto(holiday.hours, *added.mutable_hours());
  }
  return message;
}

std::string PolicyToJson(const SlaPolicy& policy) { return api::ToStoredJson(PolicyToProto(policy)); }
absl::StatusOr<SlaPolicy> PolicyFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::SlaPolicy message, api::FromStoredJson<v1::SlaPolicy>(json));
  return PolicyFromProto(message);
}
std::string CalendarToJson(const BusinessCalendar& calendar) { return api::ToStoredJson(CalendarToProto(calendar)); }
absl::StatusOr<BusinessCalendar> CalendarFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::BusinessCalendar message, api::FromStoredJson<v1::BusinessCalendar>(json));
  return CalendarFromProto(message);
}

}  // namespace esnaf::support
