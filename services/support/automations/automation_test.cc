// Goal: what happens with a ticket is seen as what it is, and automations never run in circles.
#include "services/support/automations/automation.h"

#include <rapidcheck.h>

#include <deque>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using Event = AutomationEvent;
using Events = std::set<AutomationEvent>;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");

TicketEvent Entry(std::string kind, std::map<std::string, std::string> details = {}) {
  return {.sequence = 2, .kind = std::move(kind), .time = kNow, .details = std::move(details)};
}
Automation Named(const std::string& id) {
  Automation automation;
  automation.id = id;
  automation.version = 3;
  return automation;
}

TEST_CASE("an entry of the trail is what happened", "[unit]") {
  TicketEvent created = Entry("created");
  created.sequence = 1;
  created.message_kind = MessageKind::kReply;
  CHECK(HappeningOf(created, "Merhaba").events == Events{Event::kCreated});

  TicketEvent reply = Entry("message", {{"from", "SOLVED"}});
  reply.author = AuthorKind::kCustomer;
  reply.message_kind = MessageKind::kReply;
  const AutomationHappening reopened = HappeningOf(reply, "Hâlâ gelmedi");
  CHECK(reopened.events == Events{Event::kCustomerMessage, Event::kStateChanged});
  CHECK(reopened.facts.previous_state == "SOLVED");
  CHECK(reopened.facts.message_text == "Hâlâ gelmedi");

  TicketEvent note = Entry("message");
  note.message_kind = MessageKind::kInternalNote;
  CHECK(HappeningOf(note, "x").events == Events{Event::kNote});
  CHECK(HappeningOf(Entry("state", {{"from", "OPEN"}}), {}).events == Events{Event::kStateChanged});
  CHECK(HappeningOf(Entry("updated", {{"fields", "tags"}}), {}).events == Events{Event::kTagsChanged});
  CHECK(HappeningOf(Entry("updated", {{"fields", "type,tags"}}), {}).events ==
        Events{Event::kTagsChanged, Event::kUpdated});
  CHECK(HappeningOf(Entry("linked"), {}).events.empty());
  const AutomationHappening pressed = HappeningOf(Entry("priority", {{"from", "LOW"}}), {});
  CHECK(pressed.events == Events{Event::kPriorityChanged});
  CHECK(pressed.facts.previous_priority == "LOW");
  CHECK_FALSE(pressed.facts.previous_state);
}

TEST_CASE("a chain tells whose doing led to an event", "[unit]") {
  const auto details = ChainDetails(Named("second"), {"first"});
  CHECK(HappeningOf(Entry("updated", details), {}).chain == std::vector<std::string>{"first", "second"});
  CHECK(details.at("automation_etag") == "3");
  CHECK(HappeningOf(Entry("updated"), {}).chain.empty());
}

TEST_CASE("what would run in a circle is stopped, with the reason", "[unit]") {
  CHECK(StopReason({}, "a", 0).empty());
  CHECK(StopReason({"b"}, "a", kMostAnHour - 1).empty());
  CHECK(StopReason({"b", "a", "c"}, "a", 0) == "CHAIN_REPEATED");
  CHECK(StopReason({"b", "c", "d", "e", "f"}, "a", 0) == "CHAIN_TOO_LONG");
  CHECK(StopReason({}, "a", kMostAnHour) == "TICKET_RATE");
}

TEST_CASE("whatever automations set off, one event leads to so many and no more", "[unit]") {
  // Each sees everything that any does, which is the worst that can be set up.
  CHECK(rc::check("chains end", [] {
    const int count = *rc::gen::inRange(1, 8);
    std::deque<std::vector<std::string>> chains{{}};
    int acted = 0;
    while (!chains.empty()) {
      const std::vector<std::string> chain = chains.front();
      chains.pop_front();
      for (int i = 0; i < count; ++i) {
        const Automation automation = Named(std::string(1, static_cast<char>('a' + i)));
        if (!StopReason(chain, automation.id, acted).empty()) continue;
        ++acted;
        chains.push_back(HappeningOf(Entry("updated", ChainDetails(automation, chain)), {}).chain);
        RC_ASSERT(chains.back().size() <= kMostInChain);
        const std::set<std::string> once(chains.back().begin(), chains.back().end());
        RC_ASSERT(once.size() == chains.back().size());
      }
    }
    RC_ASSERT(acted <= kMostAnHour);
  }));
}

TEST_CASE("all of one list must hold, and one of the other", "[unit]") {
  Automation automation = Named("a");
  automation.all.push_back(*Condition::Parse("store_id = tr"));
  automation.any.push_back(*Condition::Parse("tags:vip"));
  automation.any.push_back(*Condition::Parse("priority = URGENT"));
  AutomationFacts facts{.ticket = {}, .now = kNow, .event = {}, .times = {}, .standing = {}};
  facts.ticket.store_id = "tr";
  CHECK_FALSE(Judge(automation, facts).holds);
  facts.ticket.priority = TicketPriority::kUrgent;
  const Judgement judgement = Judge(automation, facts);
  CHECK(judgement.holds);
  REQUIRE(judgement.conditions.size() == 3);
  CHECK_FALSE(judgement.conditions[1].holds);
  CHECK(judgement.conditions[1].any);
  facts.ticket.store_id = "de";
  CHECK_FALSE(Judge(automation, facts).holds);
}

TEST_CASE("the clock of a state begins anew with the state, and that of changes not with automations'", "[unit]") {
  TrailTimes times;
  TicketEvent entry = Entry("created");
  entry.sequence = 1;
  FollowTrail(entry, times);
  CHECK(times.state_time == kNow);
  entry = Entry("priority", {{"from", "LOW"}});
  entry.time = kNow + 1h;
  FollowTrail(entry, times);
  CHECK(times.state_time == kNow);
  CHECK(times.touch_time == kNow + 1h);
  entry = Entry("state", {{"from", "NEW"}});
  entry.time = kNow + 2h;
  entry.actor = AutomationActor("a");
  FollowTrail(entry, times);
  CHECK(times.state_time == kNow + 2h);
  CHECK(times.touch_time == kNow + 1h);
  CHECK(ClockStart(AutomationClock::kState, {}, times) == kNow + 2h);
  CHECK_FALSE(ClockStart(AutomationClock::kCustomerMessage, {}, times));
}

}  // namespace
}  // namespace esnaf::support
