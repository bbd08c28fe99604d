#include "services/support/automations/automation_wire.h"

#include "libs/api/convert.h"
#include "libs/base/text.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxTextBytes = 10'000;

std::vector<Condition> ConditionsFromProto(const google::protobuf::RepeatedPtrField<std::string>& texts,
                                           const std::string& field, FieldViolations& violations) {
  std::vector<Condition> conditions;
  if (static_cast<std::size_t>(texts.size()) > kMostConditions) {
    violations.Add(field, absl::StrCat("are more than ", kMostConditions));
    return conditions;
  }
  for (int i = 0; i < texts.size(); ++i) {
    absl::StatusOr<Condition> condition = Condition::Parse(texts[i]);
    if (condition.ok()) {
      conditions.push_back(*std::move(condition));
      continue;
    }
    const auto wrong = ErrorFields(condition.status());
    violations.Add(absl::StrCat(field, "[", i, "]"),
                   wrong.empty() ? std::string(condition.status().message()) : wrong.front().second);
  }
  return conditions;
}

AutomationTimer TimerFromProto(const v1::AutomationTimer& message, const std::string& field,
                               FieldViolations& violations) {
  if (message.clock() == v1::AUTOMATION_CLOCK_UNSPECIFIED || !v1::AutomationClock_IsValid(message.clock())) {
    violations.Add(field + ".clock", "is no clock");
  }
  if (message.hours() < 1 || message.hours() > kMostTimerHours) {
    violations.Add(field + ".hours", absl::StrCat("is not within 1 to ", kMostTimerHours));
  }
  return {static_cast<AutomationClock>(message.clock()), std::chrono::hours(message.hours()), message.calendar_id()};
}

AutomationSaying SayingFromProto(const v1::AutomationMessage& message, const std::string& field,
                                 FieldViolations& violations) {
  AutomationSaying saying;
  if (message.kind() != v1::TICKET_MESSAGE_KIND_UNSPECIFIED) {
    if (!v1::TicketMessageKind_IsValid(message.kind())) violations.Add(field + ".kind", "is no kind");
    saying.kind = static_cast<MessageKind>(message.kind());
  }
  saying.mentions = {message.mentions().begin(), message.mentions().end()};
  if (saying.kind == MessageKind::kReply && !saying.mentions.empty()) {
    violations.Add(field + ".mentions", "are for notes only");
  }
  FieldViolations wrong;
  CheckMessage({.text = message.text(), .mentions = saying.mentions}, field, wrong);
  for (const auto& [name, mistake] : ErrorFields(wrong.ToStatus())) violations.Add(name, mistake);
  if (message.text().size() > kMaxTextBytes) {
    violations.Add(field + ".text", absl::StrCat("is longer than ", kMaxTextBytes, " bytes"));
  } else if (auto parts = ParseMacroText(message.text()); !parts.ok()) {
    violations.Add(field + ".text", std::string(parts.status().message()));
  } else {
    saying.text = *std::move(parts);
  }
  return saying;
}

void CheckCustomFields(const Automation& automation, const std::string& field, FieldViolations& violations) {
  FieldViolations wrong;
  CheckTicket({.subject = "-", .custom_fields = automation.custom_fields}, field, wrong);
  for (const auto& [name, mistake] : ErrorFields(wrong.ToStatus())) violations.Add(name, mistake);
}

std::optional<Time> TimeFromProto(bool given, const google::protobuf::Timestamp& timestamp) {
  if (!given) return std::nullopt;
  const absl::StatusOr<Time> read = api::FromProto(timestamp, "time");
  return read.ok() ? std::optional(*read) : std::nullopt;
}

}  // namespace

Automation AutomationFromProto(const v1::Automation& message, const std::string& field, FieldViolations& violations) {
  Automation automation{
      .id = message.id(), .version = std::strtoll(message.etag().c_str(), nullptr, 10), .disabled = message.disabled()};
  for (const int event : message.events()) {
    if (event == v1::AUTOMATION_EVENT_UNSPECIFIED || !v1::AutomationEvent_IsValid(event)) {
      violations.Add(field + ".events", "name what is no event");
    }
    automation.events.insert(static_cast<AutomationEvent>(event));
  }
  if (message.has_timer()) automation.timer = TimerFromProto(message.timer(), field + ".timer", violations);
  if (automation.events.empty() != message.has_timer()) {
    violations.Add(field + ".events", "or a timer must be given, and not both");
  }
  automation.all = ConditionsFromProto(message.all_conditions(), field + ".all_conditions", violations);
  automation.any = ConditionsFromProto(message.any_conditions(), field + ".any_conditions", violations);
  automation.actions = ActionsFromProto(message.actions(), field + ".actions", violations);
  automation.custom_fields = {message.custom_fields().begin(), message.custom_fields().end()};
  CheckCustomFields(automation, field, violations);
  if (message.has_message()) {
    automation.sayings.push_back(SayingFromProto(message.message(), field + ".message", violations));
  }
  automation.macro_id = message.macro_id();
  automation.survey_id = message.survey_id();
  automation.webhook_ids = {message.webhook_ids().begin(), message.webhook_ids().end()};
  if (automation.webhook_ids.size() > kMostWebhooksOfAutomation) {
    violations.Add(field + ".webhook_ids", absl::StrCat("are more than ", kMostWebhooksOfAutomation));
  }
  automation.last = message.last();
  if (message.actions().empty() && message.custom_fields().empty() && !message.has_message() &&
      message.macro_id().empty() && message.survey_id().empty() && message.webhook_ids().empty()) {
    violations.Add(field, "does and says nothing");
  }
  return automation;
}

v1::AutomationRun RunToProto(const Automation& automation, const Ticket& ticket,
                             const std::set<AutomationEvent>& events, const Judgement& judgement, Time now) {
  v1::AutomationRun run;
  run.set_automation_id(automation.id);
  if (automation.version > 0) run.set_automation_etag(absl::StrCat(automation.version));
  run.set_ticket_id(ticket.id.ToString());
  run.set_ticket_number(ticket.number);
  run.set_outcome(judgement.holds ? v1::AUTOMATION_OUTCOME_FIRED : v1::AUTOMATION_OUTCOME_NOT_MET);
  for (const AutomationEvent event : events) run.add_events(static_cast<v1::AutomationEvent>(event));
  for (const ConditionOutcome& outcome : judgement.conditions) {
    v1::AutomationConditionResult& result = *run.add_conditions();
    result.set_condition(outcome.condition);
    result.set_holds(outcome.holds);
    result.set_any(outcome.any);
    for (const auto& [name, value] : outcome.values) (*result.mutable_values())[name] = value;
  }
  *run.mutable_run_time() = api::ToProto(now);
  return run;
}

TicketEvent EventFromProto(const v1::TicketEvent& message) {
  TicketEvent event{.sequence = message.sequence(),
                    .kind = message.kind(),
                    .time = TimeFromProto(true, message.happen_time()).value_or(Time()),
                    .author = static_cast<AuthorKind>(message.author()),
                    .actor = message.actor(),
                    .state = static_cast<TicketState>(message.state()),
                    .priority = static_cast<TicketPriority>(message.priority()),
                    .details = {message.details().begin(), message.details().end()}};
  if (message.message_kind() != v1::TICKET_MESSAGE_KIND_UNSPECIFIED) {
    event.message_kind = static_cast<MessageKind>(message.message_kind());
  }
  return event;
}

Ticket SnapshotFromProto(const v1::Ticket& message) {
  // What was written once is in order.
  FieldViolations ignored;
  Ticket ticket = TicketFromProto(message, ignored);
  ticket.id = Uuid::Parse(message.id()).value_or(Uuid());
  ticket.number = message.number();
  ticket.state = static_cast<TicketState>(message.state());
  ticket.hold_until = TimeFromProto(message.has_hold_until_time(), message.hold_until_time());
  ticket.message_count = message.message_count();
  ticket.reopen_count = message.reopen_count();
  ticket.last_customer_time = TimeFromProto(message.has_last_customer_time(), message.last_customer_time());
  ticket.last_agent_time = TimeFromProto(message.has_last_agent_time(), message.last_agent_time());
  ticket.solve_time = TimeFromProto(message.has_solve_time(), message.solve_time());
  ticket.sla.policy_id = message.sla_policy_id();
  ticket.sla.breached = message.breached();
  ticket.sla.next_due_time = TimeFromProto(message.has_next_due_time(), message.next_due_time());
  ticket.version = std::strtoll(message.etag().c_str(), nullptr, 10);
  ticket.create_time = TimeFromProto(true, message.create_time()).value_or(Time());
  ticket.update_time = TimeFromProto(true, message.update_time()).value_or(Time());
  return ticket;
}

}  // namespace esnaf::support
