// Goal: worth, the risk of losing the customer and priority move a waiting ticket forward by times that can be told,
// and nothing else moves it.
#include "services/support/queue/queue_rank.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");
const Currency kLira = Currency::Parse("TRY").value();
const QueueSettings kSettings;

WaitingTicket Waiting(std::int64_t number, std::optional<Time> due, std::optional<Standing> standing = {}) {
  return {.id = Uuid::FromName("ticket", absl::StrCat(number)),
          .number = number,
          .due_time = due,
          .create_time = kNow,
          .standing = std::move(standing)};
}

std::string Numbers(const std::vector<WaitingTicket>& tickets, const QueueSettings& settings = kSettings) {
  std::string numbers;
  for (const QueueRank& rank : RankQueue(tickets, settings)) {
    for (const WaitingTicket& ticket : tickets) {
      if (ticket.id == rank.ticket_id) absl::StrAppend(&numbers, ticket.number, " ");
    }
  }
  return numbers;
}

TEST_CASE("a valuable customer who is about to leave comes before who is due a little earlier, and it is told why") {
  const WaitingTicket plain = Waiting(1, kNow + 2h);
  // 3000.00 over a reference of 1000.00 are log2(4) = 2 units.
  const WaitingTicket champion = Waiting(2, kNow + 6h, Standing{300000, kLira, 0.25});
  CHECK(Numbers({plain, champion}) == "2 1 ");
  const QueueRank rank = RankOf(champion, kSettings);
  CHECK(rank.worth == 2);
  CHECK(rank.value_lead == 4h);
  CHECK(rank.churn_lead == 1h);
  CHECK(rank.priority_lead == 0s);
  CHECK(rank.counted_due_time == kNow + 1h);
  CHECK(rank.has_deadline);
  QueueSettings blind = kSettings;
  blind.value_lead = blind.churn_lead = 0min;
  CHECK(Numbers({plain, champion}, blind) == "1 2 ");
}

TEST_CASE("a value in another currency, a loss and nothing known are worth nothing") {
  CHECK(UnitsOfWorth({300000, Currency::Parse("EUR").value(), {}}, kSettings.reference_value) == 0);
  CHECK(UnitsOfWorth({-300000, kLira, {}}, kSettings.reference_value) == 0);
  CHECK(UnitsOfWorth({}, kSettings.reference_value) == 0);
  CHECK(UnitsOfWorth({std::numeric_limits<std::int64_t>::max(), kLira, {}}, kSettings.reference_value) == 10);
}

TEST_CASE("a ticket that is promised nothing counts from its creation, a low one later and an urgent one earlier") {
  WaitingTicket low = Waiting(1, {}), normal = Waiting(2, {}), urgent = Waiting(3, {});
  low.priority = TicketPriority::kLow;
  urgent.priority = TicketPriority::kUrgent;
  CHECK(Numbers({low, normal, urgent}) == "3 2 1 ");
  const QueueRank rank = RankOf(urgent, kSettings);
  CHECK_FALSE(rank.has_deadline);
  CHECK(rank.due_time == kNow + 72h);
  CHECK(rank.counted_due_time == kNow + 56h);
}

TEST_CASE("settings beyond their bounds are told by their names") {
  QueueSettings settings = kSettings;
  settings.value_lead = -1min;
  settings.without_deadline = 0min;
  settings.reference_value.minor = 0;
  FieldViolations violations;
  CheckQueueSettings(settings, "settings", violations);
  std::string fields;
  for (const auto& [field, description] : ErrorFields(violations.ToStatus())) fields += field + ";";
  CHECK(fields == "settings.value_lead_minutes;settings.without_deadline_minutes;settings.reference_value;");
}

Standing AnyStanding() {
  return {*rc::gen::inRange<std::int64_t>(-1000, 100000000), kLira, *rc::gen::inRange(0, 101) / 100.0};
}

TEST_CASE("who is worth more, more at risk or of a higher priority never comes later for it") {
  CHECK(rc::check([] {
    WaitingTicket ticket = Waiting(1, kNow + std::chrono::minutes(*rc::gen::inRange(-10000, 10000)), AnyStanding());
    const Time before = RankOf(ticket, kSettings).counted_due_time;
    WaitingTicket more = ticket;
    more.standing->clv_minor += *rc::gen::inRange(0, 1000000);
    more.standing->churn_probability =
        std::min(1.0, *more.standing->churn_probability + *rc::gen::inRange(0, 101) / 100.0);
    more.priority = static_cast<TicketPriority>(*rc::gen::inRange(2, 5));
    RC_ASSERT(RankOf(more, kSettings).counted_due_time <= before);
  }));
}

TEST_CASE("the queue is a permutation in the order of what is told, whatever order it came in") {
  CHECK(rc::check([] {
    std::vector<WaitingTicket> tickets;
    for (int i = 0; i < *rc::gen::inRange(0, 30); ++i) {
      tickets.push_back(Waiting(i, kNow + std::chrono::hours(*rc::gen::inRange(0, 5)), AnyStanding()));
    }
    const std::vector<QueueRank> queue = RankQueue(tickets, kSettings);
    RC_ASSERT(queue.size() == tickets.size());
    for (const QueueRank& rank : queue) {
      RC_ASSERT(rank.counted_due_time + rank.value_lead + rank.churn_lead + rank.priority_lead == rank.due_time);
    }
    for (std::size_t i = 1; i < queue.size(); ++i) {
      RC_ASSERT(queue[i - 1].counted_due_time <= queue[i].counted_due_time);
    }
    std::reverse(tickets.begin(), tickets.end());
    const std::vector<QueueRank> again = RankQueue(tickets, kSettings);
    for (std::size_t i = 0; i < queue.size(); ++i) RC_ASSERT(again[i].ticket_id == queue[i].ticket_id);
  }));
}

}  // namespace
}  // namespace esnaf::support
