// Goal: a ticket's times are those of its trail, in working time and by the wall clock.
#include "services/support/reports/ticket_times.h"

#include <rapidcheck.h>

#include "services/support/sla/test_hours.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::At;
using testing::HoursOf;
using testing::WithLunch;

PastTicket Asked(Time at) {
  return {.facts = {{at, AuthorKind::kCustomer, MessageKind::kReply, TicketState::kNew, TicketPriority::kNormal}}};
}
void Add(PastTicket& ticket, Time at, AuthorKind author, std::optional<MessageKind> message, TicketState state) {
  ticket.facts.push_back({at, author, message, state, TicketPriority::kNormal});
}

TEST_CASE("working time leaves out nights, lunch and pauses; the wall clock leaves out nothing") {
  const BusinessHours hours = HoursOf(WithLunch());
  PastTicket ticket = Asked(At("2026-11-23 17:30"));
  Add(ticket, At("2026-11-24 09:30"), AuthorKind::kAgent, MessageKind::kReply, TicketState::kPendingCustomer);
  Add(ticket, At("2026-11-24 11:30"), AuthorKind::kCustomer, MessageKind::kReply, TicketState::kOpen);
  Add(ticket, At("2026-11-24 13:30"), AuthorKind::kAgent, MessageKind::kReply, TicketState::kOpen);
  Add(ticket, At("2026-11-24 14:00"), AuthorKind::kAgent, {}, TicketState::kSolved);
  const TicketTimes times = ReckonTimes({}, hours, ticket, At("2026-12-01 09:00"));
  CHECK(times.first_response == Elapsed{16h, 1h});
  REQUIRE(times.next_responses.size() == 1);
  CHECK(times.next_responses[0] == Elapsed{2h, 1h});
  // 17:30 to 18:00, 9:00 to 9:30, 11:30 to 12:00, 13:00 to 14:00.
  CHECK(times.resolution == Elapsed{20h + 30min, 2h + 30min});
  CHECK(times.solved);
  CHECK_FALSE(times.reopened);
  CHECK(times.agent_replies == 2);
  CHECK_FALSE(times.IsOneTouch());
}

TEST_CASE("one answer that solves is one touch until the customer comes back") {
  PastTicket ticket = Asked(At("2026-11-23 10:00"));
  Add(ticket, At("2026-11-23 10:30"), AuthorKind::kAgent, MessageKind::kReply, TicketState::kOpen);
  Add(ticket, At("2026-11-23 10:30"), AuthorKind::kAgent, {}, TicketState::kSolved);
  const BusinessHours always = BusinessHours::AlwaysOpen();
  CHECK(ReckonTimes({}, always, ticket, At("2026-11-24 10:00")).IsOneTouch());
  Add(ticket, At("2026-11-23 12:00"), AuthorKind::kCustomer, MessageKind::kReply, TicketState::kOpen);
  const TicketTimes back = ReckonTimes({}, always, ticket, At("2026-11-24 10:00"));
  CHECK_FALSE(back.solved);
  CHECK(back.reopened);
  CHECK_FALSE(back.resolution.has_value());
  Add(ticket, At("2026-11-23 13:00"), AuthorKind::kAgent, {}, TicketState::kClosed);
  // The time in which it was solved does not count as work, but the customer waited through it.
  CHECK(ReckonTimes({}, always, ticket, At("2026-11-24 10:00")).resolution == Elapsed{3h, 1h + 30min});
}

TEST_CASE("an internal note is no answer") {
  PastTicket ticket = Asked(At("2026-11-23 10:00"));
  Add(ticket, At("2026-11-23 10:30"), AuthorKind::kAgent, MessageKind::kInternalNote, TicketState::kOpen);
  const TicketTimes times = ReckonTimes({}, BusinessHours::AlwaysOpen(), ticket, At("2026-11-24 10:00"));
  CHECK_FALSE(times.first_response.has_value());
  CHECK(times.agent_replies == 0);
}

TEST_CASE("a percentile is one of the values, and so many are not above it") {
  CHECK_FALSE(Percentile({}, 50).has_value());
  CHECK(Percentile({3us, 1us, 2us}, 50) == 2us);
  CHECK(Percentile({1us, 2us}, 50) == 1us);
  CHECK(Percentile({10us, 9us, 8us, 7us, 6us, 5us, 4us, 3us, 2us, 1us}, 90) == 9us);
  CHECK(rc::check([] {
    std::vector<Duration> values;
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) values.emplace_back(*rc::gen::inRange(0, 50));
    const int percent = *rc::gen::inRange(1, 101);
    const Duration found = *Percentile(values, percent);
    const auto count = [&](auto&& holds) {
      return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), holds));
    };
    RC_ASSERT(count([&](Duration value) { return value == found; }) > 0);
    RC_ASSERT(count([&](Duration value) { return value <= found; }) * 100 >= values.size() * percent);
    RC_ASSERT(count([&](Duration value) { return value < found; }) * 100 < values.size() * percent);
  }));
}

}  // namespace
}  // namespace esnaf::support
