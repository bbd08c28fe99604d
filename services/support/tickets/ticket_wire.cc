#include "services/support/tickets/ticket_wire.h"

#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "services/support/sla/sla_wire.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMostExplainedHours = 100;

std::optional<Uuid> IdFromProto(const std::string& text, const std::string& field, FieldViolations& violations) {
  if (text.empty()) return std::nullopt;
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id) violations.Add(field, "is no UUID");
  return id;
}
std::string IdToProto(const std::optional<Uuid>& id) { return id ? id->ToString() : std::string(); }

google::protobuf::Duration DurationToProto(Duration duration) {
  google::protobuf::Duration message;
  message.set_seconds(duration.count() / 1'000'000);
  message.set_nanos(static_cast<int>(duration.count() % 1'000'000 * 1000));
  return message;
}
int ChannelFromProto(contacts::v1::Channel channel, const std::string& field, FieldViolations& violations) {
  if (!contacts::v1::Channel_IsValid(channel)) violations.Add(field, "is no channel");
  return channel;
}

template <typename Repeated>
void SetAll(Repeated* field, const std::vector<std::string>& values) {
  field->Assign(values.begin(), values.end());
}

// All but what the service keeps by itself.
void PutGiven(const Ticket& ticket, v1::Ticket& message) {
  message.set_external_id(ticket.external_id);
  message.set_store_id(ticket.store_id);
  message.set_subject(ticket.subject);
  message.set_contact_id(IdToProto(ticket.contact_id));
  message.set_channel(static_cast<contacts::v1::Channel>(ticket.channel));
  message.set_priority(static_cast<v1::TicketPriority>(ticket.priority));
  message.set_type(ticket.type);
  message.set_team(ticket.team);
  message.set_assignee(ticket.assignee);
  SetAll(message.mutable_tags(), ticket.tags);
  for (const auto& [key, value] : ticket.custom_fields) (*message.mutable_custom_fields())[key] = value;
  SetAll(message.mutable_followers(), ticket.followers);
  message.set_order_id(IdToProto(ticket.order_id));
  message.set_order_line_id(ticket.order_line_id);
  message.set_seller_id(ticket.seller_id);
  message.set_product_id(ticket.product_id);
  message.set_parent_id(IdToProto(ticket.parent_id));
  message.set_follow_up_of_id(IdToProto(ticket.follow_up_of_id));
}

void ReadAction(const v1::TicketAction& message, const std::string& at, TicketAction& action,
                FieldViolations& violations) {
  using Kind = TicketAction::Kind;
  switch (message.action_case()) {
    case v1::TicketAction::kAssignee:
      action = {.kind = Kind::kAssignee, .text = message.assignee()};
      break;
    case v1::TicketAction::kTeam:
      action = {.kind = Kind::kTeam, .text = message.team()};
      break;
    case v1::TicketAction::kPriority: {
      const bool is_one = message.priority() != v1::TICKET_PRIORITY_UNSPECIFIED;
      const std::optional<TicketPriority> priority = PriorityFromProto(message.priority());
      if (!is_one || !priority) violations.Add(at + ".priority", "is no priority");
      action = {.kind = Kind::kPriority, .priority = priority.value_or(TicketPriority::kNormal)};
      break;
    }
    case v1::TicketAction::kType:
      action = {.kind = Kind::kType, .text = message.type()};
      break;
    case v1::TicketAction::kAddTag:
      action = {.kind = Kind::kAddTag, .text = message.add_tag()};
      break;
    case v1::TicketAction::kRemoveTag:
      action = {.kind = Kind::kRemoveTag, .text = message.remove_tag()};
      break;
    case v1::TicketAction::kState:
      action = {.kind = Kind::kState, .state = static_cast<TicketState>(message.state())};
      if (message.state() == v1::TICKET_STATE_UNSPECIFIED || !v1::TicketState_IsValid(message.state()) ||
          !VerbTo(action.state)) {
        violations.Add(at + ".state", "is none of OPEN, PENDING_CUSTOMER, PENDING_INTERNAL, SOLVED, CLOSED and SPAM");
      }
      break;
    case v1::TicketAction::kStateId:
      // Its type is looked up before it is done; until then it leads nowhere.
      action = {.kind = Kind::kState, .state = TicketState::kNew, .named = {.id = message.state_id()}};
      if (!IsStoreId(message.state_id())) violations.Add(at + ".state_id", "is no id of a named state");
      break;
    case v1::TicketAction::kAddFollower:
      action = {.kind = Kind::kAddFollower, .text = message.add_follower()};
      break;
    case v1::TicketAction::ACTION_NOT_SET:
      violations.Add(at, "is no action");
      break;
  }
  if (const std::string mistake = MistakeOf(action); !mistake.empty()) violations.Add(at, mistake);
}

}  // namespace

Ticket TicketFromProto(const v1::Ticket& message, FieldViolations& violations) {
  Ticket ticket;
  ticket.external_id = message.external_id();
  ticket.store_id = message.store_id();
  ticket.subject = message.subject();
  ticket.contact_id = IdFromProto(message.contact_id(), "ticket.contact_id", violations);
  ticket.channel = ChannelFromProto(message.channel(), "ticket.channel", violations);
  const std::optional<TicketPriority> priority = PriorityFromProto(message.priority());
  if (!priority) violations.Add("ticket.priority", "is no priority");
  ticket.priority = priority.value_or(TicketPriority::kNormal);
  ticket.type = message.type();
  ticket.team = message.team();
  ticket.assignee = message.assignee();
  ticket.tags = {message.tags().begin(), message.tags().end()};
  ticket.custom_fields = {message.custom_fields().begin(), message.custom_fields().end()};
  ticket.followers = {message.followers().begin(), message.followers().end()};
  ticket.order_id = IdFromProto(message.order_id(), "ticket.order_id", violations);
  ticket.order_line_id = message.order_line_id();
  ticket.seller_id = message.seller_id();
  ticket.product_id = message.product_id();
  ticket.parent_id = IdFromProto(message.parent_id(), "ticket.parent_id", violations);
  ticket.follow_up_of_id = IdFromProto(message.follow_up_of_id(), "ticket.follow_up_of_id", violations);
  CheckTicket(ticket, "ticket", violations);
  return ticket;
}

v1::Ticket TicketToProto(const Ticket& ticket) {
  v1::Ticket message;
  PutGiven(ticket, message);
  message.set_id(ticket.id.ToString());
  message.set_number(ticket.number);
  message.set_state(static_cast<v1::TicketState>(ticket.state));
  message.set_state_id(ticket.named_state.id);
  message.set_state_name_tr(ticket.named_state.turkish);
  message.set_state_name_en(ticket.named_state.english);
  if (ticket.hold_until) *message.mutable_hold_until_time() = api::ToProto(*ticket.hold_until);
  message.set_merged_into_id(IdToProto(ticket.merged_into_id));
  for (const Uuid& id : ticket.linked_ids) message.add_linked_ticket_ids(id.ToString());
  message.set_sla_policy_id(ticket.sla.policy_id);
  int newest_cycle = 0;
  for (const ClockStatus& clock : ticket.sla.clocks) newest_cycle = std::max(newest_cycle, clock.cycle);
  for (const ClockStatus& clock : ticket.sla.clocks) {
    if (clock.metric == SlaMetric::kNextResponse && clock.cycle < newest_cycle) continue;
    *message.add_deadlines() = DeadlineToProto(clock);
  }
  if (ticket.sla.next_due_time) *message.mutable_next_due_time() = api::ToProto(*ticket.sla.next_due_time);
  message.set_breached(ticket.sla.breached);
  message.set_message_count(ticket.message_count);
  message.set_reopen_count(ticket.reopen_count);
  if (ticket.last_customer_time) *message.mutable_last_customer_time() = api::ToProto(*ticket.last_customer_time);
  if (ticket.last_agent_time) *message.mutable_last_agent_time() = api::ToProto(*ticket.last_agent_time);
  if (ticket.solve_time) *message.mutable_solve_time() = api::ToProto(*ticket.solve_time);
  message.set_etag(absl::StrCat(ticket.version));
  *message.mutable_create_time() = api::ToProto(ticket.create_time);
  *message.mutable_update_time() = api::ToProto(ticket.update_time);
  return message;
}

TicketMessage MessageFromProto(const v1::TicketMessage& message, MessageKind kind, AuthorKind author,
                               FieldViolations& violations) {
  TicketMessage read{.kind = kind, .author = author, .text = message.text(), .external_id = message.external_id()};
  if (message.kind() != v1::TICKET_MESSAGE_KIND_UNSPECIFIED) {
    if (!v1::TicketMessageKind_IsValid(message.kind())) violations.Add("message.kind", "is no kind");
    read.kind = static_cast<MessageKind>(message.kind());
  }
  if (message.author() != v1::TICKET_AUTHOR_UNSPECIFIED) {
    if (message.author() != v1::TICKET_AUTHOR_CUSTOMER && message.author() != v1::TICKET_AUTHOR_AGENT) {
      violations.Add("message.author", "is CUSTOMER or AGENT");
    } else {
      read.author = static_cast<AuthorKind>(message.author());
    }
  }
  read.channel = ChannelFromProto(message.channel(), "message.channel", violations);
  read.mentions = {message.mentions().begin(), message.mentions().end()};
  for (const std::string& id : message.attachment_ids()) {
    const absl::StatusOr<Uuid> parsed = api::ParseId(id, "message.attachment_ids");
    if (!parsed.ok()) violations.Add("message.attachment_ids", "names what is no id");
    if (parsed.ok()) read.attachment_ids.push_back(*parsed);
  }
  CheckMessage(read, "message", violations);
  return read;
}

v1::TicketMessage MessageToProto(const TicketMessage& message) {
  v1::TicketMessage told;
  told.set_id(message.id.ToString());
  told.set_ticket_id(message.ticket_id.ToString());
  told.set_kind(static_cast<v1::TicketMessageKind>(message.kind));
  told.set_author(static_cast<v1::TicketAuthor>(message.author));
  told.set_actor(message.actor);
  told.set_text(message.text);
  told.set_channel(static_cast<contacts::v1::Channel>(message.channel));
  told.set_external_id(message.external_id);
  SetAll(told.mutable_mentions(), message.mentions);
  told.set_copied_from_id(IdToProto(message.copied_from_id));
  for (const Uuid& id : message.attachment_ids) told.add_attachment_ids(id.ToString());
  *told.mutable_create_time() = api::ToProto(message.create_time);
  return told;
}

std::vector<TicketAction> ActionsFromProto(const google::protobuf::RepeatedPtrField<v1::TicketAction>& messages,
                                           const std::string& field, FieldViolations& violations) {
  std::vector<TicketAction> actions;
  if (messages.size() > kMostActions) violations.Add(field, absl::StrCat("are more than ", kMostActions));
  for (int i = 0; i < messages.size(); ++i) {
    ReadAction(messages[i], absl::StrCat(field, "[", i, "]"), actions.emplace_back(), violations);
  }
  return actions;
}

v1::TicketEvent EventToProto(const TicketEvent& event) {
  v1::TicketEvent message;
  message.set_sequence(event.sequence);
  message.set_kind(event.kind);
  *message.mutable_happen_time() = api::ToProto(event.time);
  message.set_author(static_cast<v1::TicketAuthor>(event.author));
  message.set_actor(event.actor);
  message.set_state(static_cast<v1::TicketState>(event.state));
  message.set_priority(static_cast<v1::TicketPriority>(event.priority));
  if (event.message_kind) message.set_message_kind(static_cast<v1::TicketMessageKind>(*event.message_kind));
  for (const auto& [key, value] : event.details) (*message.mutable_details())[key] = value;
  return message;
}

v1::TicketDeadline DeadlineToProto(const ClockStatus& clock) {
  v1::TicketDeadline message;
  message.set_metric(static_cast<v1::SlaMetric>(clock.metric));
  message.set_cycle(clock.cycle);
  *message.mutable_start_time() = api::ToProto(clock.start_time);
  *message.mutable_target() = DurationToProto(clock.target);
  *message.mutable_used() = DurationToProto(clock.used);
  message.set_running(clock.running);
  if (clock.due_time) *message.mutable_due_time() = api::ToProto(*clock.due_time);
  if (clock.warn_time) *message.mutable_warn_time() = api::ToProto(*clock.warn_time);
  if (clock.met_time) *message.mutable_met_time() = api::ToProto(*clock.met_time);
  if (clock.breach_time) *message.mutable_breach_time() = api::ToProto(*clock.breach_time);
  message.set_ended(clock.ended);
  return message;
}

v1::ExplainedDeadline ExplanationToProto(const ClockStatus& clock, const BusinessHours& hours) {
  v1::ExplainedDeadline message;
  *message.mutable_deadline() = DeadlineToProto(clock);
  for (const ClockStretch& stretch : clock.stretches) {
    v1::ExplainedStretch& told = *message.add_stretches();
    *told.mutable_start_time() = api::ToProto(stretch.span.begin);
    *told.mutable_end_time() = api::ToProto(stretch.span.end);
    told.set_running(stretch.running);
    *told.mutable_counted() = DurationToProto(stretch.counted);
    if (!stretch.running) continue;
    const std::vector<TimeSpan> spans = hours.Within(stretch.span.begin, stretch.span.end);
    for (std::size_t i = 0; i < std::min(spans.size(), kMostExplainedHours); ++i) {
      v1::WorkingHours& span = *told.add_hours();
      *span.mutable_start_time() = api::ToProto(spans[i].begin);
      *span.mutable_end_time() = api::ToProto(spans[i].end);
    }
  }
  return message;
}

}  // namespace esnaf::support
