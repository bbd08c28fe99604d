// Goal: working time is counted to the microsecond over lunch breaks, half days, midnights and changes of the clock.
#include "services/support/sla/business_hours.h"

#include <rapidcheck.h>

#include "services/support/sla/test_hours.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::At;
using testing::HoursOf;
using testing::WithLunch;

std::string Problems(const BusinessCalendar& calendar) {
  FieldViolations violations;
  CheckCalendar(calendar, "calendar", violations);
  std::string fields;
  for (const auto& [field, description] : ErrorFields(violations.ToStatus())) fields += field + ";";
  return fields;
}

TEST_CASE("several intervals a day leave the lunch break out") {
  const BusinessHours hours = HoursOf(WithLunch());
  // 2026-11-23 is a Monday.
  CHECK(hours.Between(At("2026-11-23 11:30"), At("2026-11-23 13:30")) == 1h);
  CHECK(hours.Add(At("2026-11-23 11:30"), 1h) == At("2026-11-23 13:30"));
  // Half-open: the end of a span is reached at it, and the next counts from its beginning.
  CHECK(hours.Add(At("2026-11-23 11:30"), 30min) == At("2026-11-23 12:00"));
  CHECK(hours.Between(At("2026-11-23 12:00"), At("2026-11-23 13:00")) == 0h);
  CHECK(hours.Add(At("2026-11-23 12:10"), Duration(1)) == At("2026-11-23 13:00") + Duration(1));
  CHECK(hours.Add(At("2026-11-20 17:00"), 2h) == At("2026-11-23 10:00"));
  CHECK(hours.Add(At("2026-11-21 17:00"), 0h) == At("2026-11-21 17:00"));
  CHECK(hours.Within(At("2026-11-23 11:00"), At("2026-11-23 14:00")) ==
        std::vector<TimeSpan>{{At("2026-11-23 11:00"), At("2026-11-23 12:00")},
                              {At("2026-11-23 13:00"), At("2026-11-23 14:00")}});
}

TEST_CASE("a dated entry closes a day, shortens it or opens one") {
  BusinessCalendar calendar = WithLunch();
  // The feast of 2026 with the half day before it, and a Sunday that is worked.
  calendar.holidays = {{*ParseDate("2026-03-19"), "Ramazan Bayramı arifesi", {{540, 720}}},
                       {*ParseDate("2026-03-20"), "Ramazan Bayramı", {}},
                       {*ParseDate("2026-03-22"), "inventory", {{600, 660}}}};
  REQUIRE(Problems(calendar).empty());
  const BusinessHours hours = HoursOf(calendar);
  CHECK(hours.Between(At("2026-03-19"), At("2026-03-20")) == 3h);
  CHECK(hours.Between(At("2026-03-20"), At("2026-03-22")) == 0h);
  CHECK(hours.Add(At("2026-03-19 11:00"), 3h) == At("2026-03-23 10:00"));
}

TEST_CASE("the nights on which clocks change have an hour less and an hour more") {
  BusinessCalendar calendar{.id = "berlin", .time_zone = "Europe/Berlin"};
  for (DayHours& day : calendar.week) day = {{0, 1440}};
  const BusinessHours hours = HoursOf(calendar);
  const auto berlin = [](const std::string& local) { return At(local, "Europe/Berlin"); };
  CHECK(hours.Between(berlin("2026-03-29"), berlin("2026-03-30")) == 23h);
  CHECK(hours.Between(berlin("2026-10-25"), berlin("2026-10-26")) == 25h);
  CHECK(hours.Add(berlin("2026-10-25"), 25h) == berlin("2026-10-26"));
  // A night shift: the hour that comes twice is worked twice, the one that is skipped is not.
  for (DayHours& day : calendar.week) day = {{60, 240}};
  const BusinessHours night = HoursOf(calendar);
  CHECK(night.Between(berlin("2026-10-25"), berlin("2026-10-26")) == 4h);
  CHECK(night.Between(berlin("2026-03-29"), berlin("2026-03-30")) == 2h);
  for (DayHours& day : calendar.week) day = {{120, 180}};
  CHECK(HoursOf(calendar).Between(berlin("2026-03-29"), berlin("2026-03-30")) == 0h);
}

TEST_CASE("a calendar that makes no sense is refused by the place") {
  CHECK(Problems(WithLunch()).empty());
  BusinessCalendar calendar = WithLunch();
  calendar.time_zone = "Europe/Atlantis";
  calendar.week[1] = {{600, 600}};
  calendar.week[2] = {{600, 700}, {700, 800}};
  calendar.week[3] = {{0, 1441}};
  calendar.holidays = {{*ParseDate("2026-01-02"), "", {}}, {*ParseDate("2026-01-01"), "", {{5, 1}}}};
  CHECK(Problems(calendar) ==
        "calendar.time_zone;calendar.tuesday.hours[0];calendar.wednesday.hours[1];calendar.thursday.hours[0];"
        "calendar.holidays[1].hours[0];calendar.holidays[1].date;");
  CHECK(Problems(BusinessCalendar{}) == "calendar;");
}

TEST_CASE("hours that never come again are not waited for") {
  BusinessCalendar calendar;
  calendar.week[0] = {{540, 541}};
  CHECK_FALSE(HoursOf(calendar).Add(At("2026-01-01"), 24h * 365).has_value());
}

// A calendar of up to three spans a day in a zone with changes of the clock, with some holidays.
BusinessCalendar AnyCalendar() {
  BusinessCalendar calendar;
  calendar.time_zone = *rc::gen::element<std::string>("Europe/Istanbul", "Europe/Berlin", "America/New_York", "UTC");
  const auto any_day = [] {
    DayHours hours;
    int free_from = -1;
    for (int i = *rc::gen::inRange(0, 4); i > 0 && free_from < 1430; --i) {
      const int begin = *rc::gen::inRange(free_from + 1, 1439);
      const int end = *rc::gen::inRange(begin + 1, 1441);
      hours.push_back({begin, end});
      free_from = end;
    }
    return hours;
  };
  for (DayHours& day : calendar.week) day = any_day();
  calendar.week[2] = {{600, 660}};
  auto date = std::chrono::sys_days(*ParseDate("2026-03-20"));
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    date += std::chrono::days(*rc::gen::inRange(1, 5));
    calendar.holidays.push_back({Date(date), "", any_day()});
  }
  return calendar;
}
// Around a turn of the year, too.
Time AnyTime() {
  const Time begin = At(*rc::gen::element<std::string>("2026-03-15", "2025-12-20"));
  return begin + std::chrono::minutes(*rc::gen::inRange(0, 60 * 24 * 30));
}

TEST_CASE("working time adds up, and Add is the inverse of Between") {
  CHECK(rc::check([] {
    const BusinessCalendar calendar = AnyCalendar();
    RC_ASSERT(Problems(calendar).empty());
    const BusinessHours hours = HoursOf(calendar);
    std::array<Time, 3> times{AnyTime(), AnyTime(), AnyTime()};
    std::sort(times.begin(), times.end());
    RC_ASSERT(hours.Between(times[0], times[1]) + hours.Between(times[1], times[2]) ==
              hours.Between(times[0], times[2]));
    RC_ASSERT(hours.Between(times[0], times[2]) <= times[2] - times[0]);
    Duration summed{0};
    for (const TimeSpan& span : hours.Within(times[0], times[2])) summed += span.end - span.begin;
    RC_ASSERT(summed == hours.Between(times[0], times[2]));
    const Duration amount = std::chrono::seconds(*rc::gen::inRange(1, 3600 * 60));
    const std::optional<Time> then = hours.Add(times[0], amount);
    RC_ASSERT(then.has_value());
    RC_ASSERT(hours.Between(times[0], *then) == amount);
    // The earliest such moment: a microsecond before it, less has passed.
    RC_ASSERT(hours.Between(times[0], *then - Duration(1)) < amount);
  }));
}

TEST_CASE("what lies years away, or before the years that are kept, is counted alike") {
  BusinessCalendar calendar = WithLunch();
  calendar.time_zone = "America/New_York";
  const BusinessHours hours = HoursOf(calendar);
  const auto sum = [&](Time from, Time to) {
    Duration summed{0};
    for (const TimeSpan& span : hours.Within(from, to)) summed += span.end - span.begin;
    return summed;
  };
  for (const auto& [from, to] :
       {std::pair(At("2025-12-31 19:30"), At("2026-01-01 19:30")),
        std::pair(At("2019-06-14 16:00"), At("2027-02-03 19:00")), std::pair(At("1969-03-02"), At("1969-04-09")),
        std::pair(At("1969-12-30 16:00"), At("1970-02-01"))}) {
    const Duration amount = hours.Between(from, to);
    CHECK(amount == sum(from, to));
    REQUIRE(hours.Add(from, amount).has_value());
    CHECK(sum(from, *hours.Add(from, amount)) == amount);
    CHECK(sum(from, *hours.Add(from, amount) - Duration(1)) == amount - Duration(1));
  }
  CHECK(hours.Between(At("2026-11-23 20:00"), At("2026-11-23 19:00")) == 0h);
}

TEST_CASE("who is always open counts plain time") {
  CHECK(rc::check([] {
    const BusinessHours hours = BusinessHours::AlwaysOpen();
    const Time from = AnyTime();
    const Duration amount = std::chrono::seconds(*rc::gen::inRange(0, 1'000'000));
    RC_ASSERT(hours.Add(from, amount) == from + amount);
    RC_ASSERT(hours.Between(from, from + amount) == amount);
  }));
}

}  // namespace
}  // namespace esnaf::support
