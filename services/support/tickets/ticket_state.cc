#include "services/support/tickets/ticket_state.h"

#include "libs/base/check.h"
#include "libs/base/error.h"

namespace esnaf::support {
namespace {

using State = TicketState;
using Verb = TicketVerb;

struct Rule {
  Verb verb;
  std::vector<State> from;
  State to;
};

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> kRules = {
      {Verb::kOpen, {State::kNew, State::kPendingCustomer, State::kPendingInternal, State::kOnHold}, State::kOpen},
      {Verb::kAwaitCustomer,
       {State::kNew, State::kOpen, State::kPendingInternal, State::kOnHold},
       State::kPendingCustomer},
      {Verb::kAwaitInternal,
       {State::kNew, State::kOpen, State::kPendingCustomer, State::kOnHold},
       State::kPendingInternal},
      // Holding what is on hold sets another time.
      {Verb::kHold,
       {State::kNew, State::kOpen, State::kPendingCustomer, State::kPendingInternal, State::kOnHold},
       State::kOnHold},
      {Verb::kSolve,
       {State::kNew, State::kOpen, State::kPendingCustomer, State::kPendingInternal, State::kOnHold},
       State::kSolved},
      {Verb::kReopen, {State::kSolved}, State::kOpen},
      {Verb::kClose, {State::kSolved}, State::kClosed},
      {Verb::kMerge,
       {State::kNew, State::kOpen, State::kPendingCustomer, State::kPendingInternal, State::kOnHold, State::kSolved},
       State::kMerged},
      {Verb::kMarkSpam,
       {State::kNew, State::kOpen, State::kPendingCustomer, State::kPendingInternal, State::kOnHold},
       State::kSpam},
      {Verb::kUnmarkSpam, {State::kSpam}, State::kOpen},
      // What another department owes is owed whatever the customer adds.
      {Verb::kCustomerWrites, {State::kNew}, State::kNew},
      {Verb::kCustomerWrites, {State::kPendingInternal}, State::kPendingInternal},
      {Verb::kCustomerWrites, {State::kOpen, State::kPendingCustomer, State::kOnHold, State::kSolved}, State::kOpen},
      {Verb::kAgentWrites, {State::kNew, State::kOpen}, State::kOpen},
      {Verb::kAgentWrites, {State::kPendingCustomer}, State::kPendingCustomer},
      {Verb::kAgentWrites, {State::kPendingInternal}, State::kPendingInternal},
      {Verb::kAgentWrites, {State::kOnHold}, State::kOnHold},
      {Verb::kAgentWrites, {State::kSolved}, State::kSolved},
      // What is done for good, goes on elsewhere itself or is no ticket takes no other in.
      {Verb::kTakeIn, {State::kNew}, State::kNew},
      {Verb::kTakeIn, {State::kOpen}, State::kOpen},
      {Verb::kTakeIn, {State::kPendingCustomer}, State::kPendingCustomer},
      {Verb::kTakeIn, {State::kPendingInternal}, State::kPendingInternal},
      {Verb::kTakeIn, {State::kOnHold}, State::kOnHold},
      {Verb::kTakeIn, {State::kSolved}, State::kSolved},
  };
  return kRules;
}

}  // namespace

std::string_view StateName(State state) {
  switch (state) {
    case State::kNew:
      return "NEW";
    case State::kOpen:
      return "OPEN";
    case State::kPendingCustomer:
      return "PENDING_CUSTOMER";
    case State::kPendingInternal:
      return "PENDING_INTERNAL";
    case State::kOnHold:
      return "ON_HOLD";
    case State::kSolved:
      return "SOLVED";
    case State::kClosed:
      return "CLOSED";
    case State::kMerged:
      return "MERGED";
    case State::kSpam:
      return "SPAM";
  }
  ESNAF_CHECK(false);
}

std::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kOpen:
      return "open";
    case Verb::kAwaitCustomer:
      return "await customer";
    case Verb::kAwaitInternal:
      return "await internal";
    case Verb::kHold:
      return "hold";
    case Verb::kSolve:
      return "solve";
    case Verb::kReopen:
      return "reopen";
    case Verb::kClose:
      return "close";
    case Verb::kMerge:
      return "merge";
    case Verb::kMarkSpam:
      return "mark spam";
    case Verb::kUnmarkSpam:
      return "unmark spam";
    case Verb::kCustomerWrites:
      return "customer writes";
    case Verb::kAgentWrites:
      return "agent writes";
    case Verb::kTakeIn:
      return "take in";
  }
  ESNAF_CHECK(false);
}

std::optional<State> NextState(State from, Verb verb) {
  for (const Rule& rule : Rules()) {
    if (rule.verb == verb && std::find(rule.from.begin(), rule.from.end(), from) != rule.from.end()) return rule.to;
  }
  return std::nullopt;
}

absl::StatusOr<State> Transition(State from, Verb verb) {
  if (const std::optional<State> to = NextState(from, verb)) return *to;
  const std::string state(StateName(from)), name(VerbName(verb));
  return MakeError(absl::StatusCode::kFailedPrecondition, "TICKET_STATE",
                   absl::StrCat("a ticket that is ", state, " does not allow `", name, "`"),
                   {{"state", state}, {"verb", name}});
}

bool IsActive(State state) {
  switch (state) {
    case State::kNew:
    case State::kOpen:
    case State::kPendingCustomer:
    case State::kPendingInternal:
    case State::kOnHold:
      return true;
    default:
      return false;
  }
}

}  // namespace esnaf::support
