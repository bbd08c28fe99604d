// Goal: every state and verb has one answer, and the table keeps what people rely on.
#include "services/support/tickets/ticket_state.h"

#include <rapidcheck.h>

#include <set>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using State = TicketState;
using Verb = TicketVerb;

State AnyState() {
  return *rc::gen::elementOf(std::vector<State>(std::begin(kAllTicketStates), std::end(kAllTicketStates)));
}
// Whether no verb leads out of it.
bool IsFinal(State state) {
  return std::none_of(std::begin(kAllTicketVerbs), std::end(kAllTicketVerbs),
                      [&](Verb verb) { return NextState(state, verb).has_value(); });
}
Verb AnyVerb() {
  return *rc::gen::elementOf(std::vector<Verb>(std::begin(kAllTicketVerbs), std::end(kAllTicketVerbs)));
}

TEST_CASE("a verb that does not fit is refused by name") {
  CHECK(*Transition(State::kSolved, Verb::kReopen) == State::kOpen);
  const absl::Status refused = Transition(State::kClosed, Verb::kReopen).status();
  CHECK_STATUS_IS(refused, absl::StatusCode::kFailedPrecondition, "CLOSED");
  CHECK(ErrorReason(refused) == "TICKET_STATE");
  CHECK(ErrorMetadataValue(refused, "verb") == "reopen");
}

TEST_CASE("only closed and merged are final, and what is active can be solved") {
  for (const State state : kAllTicketStates) {
    CHECK(IsFinal(state) == (state == State::kClosed || state == State::kMerged));
    CHECK(NextState(state, Verb::kSolve).has_value() == IsActive(state));
  }
}

TEST_CASE("a customer who writes never leaves a ticket solved or waiting for himself") {
  for (const State state : kAllTicketStates) {
    const std::optional<State> next = NextState(state, Verb::kCustomerWrites);
    if (!next) continue;
    CHECK(IsActive(*next));
    CHECK(*next != State::kPendingCustomer);
  }
}

TEST_CASE("names are unique") {
  std::set<std::string_view> states, verbs;
  for (const State state : kAllTicketStates) states.insert(StateName(state));
  for (const Verb verb : kAllTicketVerbs) verbs.insert(VerbName(verb));
  CHECK(states.size() == std::size(kAllTicketStates));
  CHECK(verbs.size() == std::size(kAllTicketVerbs));
}

TEST_CASE("any walk through the verbs keeps to the table") {
  CHECK(rc::check([] {
    State state = State::kNew;
    bool was_final = false;
    for (int step = *rc::gen::inRange(0, 40); step > 0; --step) {
      const Verb verb = AnyVerb();
      const absl::StatusOr<State> next = Transition(state, verb);
      RC_ASSERT(next.ok() == NextState(state, verb).has_value());
      RC_ASSERT(!(was_final && next.ok()));
      if (next.ok()) state = *next;
      was_final = IsFinal(state);
      // Nothing is new again once somebody has worked on it.
      RC_ASSERT(state != State::kNew || !next.ok() || verb == Verb::kCustomerWrites || verb == Verb::kTakeIn);
    }
  }));
  CHECK(rc::check([] {
    const State from = AnyState();
    const Verb verb = AnyVerb();
    const std::optional<State> next = NextState(from, verb);
    // Only a reopening, a customer or a withdrawn verdict brings back what is not active.
    if (next && !IsActive(from) && IsActive(*next)) {
      RC_ASSERT(verb == Verb::kReopen || verb == Verb::kCustomerWrites || verb == Verb::kUnmarkSpam);
    }
  }));
}

}  // namespace
}  // namespace esnaf::support
