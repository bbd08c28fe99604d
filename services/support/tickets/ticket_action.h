#pragma once

// What bulk updates and macros do with a ticket.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

struct TicketAction {
  enum class Kind { kAssignee, kTeam, kPriority, kType, kAddTag, kRemoveTag, kState, kAddFollower };
  Kind kind = Kind::kAssignee;
  std::string text{};  // of all but kPriority and kState
  TicketPriority priority = TicketPriority::kNormal;
  TicketState state = TicketState::kOpen;
  NamedState named{};  // of the state; without an id it is none
};

inline constexpr int kMostActions = 20;

// What is wrong with the text of an action, whatever the ticket; empty where nothing is.
std::string MistakeOf(const TicketAction& action);

// The verb that leads to a state by an agent's choice; none for NEW, ON_HOLD and MERGED, which need more than a name.
std::optional<TicketVerb> VerbTo(TicketState state);

// Puts the ticket in a named state by the verb that leads to its type; where it is in one of the type, only the name
// changes. None where nothing does. FAILED_PRECONDITION as Transition, INVALID_ARGUMENT where no verb leads there.
absl::StatusOr<std::optional<TicketEvent>> ApplyNamedState(Ticket& ticket, TicketState type, const NamedState& name,
                                                           const Actor& actor, Time now,
                                                           std::optional<Time> hold_until = {});
// Does them in their order and answers what happened, at most one event of a kind, in the order in which they are to be
// recorded; none where nothing changes. FAILED_PRECONDITION as Transition, INVALID_ARGUMENT where the ticket would
// hold too much; the ticket is then of no use.
absl::StatusOr<std::vector<TicketEvent>> ApplyActions(Ticket& ticket, const std::vector<TicketAction>& actions,
                                                      const Actor& actor, Time now);

}  // namespace esnaf::support
