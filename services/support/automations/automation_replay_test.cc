// Goal: a dry run says what would have happened when, of events and of timers.
#include "services/support/automations/automation_replay.h"

#include <rapidcheck.h>

#include "libs/api/convert.h"
#include "libs/testing/catch.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

const Time kStart = *ParseRfc3339("2026-11-23T07:00:00Z");
const std::map<std::string, BusinessHours> kNoCalendars;

// A ticket whose trail is written as it goes.
struct PastTicket {
  explicit PastTicket(int number = 1) {
    ticket.id = Uuid::FromName("test", std::to_string(number));
    ticket.number = number;
    ticket.subject = "Kargo";
    ticket.create_time = kStart;
  }
  AutomationNotice Enter(TicketState state, Time time, std::vector<std::string> chain = {}) {
    TicketEvent event =
        PlainEvent(ticket, {AuthorKind::kAgent, "user:ayse"}, ticket.version == 0 ? "created" : "state");
    if (ticket.version > 0) event.details["from"] = std::string(StateName(ticket.state));
    ticket.state = state;
    event.time = time;
    event.sequence = ++ticket.version;
    AutomationNotice notice;
    notice.ticket_id = ticket.id;
    notice.happening = HappeningOf(event, {});
    notice.happening.chain = std::move(chain);
    notice.ticket = TicketToProto(ticket);
    notice.event = event;
    return notice;
  }
  Ticket ticket;
};

Automation OnState(const std::string& condition) {
  Automation automation;
  automation.id = "on_state";
  automation.events = {AutomationEvent::kStateChanged};
  automation.all.push_back(*Condition::Parse(condition));
  return automation;
}
Automation After(std::chrono::hours after, const std::string& condition) {
  Automation automation;
  automation.id = "after";
  automation.timer = AutomationTimer{AutomationClock::kState, after, ""};
  automation.all.push_back(*Condition::Parse(condition));
  return automation;
}
std::vector<Time> Times(std::vector<v1::AutomationRun> runs) {
  std::vector<Time> times;
  for (const v1::AutomationRun& run : runs) times.push_back(*api::FromProto(run.run_time(), "run_time"));
  return times;
}

TEST_CASE("events fire where their conditions held then", "[unit]") {
  AutomationReplay replay({OnState("state = SOLVED")}, kNoCalendars, {});
  PastTicket past;
  replay.Follow(past.Enter(TicketState::kNew, kStart), kStart, {});
  replay.Follow(past.Enter(TicketState::kSolved, kStart + 1h), kStart + 1h, {});
  replay.Follow(past.Enter(TicketState::kOpen, kStart + 2h), kStart + 2h, {});
  CHECK(replay.event_count() == 3);
  CHECK(Times(replay.TakeRuns()) == std::vector<Time>{kStart + 1h});
}

TEST_CASE("what an automation led to itself does not fire it again", "[unit]") {
  AutomationReplay replay({OnState("number = 1")}, kNoCalendars, {.tell_not_met = true});
  PastTicket past;
  replay.Follow(past.Enter(TicketState::kNew, kStart), kStart, {});
  replay.Follow(past.Enter(TicketState::kOpen, kStart + 1h, {"on_state"}), kStart + 1h, {});
  CHECK(replay.fired_count() == 0);
  const auto runs = replay.TakeRuns();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].reason() == "CHAIN_REPEATED");
}

TEST_CASE("a timer fires once for each time that a state is entered, and not where it was left before", "[unit]") {
  AutomationReplay replay({After(24h, "state = PENDING_CUSTOMER")}, kNoCalendars, {});
  PastTicket past;
  replay.Follow(past.Enter(TicketState::kNew, kStart), kStart, {});
  replay.Follow(past.Enter(TicketState::kPendingCustomer, kStart + 1h), kStart + 1h, {});
  replay.Follow(past.Enter(TicketState::kOpen, kStart + 20h), kStart + 20h, {});
  replay.Follow(past.Enter(TicketState::kPendingCustomer, kStart + 30h), kStart + 30h, {});
  replay.Follow(past.Enter(TicketState::kOpen, kStart + 80h), kStart + 80h, {});
  replay.Follow(past.Enter(TicketState::kPendingCustomer, kStart + 90h), kStart + 90h, {});
  replay.RunUntil(kStart + 200h);
  CHECK(Times(replay.TakeRuns()) == std::vector<Time>{kStart + 54h, kStart + 114h});
}

TEST_CASE("the earliest are told where they are too many", "[unit]") {
  AutomationReplay replay({OnState("number > 0")}, kNoCalendars, {.tell_not_met = false, .most_runs = 2});
  PastTicket past;
  replay.Follow(past.Enter(TicketState::kNew, kStart), kStart, {});
  for (int i = 1; i <= 9; ++i) {
    replay.Follow(past.Enter(i % 2 == 0 ? TicketState::kNew : TicketState::kOpen, kStart + i * 1h), kStart + i * 1h,
                  {});
  }
  CHECK(replay.fired_count() == 9);
  CHECK(Times(replay.TakeRuns()) == std::vector<Time>{kStart + 1h, kStart + 2h});
}

TEST_CASE("tickets do not meet in a replay", "[unit]") {
  // What all tickets' events together come to is what each ticket's do alone.
  CHECK(rc::check("one by one as all together", [] {
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(1, 4), rc::gen::inRange(1, 7)));
    const std::vector<Automation> automations{OnState("state = SOLVED"), After(3h, "state = PENDING_CUSTOMER")};
    AutomationReplay together(automations, kNoCalendars, {});
    std::map<int, AutomationReplay> alone;
    std::map<int, PastTicket> tickets;
    Time now = kStart;
    for (const auto& [number, state] : steps) {
      now += 1h;
      auto& past = tickets.try_emplace(number, number).first->second;
      auto& own = alone.try_emplace(number, automations, kNoCalendars, ReplayOptions{}).first->second;
      const AutomationNotice notice = past.Enter(static_cast<TicketState>(state), now);
      together.Follow(notice, now, {});
      own.Follow(notice, now, {});
    }
    together.RunUntil(now + 5h);
    std::int64_t fired = 0;
    for (auto& [number, own] : alone) {
      own.RunUntil(now + 5h);
      fired += own.fired_count();
    }
    RC_ASSERT(together.fired_count() == fired);
  }));
}

}  // namespace
}  // namespace esnaf::support
