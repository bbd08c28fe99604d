#pragma once

// In which states a ticket can be, and which verb leads from which to which: one table, which everything else asks.
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1.TicketState, and stored.
enum class TicketState {
  kNew = 1,              // nobody has worked on it
  kOpen = 2,             // an agent's turn
  kPendingCustomer = 3,  // the customer's turn
  kPendingInternal = 4,  // another department's turn
  kOnHold = 5,           // until a time
  kSolved = 6,           // done, and opens again where the customer comes back
  kClosed = 7,           // done for good; what comes back is a follow-up
  kMerged = 8,           // goes on in another ticket
  kSpam = 9,
};
inline constexpr TicketState kAllTicketStates[] = {
    TicketState::kNew,    TicketState::kOpen,   TicketState::kPendingCustomer, TicketState::kPendingInternal,
    TicketState::kOnHold, TicketState::kSolved, TicketState::kClosed,          TicketState::kMerged,
    TicketState::kSpam};

enum class TicketVerb {
  kOpen,
  kAwaitCustomer,
  kAwaitInternal,
  kHold,
  kSolve,
  kReopen,
  kClose,
  kMerge,
  kMarkSpam,
  kUnmarkSpam,
  // A public message of the requester, and one of an agent.
  kCustomerWrites,
  kAgentWrites,
  // Another ticket goes on in it.
  kTakeIn,
};
inline constexpr TicketVerb kAllTicketVerbs[] = {
    TicketVerb::kOpen,     TicketVerb::kAwaitCustomer, TicketVerb::kAwaitInternal,  TicketVerb::kHold,
    TicketVerb::kSolve,    TicketVerb::kReopen,        TicketVerb::kClose,          TicketVerb::kMerge,
    TicketVerb::kMarkSpam, TicketVerb::kUnmarkSpam,    TicketVerb::kCustomerWrites, TicketVerb::kAgentWrites,
    TicketVerb::kTakeIn};

// As people and errors read them: `PENDING_CUSTOMER`, `await customer`.
std::string_view StateName(TicketState state);
std::string_view VerbName(TicketVerb verb);

// The state that the verb leads to; none where it does not fit.
std::optional<TicketState> NextState(TicketState from, TicketVerb verb);
// The same; FAILED_PRECONDITION with the reason `TICKET_STATE` and the metadata `state` and `verb` where it does not
// fit.
absl::StatusOr<TicketState> Transition(TicketState from, TicketVerb verb);

// Whether somebody still has to do something: new, open, pending or on hold.
bool IsActive(TicketState state);

}  // namespace esnaf::support
