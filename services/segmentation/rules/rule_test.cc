// What rules depend on, samples, cycles, and how rules count time.
#include "services/segmentation/rules/rule.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/rules/rule_time.h"
#include "services/segmentation/rules/test_rules.h"

namespace esnaf::segmentation {
namespace {

using References = std::map<std::string, std::set<std::string>>;

RuleDependencies DependenciesOfText(std::string_view text) {
  const ParsedRule parsed = ParseRule(text, TestCatalogue());
  REQUIRE(parsed.rule);
  return DependenciesOf(*parsed.rule);
}

Time At(std::string_view text) { return ParseRfc3339(text).value(); }
Date Day(std::string_view text) { return ParseDate(text).value(); }
Period Days(std::int32_t count) { return {count, TimeUnit::kDay}; }
Period Months(std::int32_t count) { return {count, TimeUnit::kMonth}; }
TimeZone Istanbul() { return TimeZone::Load("Europe/Istanbul").value(); }

TEST_CASE("a rule says what it reads and whether time alone changes it") {
  const RuleDependencies all = DependenciesOfText(
      R"(orders.count > 1 AND (tags HAS "vip" OR segment("loyal")) AND NOT carts.count(last 7d) > 0)");
  CHECK(all.attributes == std::set<std::string>{"contact.tags"});
  CHECK(all.sources == std::set<FactSource>{FactSource::kOrders, FactSource::kCarts});
  CHECK(all.segments == std::set<std::string>{"loyal"});
  CHECK(all.on_time);
  for (const char* text : {"orders.count > 1", "orders.count(between 2026-01-01 and 2026-02-01) > 1", "sample(10%)",
                           "custom.birthday IN MONTH 5", "contact.create_time > 2026-01-01"}) {
    INFO(text);
    CHECK_FALSE(DependenciesOfText(text).on_time);
  }
  for (const char* text :
       {"orders.count(between 1d and 2d ago) > 1", "contact.create_time IN LAST 5d", "contact.create_time > -5d",
        "custom.birthday ANNIVERSARY THIS MONTH", "orders.last_time MORE THAN 90d AGO"}) {
    INFO(text);
    CHECK(DependenciesOfText(text).on_time);
  }
}

TEST_CASE("a sample takes its share, always the same people, and the larger share holds the smaller") {
  std::mt19937_64 random(7);
  const Time now = At("2026-11-22T00:00:00Z");
  int tenth = 0, other_seed = 0;
  const Sampler sampler({1000, "spring"}), larger({1500, "spring"}), other({1000, "autumn"});
  constexpr int kPeople = 20000;
  for (int i = 0; i < kPeople; ++i) {
    const Uuid id = Uuid::NewV7(now);
    CHECK(sampler.Takes(id) == Sampler({1000, "spring"}).Takes(id));
    if (!sampler.Takes(id)) continue;
    CHECK(larger.Takes(id));
    ++tenth;
    if (other.Takes(id)) ++other_seed;
  }
  // Six standard deviations around a tenth, and around a tenth of that.
  CHECK(std::abs(tenth - kPeople / 10) < 260);
  CHECK(std::abs(other_seed - kPeople / 100) < 90);
  CHECK(Sampler({4000, ""}).Takes(Uuid::Parse("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").value()) ==
        Sampler({4000, ""}).Takes(Uuid::Parse("0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B").value()));
}

TEST_CASE("cycles of segments are found however long") {
  const References references = {{"a", {"b", "x"}}, {"b", {"c"}}, {"c", {}}, {"x", {}}};
  CHECK(FindCycle("d", {"a", "b"}, references).empty());
  CHECK(FindCycle("d", {"d"}, references) == std::vector<std::string>{"d", "d"});
  CHECK(FindCycle("c", {"a"}, references) == std::vector<std::string>{"c", "a", "b", "c"});
  CHECK(FindCycle("c", {"nothing"}, references).empty());
  References chain;
  for (int i = 0; i < 100000; ++i) chain[std::to_string(i)] = {std::to_string(i + 1)};
  CHECK(FindCycle("100000", {"0"}, chain).size() == 100002);
  CHECK(FindCycle("new", {"0"}, chain).empty());
}

TEST_CASE("days keep the clock, months their day or the last") {
  const TimeZone zone = Istanbul();
  CHECK(Shift(At("2026-03-31T10:00:00Z"), Days(90), -1, zone) == At("2025-12-31T10:00:00Z"));
  CHECK(Shift(At("2026-03-31T10:00:00Z"), Months(1), -1, zone) == At("2026-02-28T10:00:00Z"));
  CHECK(Shift(At("2026-03-31T21:30:00Z"), Months(1), 1, zone) == At("2026-04-30T21:30:00Z"));
  CHECK(Shift(At("2024-02-29T10:00:00Z"), {1, TimeUnit::kYear}, 1, zone) == At("2025-02-28T10:00:00Z"));
  CHECK(Shift(At("2026-03-31T10:00:00Z"), {36, TimeUnit::kHour}, -1, zone) == At("2026-03-29T22:00:00Z"));
  CHECK(Shift(At("2026-03-31T10:00:00Z"), {-2, TimeUnit::kWeek}, 1, zone) == At("2026-03-17T10:00:00Z"));
  // Clocks went forward on 29 March in Berlin: ten o'clock stays ten o'clock up to the hour since midnight.
  const TimeZone berlin = TimeZone::Load("Europe/Berlin").value();
  CHECK(Shift(At("2026-03-30T08:00:00Z"), Days(3), -1, berlin) == At("2026-03-27T09:00:00Z"));
  CHECK(Shift(At("2026-03-31T10:00:00Z"), {100000, TimeUnit::kYear}, -1, zone) >= At("0001-01-01T00:00:00Z"));
  CHECK(Shift(Day("2026-03-31"), {100000, TimeUnit::kYear}, 1) == Day("9999-12-31"));
}

TEST_CASE("shifting never decreases and stays in the calendar") {
  const TimeZone zone = TimeZone::Load("Europe/Berlin").value();
  REQUIRE(rc::check("random periods", [&](std::uint64_t seed) {
    RandomRules random(seed);
    const Period period{static_cast<std::int32_t>(random.Number(-500, 500)),
                        static_cast<TimeUnit>(random.Number(0, 4))};
    // Around the changes of clocks, minute by minute.
    const Time time = At("2026-03-28T00:00:00Z") + std::chrono::minutes(random.Number(0, 400'000));
    const Time later = time + std::chrono::minutes(random.Number(0, 2000));
    // Days that a month lacks all become its last, so that within that day the time of day alone decides.
    RC_ASSERT(zone.LocalDate(Shift(time, period, 1, zone)) <= zone.LocalDate(Shift(later, period, 1, zone)));
    if (period.unit != TimeUnit::kMonth && period.unit != TimeUnit::kYear) {
      RC_ASSERT(Shift(time, period, 1, zone) <= Shift(later, period, 1, zone));
    }
    if (period.unit != TimeUnit::kHour) {
      RC_ASSERT(zone.LocalDate(Shift(time, period, 1, zone)) == Shift(zone.LocalDate(time), period, 1));
    }
  }));
}

TEST_CASE("windows and relative operators take moments up to their later end") {
  const TimeZone zone = Istanbul();
  const Time now = At("2026-03-31T10:00:00Z");
  CHECK_FALSE(RangeOf(Window{}, now, zone));
  const TimeRange last = *RangeOf(Window{.kind = Window::Kind::kLast, .near = Days(1)}, now, zone);
  CHECK(last.Contains(now));
  CHECK_FALSE(last.Contains(now + Duration(1)));
  CHECK_FALSE(last.Contains(At("2026-03-30T10:00:00Z")));
  CHECK(last.Contains(At("2026-03-30T10:00:00Z") + Duration(1)));
  CHECK(*RangeOf(Window{.kind = Window::Kind::kBetweenAgo, .near = Days(1), .far = Days(2)}, now, zone) ==
        TimeRange{At("2026-03-29T10:00:00Z"), At("2026-03-30T10:00:00Z")});
  const TimeRange march = *RangeOf(
      Window{.kind = Window::Kind::kBetweenDates, .from = Day("2026-03-01"), .to = Day("2026-03-31")}, now, zone);
  CHECK(march.Contains(At("2026-02-28T21:00:00Z")));
  CHECK_FALSE(march.Contains(At("2026-02-28T21:00:00Z") - Duration(1)));
  CHECK(march.Contains(At("2026-03-31T21:00:00Z") - Duration(1)));
  CHECK_FALSE(march.Contains(At("2026-03-31T21:00:00Z")));

  CHECK(RangeOf(Operator::kInNext, {Days(1)}, now, zone) == TimeRange{now, At("2026-04-01T10:00:00Z")});
  CHECK(RangeOf(Operator::kMoreThanAgo, {Days(1)}, now, zone).Contains(At("0001-01-01T00:00:00Z")));
  CHECK(RangeOf(Operator::kMoreThanAgo, {Days(1)}, now, zone).until == At("2026-03-30T10:00:00Z"));
  CHECK(RangeOf(Operator::kBetweenAgo, {Days(1), Days(2)}, now, zone).after == At("2026-03-29T10:00:00Z"));
  CHECK(RangeOf(Operator::kInLast, {Days(1)}, Day("2026-03-31")).Contains(Day("2026-03-31")));
  CHECK_FALSE(RangeOf(Operator::kInLast, {Days(1)}, Day("2026-03-31")).Contains(Day("2026-03-30")));
  CHECK(RangeOf(Operator::kInNext, {Days(1)}, Day("2026-03-31")).Contains(Day("2026-04-01")));
  CHECK(RangeOf(Operator::kMoreThanAgo, {Days(1)}, Day("2026-03-31")).Contains(Day("0001-01-01")));
  CHECK(RangeOf(Operator::kBetweenAgo, {Days(1), Days(3)}, Day("2026-03-31")).Contains(Day("2026-03-29")));
}

TEST_CASE("anniversaries ignore the year, cross its end, and mind 29 February") {
  const auto next = [](const char* day, const char* today, std::int32_t days) {
    return AnniversaryHolds(Operator::kAnniversaryInNext, {Days(days)}, Day(day), Day(today));
  };
  CHECK(next("1990-03-31", "2026-03-31", 7));
  CHECK(next("1990-04-07", "2026-03-31", 7));
  CHECK_FALSE(next("1990-04-08", "2026-03-31", 7));
  CHECK_FALSE(next("1990-03-30", "2026-03-31", 7));
  CHECK(next("1990-01-03", "2026-12-30", 7));
  CHECK(next("2000-02-29", "2026-02-28", 1));
  CHECK(next("2000-02-29", "2028-02-29", 1));
  CHECK_FALSE(next("2000-02-29", "2026-03-01", 30));
  CHECK(next("1990-07-07", "2026-07-08", 366));
  CHECK(AnniversaryHolds(Operator::kAnniversaryInLast, {Days(7)}, Day("1990-12-28"), Day("2026-01-02")));
  CHECK_FALSE(AnniversaryHolds(Operator::kAnniversaryInLast, {Days(7)}, Day("1990-01-03"), Day("2026-01-02")));
  CHECK(AnniversaryHolds(Operator::kAnniversaryThisMonth, {}, Day("1990-05-31"), Day("2026-05-01")));
  CHECK(AnniversaryHolds(Operator::kInMonth, {std::int64_t{5}}, Day("1990-05-31"), Day("2026-01-01")));
  CHECK_FALSE(AnniversaryHolds(Operator::kInMonth, {std::int64_t{5}}, Day("1990-06-01"), Day("2026-05-01")));
}

}  // namespace
}  // namespace esnaf::segmentation
