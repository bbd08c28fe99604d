// Goal: a back-test says what another policy would have changed, and nothing where it changes nothing.
#include "services/support/sla/sla_backtest.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

const Time kMonday = *ParseRfc3339("2026-11-22T21:00:00Z");

SlaPolicy Policy(const std::string& id, int position, std::chrono::minutes first, std::chrono::minutes resolution) {
  return {.id = id, .position = position, .targets = {.first_response = first, .resolution = resolution}};
}

// Asked at the time, answered and solved so many minutes later.
PastTicket Ticket(Time begin, int answered, int solved, TicketPriority priority = TicketPriority::kNormal) {
  PastTicket ticket{.id = Uuid::NewV7(begin), .number = 1, .subject = {.priority = priority, .team = "depo"}};
  ticket.facts = {
      {begin, AuthorKind::kCustomer, MessageKind::kReply, TicketState::kNew, priority},
      {begin + std::chrono::minutes(answered), AuthorKind::kAgent, MessageKind::kReply, TicketState::kOpen, priority},
      {begin + std::chrono::minutes(answered + solved), AuthorKind::kAgent, {}, TicketState::kSolved, priority}};
  return ticket;
}

TEST_CASE("breaches are counted now and under the draft, and the tickets that differ are named") {
  SlaBook book;
  book.policies = {Policy("general", 10, 60min, 600min)};
  ESNAF_REQUIRE_VALUE(const SlaBook draft, book.With(Policy("general", 10, 20min, 600min)));
  SlaBacktest test(book, draft, "general", kMonday + 48h, 10);
  test.Add(Ticket(kMonday, 10, 30));
  const PastTicket late = Ticket(kMonday, 40, 30, TicketPriority::kHigh);
  test.Add(late);
  test.Add(Ticket(kMonday, 100, 1000));
  CHECK(test.tickets() == 3);
  CHECK(test.draft_tickets() == 3);
  CHECK(test.new_breaches() == 1);
  CHECK(test.avoided_breaches() == 0);
  REQUIRE(test.changes().size() == 1);
  CHECK(test.changes()[0].ticket_id == late.id);
  CHECK_FALSE(test.changes()[0].breach_time.has_value());
  CHECK(test.changes()[0].draft_breach_time == kMonday + 20min);
  const BacktestRow& high = test.rows().at({SlaMetric::kFirstResponse, TicketPriority::kHigh});
  CHECK(high.now == BreachCounts{1, 0});
  CHECK(high.draft == BreachCounts{1, 1});
  CHECK(test.rows().at({SlaMetric::kResolution, TicketPriority::kNormal}).now == BreachCounts{2, 1});
}

TEST_CASE("a draft with a condition of its own takes only the tickets that fit, in its place of the order") {
  SlaBook book;
  book.policies = {Policy("general", 10, 60min, 600min)};
  SlaPolicy vip = Policy("vip", 5, 1min, 600min);
  vip.condition.teams = {"vip"};
  ESNAF_REQUIRE_VALUE(const SlaBook draft, book.With(vip));
  REQUIRE(draft.policies.size() == 2);
  CHECK(draft.policies[0].id == "vip");
  SlaBacktest test(book, draft, "vip", kMonday + 48h, 10);
  test.Add(Ticket(kMonday, 10, 30));
  PastTicket fits = Ticket(kMonday, 10, 30);
  fits.subject.team = "vip";
  test.Add(fits);
  CHECK(test.tickets() == 2);
  CHECK(test.draft_tickets() == 1);
  CHECK(test.new_breaches() == 1);
  vip.calendar_id = "atlantis";
  CHECK_STATUS_IS(book.With(vip).status(), absl::StatusCode::kInvalidArgument, "calendar_id");
}

TEST_CASE("the policy as it is changes nothing, and a shorter target never breaches less") {
  CHECK(rc::check([] {
    SlaBook book;
    const auto first = std::chrono::minutes(*rc::gen::inRange(1, 300));
    const auto resolution = std::chrono::minutes(*rc::gen::inRange(1, 3000));
    book.policies = {Policy("general", 10, first, resolution)};
    const SlaBook same = book.With(book.policies[0]).value();
    const auto shorter = std::chrono::minutes(*rc::gen::inRange(1, static_cast<int>(first.count()) + 1));
    const SlaBook strict = book.With(Policy("general", 10, shorter, resolution)).value();
    SlaBacktest unchanged(book, same, "general", kMonday + 480h, 5),
        stricter(book, strict, "general", kMonday + 480h, 5);
    for (int i = *rc::gen::inRange(0, 20); i > 0; --i) {
      const PastTicket ticket = Ticket(kMonday, *rc::gen::inRange(0, 400), *rc::gen::inRange(0, 4000));
      unchanged.Add(ticket);
      stricter.Add(ticket);
    }
    RC_ASSERT(unchanged.new_breaches() == 0);
    RC_ASSERT(unchanged.avoided_breaches() == 0);
    for (const auto& [key, row] : unchanged.rows()) RC_ASSERT(row.now == row.draft);
    RC_ASSERT(stricter.avoided_breaches() == 0);
    RC_ASSERT(stricter.changes().size() == std::min<std::size_t>(5, stricter.new_breaches()));
  }));
}

}  // namespace
}  // namespace esnaf::support
