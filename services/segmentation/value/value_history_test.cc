#include "services/segmentation/value/value_history.h"

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

const PurchaseDays kDays = {{100, 1, 5000}, {107, 2, 3000}, {121, 1, 1000}, {200, 1, 9000}};

TEST_CASE("x, t_x and T count days after the first") {
  CHECK(PatternAsOf(kDays, 210) == Pattern{.repeats = 3, .recency_days = 100, .age_days = 110});
  CHECK(PatternAsOf(kDays, 150) == Pattern{.repeats = 2, .recency_days = 21, .age_days = 50});
  CHECK(PatternAsOf(kDays, 100) == Pattern{.repeats = 0, .recency_days = 0, .age_days = 0});
  CHECK_FALSE(PatternAsOf(kDays, 99));
  const Timing weeks = PatternAsOf(kDays, 150)->In(7);
  CHECK(weeks.recency == 3);
  CHECK(weeks.age == Approx(50 / 7.0));
}

TEST_CASE("spend is that of repeat purchases") {
  CHECK(SpendAsOf(kDays, 150, 100)->mean == 20);
  CHECK(SpendAsOf(kDays, 150, 100)->repeats == 2);
  CHECK_FALSE(SpendAsOf(kDays, 106, 100));
  CHECK_FALSE(SpendAsOf(PurchaseDays{{1, 1, 900}, {2, 1, 0}}, 3, 100));
}

TEST_CASE("gaps lie between purchases, and their median is the middle one") {
  CHECK(GapsAsOf(kDays, 150) == std::vector<std::int32_t>{7, 14});
  CHECK(Median(GapsAsOf(kDays, 150)) == 10.5);
  CHECK(Median(GapsAsOf(kDays, 999)) == 14);
  CHECK(Mean(GapsAsOf(kDays, 999)) == Approx(100 / 3.0));
  CHECK_FALSE(Median({}));
  CHECK_FALSE(Mean({}));
}

TEST_CASE("days are numbered from 1970") {
  CHECK(DayNumberOf(ParseDate("1970-01-02").value()) == 1);
  CHECK(FormatDate(DateOf(DayNumberOf(ParseDate("1997-09-30").value()))) == "1997-09-30");
}

}  // namespace
}  // namespace esnaf::segmentation
