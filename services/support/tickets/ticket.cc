#include "services/support/tickets/ticket.h"

#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/attachments/attachment.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxSubjectBytes = 300;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxWordBytes = 60;
constexpr std::size_t kMaxValueBytes = 1000;
constexpr std::size_t kMaxTextBytes = 65536;
constexpr std::size_t kMostOfList = 50;

void CheckText(const std::string& text, std::size_t most, const std::string& field, FieldViolations& violations) {
  if (text.size() > most) {
    violations.Add(field, absl::StrCat("is longer than ", most, " bytes"));
  } else if (!IsCleanUtf8(text)) {
    violations.Add(field, "is no clean UTF-8");
  }
}

void CheckList(const std::vector<std::string>& list, std::size_t most, const std::string& field,
               FieldViolations& violations) {
  if (list.size() > kMostOfList) violations.Add(field, absl::StrCat("are more than ", kMostOfList));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    if (list[i].empty()) violations.Add(at, "is empty");
    CheckText(list[i], most, at, violations);
  }
}

void EnterState(Ticket& ticket, TicketState to, Time now, std::optional<Time> hold_until) {
  const bool was_solved = ticket.state == TicketState::kSolved;
  if (to != ticket.state) ticket.named_state = {};
  if (was_solved && IsActive(to)) ++ticket.reopen_count;
  if (to == TicketState::kSolved && !was_solved) ticket.solve_time = now;
  if (IsActive(to)) ticket.solve_time.reset();
  ticket.hold_until = to == TicketState::kOnHold ? hold_until : std::nullopt;
  ticket.wake_time = ticket.hold_until;
  if (to == TicketState::kSolved) ticket.wake_time = *ticket.solve_time + kReopenWindow;
  ticket.state = to;
}

// A ticket that a person has besides another, about the same.
Ticket Beside(const Ticket& ticket, Time now) {
  return {.id = Uuid::NewV7(now),
          .store_id = ticket.store_id,
          .subject = ticket.subject,
          .contact_id = ticket.contact_id,
          .channel = ticket.channel,
          .priority = ticket.priority,
          .type = ticket.type,
          .team = ticket.team,
          .tags = ticket.tags,
          .order_id = ticket.order_id,
          .order_line_id = ticket.order_line_id,
          .seller_id = ticket.seller_id,
          .product_id = ticket.product_id};
}

}  // namespace

Uuid TicketIdOf(const std::string& store_id, const std::string& external_id) {
  return Uuid::FromName("esnaf.support.ticket", absl::StrCat(store_id, "\n", external_id));
}

void CheckTicket(const Ticket& ticket, const std::string& field, FieldViolations& violations) {
  if (Trim(ticket.subject).empty()) violations.Add(field + ".subject", "is empty");
  CheckText(ticket.subject, kMaxSubjectBytes, field + ".subject", violations);
  if (!ticket.store_id.empty() && !IsStoreId(ticket.store_id)) {
    violations.Add(field + ".store_id", "is no id of a store");
  }
  CheckText(ticket.external_id, kMaxNameBytes, field + ".external_id", violations);
  CheckText(ticket.type, kMaxWordBytes, field + ".type", violations);
  CheckText(ticket.team, kMaxNameBytes, field + ".team", violations);
  CheckText(ticket.assignee, kMaxNameBytes, field + ".assignee", violations);
  CheckText(ticket.order_line_id, kMaxNameBytes, field + ".order_line_id", violations);
  CheckText(ticket.seller_id, kMaxNameBytes, field + ".seller_id", violations);
  CheckText(ticket.product_id, kMaxNameBytes, field + ".product_id", violations);
  CheckList(ticket.tags, kMaxWordBytes, field + ".tags", violations);
  CheckList(ticket.followers, kMaxNameBytes, field + ".followers", violations);
  if (ticket.custom_fields.size() > kMostOfList) {
    violations.Add(field + ".custom_fields", absl::StrCat("are more than ", kMostOfList));
  }
  for (const auto& [key, value] : ticket.custom_fields) {
    const std::string at = field + ".custom_fields";
    if (key.empty()) violations.Add(at, "has an empty key");
    CheckText(key, kMaxWordBytes, at, violations);
    CheckText(value, kMaxValueBytes, at, violations);
  }
}

void CheckMessage(const TicketMessage& message, const std::string& field, FieldViolations& violations) {
  if (Trim(message.text).empty()) violations.Add(field + ".text", "is empty");
  CheckText(message.text, kMaxTextBytes, field + ".text", violations);
  CheckText(message.external_id, kMaxNameBytes, field + ".external_id", violations);
  CheckList(message.mentions, kMaxNameBytes, field + ".mentions", violations);
  if (message.attachment_ids.size() > kMostAttachments) {
    violations.Add(field + ".attachment_ids", absl::StrCat("are more than ", kMostAttachments));
  }
  if (message.author == AuthorKind::kCustomer && message.kind != MessageKind::kReply) {
    violations.Add(field + ".kind", "is REPLY where the requester speaks");
  }
}

TicketEvent PlainEvent(const Ticket& ticket, const Actor& actor, std::string kind,
                       std::map<std::string, std::string> details) {
  return {.kind = std::move(kind),
          .author = actor.kind,
          .actor = actor.name,
          .state = ticket.state,
          .priority = ticket.priority,
          .details = std::move(details)};
}

TicketEvent AssignedEvent(const Ticket& before, const Ticket& after, const Actor& actor) {
  return PlainEvent(before, actor, "assigned",
                    {{"assignee", after.assignee},
                     {"team", after.team},
                     {"previous_assignee", before.assignee},
                     {"previous_team", before.team}});
}

absl::StatusOr<TicketEvent> ApplyVerb(Ticket& ticket, TicketVerb verb, const Actor& actor, Time now,
                                      std::optional<Time> hold_until) {
  ESNAF_ASSIGN_OR_RETURN(const TicketState to, Transition(ticket.state, verb));
  const TicketState from = ticket.state;
  EnterState(ticket, to, now, hold_until);
  TicketEvent event = PlainEvent(ticket, actor, "state",
                                 {{"from", std::string(StateName(from))}, {"verb", std::string(VerbName(verb))}});
  if (ticket.hold_until) event.details["hold_until_time"] = FormatRfc3339(*ticket.hold_until);
  return event;
}

absl::StatusOr<TicketEvent> ApplyMessage(Ticket& ticket, const TicketMessage& message) {
  const TicketState from = ticket.state;
  if (message.kind == MessageKind::kReply) {
    const bool asks = message.author == AuthorKind::kCustomer;
    ESNAF_ASSIGN_OR_RETURN(const TicketState to,
                           Transition(ticket.state, asks ? TicketVerb::kCustomerWrites : TicketVerb::kAgentWrites));
    // What is said by itself is no answer: it is nobody's turn for it.
    if (message.author != AuthorKind::kSystem) {
      if (to != from) EnterState(ticket, to, message.create_time, std::nullopt);
      (asks ? ticket.last_customer_time : ticket.last_agent_time) = message.create_time;
    }
  }
  ++ticket.message_count;
  TicketEvent event =
      PlainEvent(ticket, {message.author, message.actor}, "message", {{"message_id", message.id.ToString()}});
  event.message_kind = message.kind;
  if (ticket.state != from) event.details["from"] = std::string(StateName(from));
  return event;
}

bool AwaitsAnswer(const Ticket& ticket) {
  return ticket.last_customer_time && (!ticket.last_agent_time || *ticket.last_agent_time < *ticket.last_customer_time);
}

absl::StatusOr<TicketEvent> TakeQuestion(Ticket& into, const Ticket& from, const Actor& actor, Time now) {
  const TicketState before = into.state;
  ESNAF_ASSIGN_OR_RETURN(const TicketState to, Transition(before, TicketVerb::kCustomerWrites));
  if (to != before) EnterState(into, to, now, std::nullopt);
  into.last_customer_time = now;
  TicketEvent event =
      PlainEvent(into, {AuthorKind::kCustomer, actor.name}, "question_merged", {{"ticket_id", from.id.ToString()}});
  event.message_kind = MessageKind::kReply;
  if (to != before) event.details["from"] = std::string(StateName(before));
  return event;
}

void FollowMentions(Ticket& ticket, const TicketMessage& message) {
  if (message.author == AuthorKind::kCustomer || message.kind == MessageKind::kReply) return;
  for (const std::string& name : message.mentions) {
    if (ticket.followers.size() >= kMostOfList) return;
    const bool follows = std::find(ticket.followers.begin(), ticket.followers.end(), name) != ticket.followers.end();
    if (!follows) ticket.followers.push_back(name);
  }
}

Ticket FollowUpOf(const Ticket& ticket, Time now) {
  Ticket made = Beside(ticket, now);
  made.follow_up_of_id = ticket.id;
  return made;
}

absl::StatusOr<Ticket> SplitOff(const Ticket& ticket, const std::string& subject, Time now,
                                std::vector<TicketMessage>& messages) {
  Ticket made = Beside(ticket, now);
  if (!subject.empty()) made.subject = subject;
  FieldViolations violations;
  CheckTicket(made, "ticket", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  for (TicketMessage& message : messages) {
    message.copied_from_id = message.id;
    message.id = Uuid::NewV7(now);
    message.ticket_id = made.id;
    message.external_id.clear();
    ESNAF_RETURN_IF_ERROR(ApplyMessage(made, message).status());
  }
  return made;
}

std::string SearchTextOf(const Ticket& ticket) {
  std::string text = absl::StrCat(ticket.subject, " ", ticket.external_id);
  for (const std::string& tag : ticket.tags) absl::StrAppend(&text, " ", tag);
  return FoldName(text);
}

}  // namespace esnaf::support
