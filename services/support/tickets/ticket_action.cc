#include "services/support/tickets/ticket_action.h"

#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

using Kind = TicketAction::Kind;

void AddOnce(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

void ApplyPlain(Ticket& ticket, const TicketAction& action) {
  switch (action.kind) {
    case Kind::kAssignee:
      ticket.assignee = action.text;
      break;
    case Kind::kTeam:
      ticket.team = action.text;
      break;
    case Kind::kPriority:
      ticket.priority = action.priority;
      break;
    case Kind::kType:
      ticket.type = action.text;
      break;
    case Kind::kAddTag:
      AddOnce(ticket.tags, action.text);
      break;
    case Kind::kRemoveTag:
      std::erase(ticket.tags, action.text);
      break;
    case Kind::kAddFollower:
      AddOnce(ticket.followers, action.text);
      break;
    case Kind::kState:
      break;
  }
}

std::string ChangedFields(const Ticket& before, const Ticket& after) {
  std::string fields;
  const auto add = [&fields](bool changed, std::string_view name) {
    if (changed) fields.append(fields.empty() ? "" : ",").append(name);
  };
  add(before.type != after.type, "type");
  add(before.tags != after.tags, "tags");
  add(before.followers != after.followers, "followers");
  return fields;
}

// The verb by which a ticket comes from one state to another of a firm's naming.
std::optional<TicketVerb> VerbInto(TicketState from, TicketState to) {
  if (to == TicketState::kOnHold) return TicketVerb::kHold;
  if (to == TicketState::kOpen && from == TicketState::kSolved) return TicketVerb::kReopen;
  if (to == TicketState::kOpen && from == TicketState::kSpam) return TicketVerb::kUnmarkSpam;
  return VerbTo(to);
}

}  // namespace

std::string MistakeOf(const TicketAction& action) {
  // A ticket that has nothing but what the action brings.
  Ticket ticket{.subject = "-"};
  ApplyPlain(ticket, action);
  FieldViolations violations;
  CheckTicket(ticket, "ticket", violations);
  const auto wrong = ErrorFields(violations.ToStatus());
  return wrong.empty() ? "" : wrong.front().second;
}

std::optional<TicketVerb> VerbTo(TicketState state) {
  switch (state) {
    case TicketState::kOpen:
      return TicketVerb::kOpen;
    case TicketState::kPendingCustomer:
      return TicketVerb::kAwaitCustomer;
    case TicketState::kPendingInternal:
      return TicketVerb::kAwaitInternal;
    case TicketState::kSolved:
      return TicketVerb::kSolve;
    case TicketState::kClosed:
      return TicketVerb::kClose;
    case TicketState::kSpam:
      return TicketVerb::kMarkSpam;
    case TicketState::kNew:
    case TicketState::kOnHold:
    case TicketState::kMerged:
      break;
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<TicketEvent>> ApplyNamedState(Ticket& ticket, TicketState type, const NamedState& name,
                                                           const Actor& actor, Time now,
                                                           std::optional<Time> hold_until) {
  const std::string before = ticket.named_state.id;
  const bool holds_anew = type == TicketState::kOnHold && ticket.hold_until != hold_until;
  TicketEvent event;
  if (ticket.state == type && !holds_anew) {
    if (before == name.id) return std::nullopt;
    event = PlainEvent(ticket, actor, "state_named");
  } else {
    const std::optional<TicketVerb> verb = VerbInto(ticket.state, type);
    if (!verb) {
      return InvalidField("state_id", absl::StrCat("leads to no ticket that is ", std::string(StateName(type))));
    }
    ESNAF_ASSIGN_OR_RETURN(event, ApplyVerb(ticket, *verb, actor, now, hold_until));
  }
  ticket.named_state = name;
  event.details["state_id"] = name.id;
  if (!before.empty()) event.details["previous_state_id"] = before;
  return std::optional(std::move(event));
}

absl::StatusOr<std::vector<TicketEvent>> ApplyActions(Ticket& ticket, const std::vector<TicketAction>& actions,
                                                      const Actor& actor, Time now) {
  const Ticket before = ticket;
  std::optional<TicketAction> wanted;
  for (const TicketAction& action : actions) {
    if (action.kind == Kind::kState) wanted = action;
    ApplyPlain(ticket, action);
  }
  FieldViolations violations;
  CheckTicket(ticket, "ticket", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  std::vector<TicketEvent> happened;
  if (const std::string fields = ChangedFields(before, ticket); !fields.empty()) {
    happened.push_back(PlainEvent(before, actor, "updated", {{"fields", fields}}));
  }
  if (before.assignee != ticket.assignee || before.team != ticket.team) {
    happened.push_back(AssignedEvent(before, ticket, actor));
  }
  if (before.priority != ticket.priority) {
    happened.push_back(PlainEvent(ticket, actor, "priority", {{"from", std::string(PriorityName(before.priority))}}));
  }
  if (wanted && !wanted->named.id.empty()) {
    ESNAF_ASSIGN_OR_RETURN(std::optional<TicketEvent> event,
                           ApplyNamedState(ticket, wanted->state, wanted->named, actor, now));
    if (event) happened.push_back(*std::move(event));
  } else if (wanted && wanted->state != ticket.state) {
    const std::optional<TicketVerb> verb = VerbTo(wanted->state);
    if (!verb) {
      return InvalidField("actions", absl::StrCat("lead to no ticket that is ", std::string(StateName(wanted->state))));
    }
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyVerb(ticket, *verb, actor, now));
    happened.push_back(std::move(event));
  }
  return happened;
}

}  // namespace esnaf::support
