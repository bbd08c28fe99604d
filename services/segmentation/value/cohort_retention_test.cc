#include "services/segmentation/value/cohort_retention.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

DayNumber Day(std::string_view date) { return DayNumberOf(ParseDate(date).value()); }
MonthNumber Month(std::string_view first_day) { return MonthOf(Day(first_day)); }
PurchaseDay On(std::string_view date, std::int64_t value = 100) { return {Day(date), 1, value}; }

TEST_CASE("months are those of the calendar") {
  CHECK(Month("1970-01-31") == 0);
  CHECK(Month("1969-12-31") == -1);
  CHECK(Month("2026-03-01") - Month("2025-03-31") == 12);
  CHECK(YearMonthOf(Month("2026-02-28")) == std::chrono::year(2026) / 2);
}

TEST_CASE("cohorts count who bought in each month after the first purchase") {
  RetentionBuilder builder(Day("2026-03-31"));
  builder.Add(PurchaseDays{On("2026-01-05", 1000), On("2026-01-20", 500), On("2026-03-02", 200)});
  builder.Add(PurchaseDays{On("2026-01-31", 300)});
  builder.Add(PurchaseDays{On("2026-02-10", 700), On("2026-03-10", 50), On("2026-04-01", 9)});
  builder.Add(PurchaseDays{On("2026-04-02")});
  const Retention retention = builder.Build(Month("2026-01-01"), Month("2026-03-01"), 45, 3);
  CHECK(retention.customers == 3);
  CHECK(retention.repeat_customers == 2);
  CHECK(retention.lapse_days == 45);
  CHECK(retention.median_gap_days == 28);
  REQUIRE(retention.cohorts.size() == 3);
  CHECK(retention.cohorts[0] == Cohort{.month = Month("2026-01-01"),
                                       .customers = 2,
                                       .repeat_customers = 1,
                                       .active = {2, 0, 1},
                                       .value_minor = {1800, 0, 200}});
  CHECK(retention.cohorts[1].active == std::vector<std::int64_t>{1, 1});
  CHECK(retention.cohorts[2].customers == 0);
}

TEST_CASE("a customer lapses the day after the lapse days and is won back by a purchase") {
  RetentionBuilder builder(Day("2026-06-30"));
  // Lapses on 2026-02-15, comes back in May, and has not lapsed again by the end of June.
  builder.Add(PurchaseDays{On("2025-12-31"), On("2026-05-20")});
  // Stays: never more than 45 days apart.
  builder.Add(PurchaseDays{On("2026-01-01"), On("2026-02-10"), On("2026-03-20"), On("2026-05-01"), On("2026-06-10")});
  const Retention retention = builder.Build(Month("2026-01-01"), Month("2026-06-01"), 45, 3);
  const auto row = [&](int month) { return retention.months[static_cast<std::size_t>(month - 1)]; };
  CHECK(row(1) == RetentionMonth{.month = Month("2026-01-01"), .buyers = 1, .new_customers = 1, .active_at_start = 1});
  CHECK(row(2) == RetentionMonth{.month = Month("2026-02-01"), .buyers = 1, .active_at_start = 2, .lapsed = 1});
  CHECK(row(2).ChurnRate() == 0.5);
  CHECK_FALSE(row(2).WinBackRate());
  CHECK(row(3).lapsed_at_start == 1);
  CHECK(row(5) ==
        RetentionMonth{
            .month = Month("2026-05-01"), .buyers = 2, .active_at_start = 1, .lapsed_at_start = 1, .won_back = 1});
  CHECK(row(5).WinBackRate() == 1);
  CHECK(row(6).active_at_start == 2);
  CHECK(row(6).lapsed_at_start == 0);
}

TEST_CASE("lapse days follow the median gap where none are given") {
  RetentionBuilder builder(Day("2026-06-30"));
  builder.Add(PurchaseDays{On("2026-01-01"), On("2026-01-21")});
  CHECK(builder.Build(0, 0, 0, 3).lapse_days == 60);
  CHECK(builder.Build(0, 0, 0, 0.5).lapse_days == 30);
  CHECK(RetentionBuilder(0).Build(0, 0, 0, 3).lapse_days == 30);
}

TEST_CASE("who is there at the start of a month is who was there before, and who came, left and came back") {
  REQUIRE(rc::check("the flows add up to the stocks", [] {
    RetentionBuilder builder(800);
    const int people = *rc::gen::inRange(1, 20);
    for (int i = 0; i < people; ++i) {
      const auto offsets = *rc::gen::unique<std::vector<int>>(rc::gen::inRange(0, 800));
      PurchaseDays days;
      for (const int offset : offsets) days.push_back({offset, 1, 1});
      std::sort(days.begin(), days.end(), [](const PurchaseDay& a, const PurchaseDay& b) { return a.day < b.day; });
      builder.Add(days);
    }
    const Retention retention = builder.Build(0, MonthOf(800), *rc::gen::inRange(1, 200), 3);
    for (std::size_t i = 0; i + 1 < retention.months.size(); ++i) {
      const RetentionMonth& month = retention.months[i];
      const RetentionMonth& next = retention.months[i + 1];
      RC_ASSERT(next.active_at_start == month.active_at_start + month.new_customers + month.won_back - month.lapsed);
      RC_ASSERT(next.lapsed_at_start == month.lapsed_at_start + month.lapsed - month.won_back);
    }
    std::int64_t customers = 0;
    for (const Cohort& cohort : retention.cohorts) {
      customers += cohort.customers;
      for (const std::int64_t active : cohort.active) RC_ASSERT(active <= cohort.customers);
    }
    RC_ASSERT(customers == retention.customers);
  }));
}

}  // namespace
}  // namespace esnaf::segmentation
