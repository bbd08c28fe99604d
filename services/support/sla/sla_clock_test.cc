// Goal: the clocks keep the rules that others are known to break, and their due times follow from the facts alone.
#include "services/support/sla/sla_clock.h"

#include <rapidcheck.h>

#include "services/support/sla/test_hours.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::At;
using testing::HoursOf;
using testing::WithLunch;
using State = TicketState;

SlaPolicy TestPolicy() {
  return {.id = "test", .targets = {.first_response = 60min, .next_response = 120min, .resolution = 600min}};
}

// A history that is written down fact by fact; every fact keeps the state and priority unless it changes them.
class History {
 public:
  explicit History(Time begin, AuthorKind author = AuthorKind::kCustomer, MessageKind kind = MessageKind::kReply) {
    facts_.push_back({begin, author, kind, State::kNew, TicketPriority::kNormal});
  }
  History& Say(Time at, AuthorKind author, MessageKind kind, std::optional<State> state = {}) {
    SlaFact fact = facts_.back();
    fact.time = at;
    fact.author = author;
    fact.message = kind;
    fact.state = state.value_or(fact.state);
    facts_.push_back(fact);
    return *this;
  }
  History& Customer(Time at, std::optional<State> state = {}) {
    return Say(at, AuthorKind::kCustomer, MessageKind::kReply, state);
  }
  History& Agent(Time at, std::optional<State> state = {}) {
    return Say(at, AuthorKind::kAgent, MessageKind::kReply, state.value_or(State::kOpen));
  }
  History& Note(Time at) { return Say(at, AuthorKind::kAgent, MessageKind::kInternalNote); }
  History& Become(Time at, State state) {
    SlaFact fact = facts_.back();
    fact.time = at;
    fact.author = AuthorKind::kAgent;
    fact.message.reset();
    fact.state = state;
    facts_.push_back(fact);
    return *this;
  }
  History& Priority(Time at, TicketPriority priority) {
    Become(at, facts_.back().state);
    facts_.back().priority = priority;
    return *this;
  }
  std::vector<ClockStatus> Clocks(const SlaPolicy& policy, const BusinessHours& hours,
                                  std::optional<Time> as_of = {}) const {
    return ReckonClocks(policy, hours, facts_, as_of.value_or(facts_.back().time));
  }
  const std::vector<SlaFact>& facts() const { return facts_; }

 private:
  std::vector<SlaFact> facts_;
};

// The newest clock of a metric; none where there is none.
std::optional<ClockStatus> Find(const std::vector<ClockStatus>& clocks, SlaMetric metric) {
  std::optional<ClockStatus> found;
  for (const ClockStatus& clock : clocks) {
    if (clock.metric == metric && (!found || clock.cycle > found->cycle)) found = clock;
  }
  return found;
}
ClockStatus Get(const std::vector<ClockStatus>& clocks, SlaMetric metric) {
  const std::optional<ClockStatus> found = Find(clocks, metric);
  REQUIRE(found.has_value());
  return *found;
}

// 10:00 in Istanbul.
const Time kMonday = *ParseRfc3339("2026-11-23T07:00:00Z");

TEST_CASE("zammad 1620: an internal note never satisfies a response, a public one where the policy says so") {
  SlaPolicy policy = TestPolicy();
  const BusinessHours hours = HoursOf(WithLunch());
  History history(kMonday);
  history.Note(kMonday + 10min);
  CHECK_FALSE(Get(history.Clocks(policy, hours), SlaMetric::kFirstResponse).met_time.has_value());
  history.Say(kMonday + 20min, AuthorKind::kAgent, MessageKind::kPublicNote);
  CHECK_FALSE(Get(history.Clocks(policy, hours), SlaMetric::kFirstResponse).met_time.has_value());
  policy.public_note_answers = true;
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kFirstResponse).met_time == kMonday + 20min);
}

TEST_CASE("zammad 3140: the next response is not owed where the agent spoke last") {
  const SlaPolicy policy = TestPolicy();
  const BusinessHours hours = HoursOf(WithLunch());
  History history(kMonday);
  history.Agent(kMonday + 30min);
  CHECK_FALSE(Find(history.Clocks(policy, hours), SlaMetric::kNextResponse).has_value());
  history.Customer(kMonday + 40min);
  history.Customer(kMonday + 50min);
  const ClockStatus owed = Get(history.Clocks(policy, hours), SlaMetric::kNextResponse);
  CHECK(owed.start_time == kMonday + 40min);
  // 10:40 to 12:00 and 13:00 to 13:40.
  CHECK(owed.due_time == At("2026-11-23 13:40"));
  history.Agent(kMonday + 60min);
  const ClockStatus answered = Get(history.Clocks(policy, hours, kMonday + 48h), SlaMetric::kNextResponse);
  CHECK(answered.met_time == kMonday + 60min);
  CHECK_FALSE(answered.breach_time.has_value());
}

TEST_CASE("zammad 5177: the next response does not override the first one") {
  const SlaPolicy policy = TestPolicy();
  const BusinessHours hours = HoursOf(WithLunch());
  History history(kMonday);
  history.Customer(kMonday + 50min);
  const auto clocks = history.Clocks(policy, hours, kMonday + 70min);
  CHECK_FALSE(Find(clocks, SlaMetric::kNextResponse).has_value());
  CHECK(Get(clocks, SlaMetric::kFirstResponse).breach_time == kMonday + 60min);
}

TEST_CASE("between updates, each answer starts the next clock") {
  SlaPolicy policy = TestPolicy();
  policy.next_response_mode = NextResponseMode::kBetweenUpdates;
  const BusinessHours hours = BusinessHours::AlwaysOpen();
  History history(kMonday);
  history.Agent(kMonday + 30min).Agent(kMonday + 60min);
  const auto clocks = history.Clocks(policy, hours);
  const ClockStatus next = Get(clocks, SlaMetric::kNextResponse);
  CHECK(next.cycle == 2);
  CHECK(next.due_time == kMonday + 180min);
  history.Become(kMonday + 90min, State::kSolved).Become(kMonday + 100min, State::kOpen);
  const ClockStatus again = Get(history.Clocks(policy, hours), SlaMetric::kNextResponse);
  CHECK(again.cycle == 3);
  CHECK(again.due_time == kMonday + 220min);
}

TEST_CASE("frappe 1554: a pause moves the due time") {
  const SlaPolicy policy = TestPolicy();
  const BusinessHours hours = HoursOf(WithLunch());
  History history(kMonday);
  const Time due = *Get(history.Clocks(policy, hours), SlaMetric::kResolution).due_time;
  CHECK(due == At("2026-11-24 12:00"));
  history.Become(kMonday + 1h, State::kPendingCustomer);
  const ClockStatus paused = Get(history.Clocks(policy, hours), SlaMetric::kResolution);
  CHECK_FALSE(paused.running);
  CHECK_FALSE(paused.due_time.has_value());
  // 11:00 to 15:00: three working hours.
  history.Become(kMonday + 5h, State::kOpen);
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kResolution).due_time == At("2026-11-24 16:00"));
  // Waiting for another department is no pause unless the policy says so.
  history.Become(kMonday + 6h, State::kPendingInternal);
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kResolution).due_time == At("2026-11-24 16:00"));
}

TEST_CASE("a reopened ticket goes on with what was left and does not breach at once") {
  const SlaPolicy policy = TestPolicy();
  const BusinessHours hours = BusinessHours::AlwaysOpen();
  History history(kMonday);
  history.Agent(kMonday + 30min).Become(kMonday + 540min, State::kSolved);
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kResolution).met_time == kMonday + 540min);
  const Time back = kMonday + 24h * 7;
  history.Customer(back, State::kOpen);
  const auto clocks = history.Clocks(policy, hours);
  const ClockStatus resolution = Get(clocks, SlaMetric::kResolution);
  CHECK_FALSE(resolution.met_time.has_value());
  CHECK_FALSE(resolution.breach_time.has_value());
  CHECK(resolution.due_time == back + 60min);
  CHECK(Get(clocks, SlaMetric::kNextResponse).due_time == back + 120min);
}

TEST_CASE("what is due when the day's work ends is late in the evening, not only the next morning") {
  const SlaPolicy policy = TestPolicy();
  const BusinessHours hours = HoursOf(WithLunch());
  const Time due = At("2026-11-23 18:00");
  History history(At("2026-11-23 17:00"));
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kFirstResponse).due_time == due);
  CHECK_FALSE(Get(history.Clocks(policy, hours, due), SlaMetric::kFirstResponse).breach_time.has_value());
  history.Agent(due + 1h);
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kFirstResponse).breach_time == due);
}

TEST_CASE("solving ends a next response that nobody waits for") {
  const SlaPolicy policy = TestPolicy();
  const BusinessHours hours = BusinessHours::AlwaysOpen();
  History history(kMonday);
  history.Agent(kMonday + 5min).Customer(kMonday + 10min).Become(kMonday + 20min, State::kSolved);
  const ClockStatus ended = Get(history.Clocks(policy, hours, kMonday + 240h), SlaMetric::kNextResponse);
  CHECK(ended.ended);
  CHECK_FALSE(ended.breach_time.has_value());
}

TEST_CASE("a ticket that begins with what an agent said owes no first response") {
  const SlaPolicy policy = TestPolicy();
  History history(kMonday, AuthorKind::kAgent, MessageKind::kReply);
  CHECK_FALSE(Find(history.Clocks(policy, BusinessHours::AlwaysOpen()), SlaMetric::kFirstResponse).has_value());
  History noted(kMonday, AuthorKind::kAgent, MessageKind::kInternalNote);
  CHECK(Find(noted.Clocks(policy, BusinessHours::AlwaysOpen()), SlaMetric::kFirstResponse).has_value());
}

TEST_CASE("another priority brings its own target, and breaches no earlier than it was set") {
  SlaPolicy policy = TestPolicy();
  policy.priority_targets[TicketPriority::kUrgent] = {.first_response = 15min, .resolution = 60min};
  const BusinessHours hours = BusinessHours::AlwaysOpen();
  History history(kMonday);
  history.Priority(kMonday + 5min, TicketPriority::kUrgent);
  CHECK(Get(history.Clocks(policy, hours), SlaMetric::kFirstResponse).due_time == kMonday + 15min);
  History late(kMonday);
  late.Priority(kMonday + 40min, TicketPriority::kUrgent);
  CHECK(Get(late.Clocks(policy, hours), SlaMetric::kFirstResponse).breach_time == kMonday + 40min);
  // What was breached stays so.
  late.Priority(kMonday + 45min, TicketPriority::kNormal);
  CHECK(Get(late.Clocks(policy, hours), SlaMetric::kFirstResponse).breach_time == kMonday + 40min);
}

TEST_CASE("the warning comes when its share of the target is used, and the target itself is in time") {
  const SlaPolicy policy = TestPolicy();
  History history(kMonday);
  const ClockStatus first = Get(history.Clocks(policy, BusinessHours::AlwaysOpen()), SlaMetric::kFirstResponse);
  CHECK(first.warn_time == kMonday + 48min);
  history.Agent(kMonday + 60min);
  CHECK_FALSE(
      Get(history.Clocks(policy, BusinessHours::AlwaysOpen()), SlaMetric::kFirstResponse).breach_time.has_value());
}

// A history of up to twelve facts at whole minutes.
History AnyHistory() {
  Time now = kMonday + std::chrono::minutes(*rc::gen::inRange(0, 10'000));
  History history(now);
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    now += std::chrono::minutes(*rc::gen::inRange(0, 2000));
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        history.Customer(now);
        break;
      case 1:
        history.Agent(now);
        break;
      case 2:
        history.Note(now);
        break;
      default:
        history.Become(now, *rc::gen::element(State::kOpen, State::kPendingCustomer, State::kPendingInternal,
                                              State::kOnHold, State::kSolved));
    }
  }
  return history;
}
BusinessHours AnyHours() { return *rc::gen::arbitrary<bool>() ? HoursOf(WithLunch()) : BusinessHours::AlwaysOpen(); }
SlaPolicy AnyPolicy() {
  SlaPolicy policy = TestPolicy();
  policy.next_response_mode = *rc::gen::element(NextResponseMode::kToAnswer, NextResponseMode::kBetweenUpdates);
  policy.public_note_answers = *rc::gen::arbitrary<bool>();
  return policy;
}

TEST_CASE("an open firm's due time is the plain sum") {
  CHECK(rc::check([] {
    const Time begin = kMonday + std::chrono::minutes(*rc::gen::inRange(0, 100'000));
    for (const ClockStatus& clock : History(begin).Clocks(AnyPolicy(), BusinessHours::AlwaysOpen())) {
      RC_ASSERT(clock.due_time == begin + clock.target);
    }
  }));
}

TEST_CASE("a pause moves the due time by exactly its working time") {
  CHECK(rc::check([] {
    const SlaPolicy policy = AnyPolicy();
    const BusinessHours hours = AnyHours();
    const Time begin = kMonday + std::chrono::minutes(*rc::gen::inRange(0, 10'000));
    const Time pause = begin + std::chrono::minutes(*rc::gen::inRange(0, 55));
    const Time resume = pause + std::chrono::minutes(*rc::gen::inRange(0, 5000));
    History history(begin);
    const auto before = history.Clocks(policy, hours);
    history.Become(pause, *rc::gen::element(State::kPendingCustomer, State::kOnHold)).Become(resume, State::kOpen);
    const auto after = history.Clocks(policy, hours);
    RC_ASSERT(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      RC_ASSERT(hours.Between(*before[i].due_time, *after[i].due_time) == hours.Between(pause, resume));
    }
  }));
}

TEST_CASE("a due time never moves backwards, whatever happens later") {
  CHECK(rc::check([] {
    const SlaPolicy policy = AnyPolicy();
    const BusinessHours hours = AnyHours();
    const History history = AnyHistory();
    SlaClocks clocks(policy, hours);
    std::map<std::pair<SlaMetric, int>, Time> due;
    for (const SlaFact& fact : history.facts()) {
      clocks.Apply(fact);
      for (const ClockStatus& clock : clocks.StatusAt(fact.time)) {
        if (!clock.due_time) continue;
        Time& last = due.try_emplace({clock.metric, clock.cycle}, *clock.due_time).first->second;
        // A moment between two spans and the beginning of the next are the same working time.
        RC_ASSERT(*clock.due_time >= last || hours.Between(*clock.due_time, last) == Duration(0));
        last = *clock.due_time;
      }
    }
  }));
}

TEST_CASE("an internal note changes nothing") {
  CHECK(rc::check([] {
    const SlaPolicy policy = AnyPolicy();
    const BusinessHours hours = AnyHours();
    const History history = AnyHistory();
    std::vector<SlaFact> without;
    for (const SlaFact& fact : history.facts()) {
      if (fact.message != MessageKind::kInternalNote) without.push_back(fact);
    }
    const Time as_of = history.facts().back().time + 1h;
    const auto a = ReckonClocks(policy, hours, history.facts(), as_of);
    const auto b = ReckonClocks(policy, hours, without, as_of);
    RC_ASSERT(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      RC_ASSERT(a[i].due_time == b[i].due_time);
      RC_ASSERT(a[i].met_time == b[i].met_time);
      RC_ASSERT(a[i].breach_time == b[i].breach_time);
      RC_ASSERT(a[i].used == b[i].used);
    }
  }));
}

TEST_CASE("asking meanwhile changes nothing, and the stretches add up") {
  CHECK(rc::check([] {
    const SlaPolicy policy = AnyPolicy();
    const BusinessHours hours = AnyHours();
    const History history = AnyHistory();
    SlaClocks asked(policy, hours);
    for (const SlaFact& fact : history.facts()) {
      asked.Apply(fact);
      asked.StatusAt(fact.time + 400h);
    }
    const Time as_of = history.facts().back().time + std::chrono::minutes(*rc::gen::inRange(0, 5000));
    RC_ASSERT(asked.StatusAt(as_of) == ReckonClocks(policy, hours, history.facts(), as_of));
    for (const ClockStatus& clock : asked.StatusAt(as_of)) {
      Duration counted{0};
      Time at = clock.start_time;
      for (const ClockStretch& stretch : clock.stretches) {
        RC_ASSERT(stretch.span.begin == at);
        at = stretch.span.end;
        RC_ASSERT(stretch.counted == (stretch.running ? hours.Between(stretch.span.begin, stretch.span.end) : 0us));
        counted += stretch.counted;
      }
      RC_ASSERT(counted == clock.used);
      if (clock.used > clock.target) RC_ASSERT(clock.breach_time.has_value());
      if (clock.breach_time) RC_ASSERT(clock.used >= clock.target);
    }
  }));
}

}  // namespace
}  // namespace esnaf::support
