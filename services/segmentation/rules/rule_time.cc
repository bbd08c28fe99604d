#include "services/segmentation/rules/rule_time.h"

#include <algorithm>

namespace esnaf::segmentation {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr Date kFirstDay{std::chrono::year(1), std::chrono::January, std::chrono::day(1)};
constexpr Date kLastDay{std::chrono::year(9999), std::chrono::December, std::chrono::day(31)};
constexpr Time kFirstMoment{sys_days(kFirstDay)};
constexpr Time kLastMoment{sys_days(kLastDay) + days(1) - Duration(1)};

Date Clamped(sys_days day) { return Date(std::clamp(day, sys_days(kFirstDay), sys_days(kLastDay))); }

Date ShiftMonths(Date day, std::int64_t count) {
  const std::int64_t month =
      std::int64_t{static_cast<int>(day.year())} * 12 + static_cast<unsigned>(day.month()) - 1 + count;
  if (month < 12) return kFirstDay;
  if (month >= 10000 * 12) return kLastDay;
  const std::chrono::year_month target(std::chrono::year(static_cast<int>(month / 12)),
                                       std::chrono::month(static_cast<unsigned>(month % 12 + 1)));
  const std::chrono::day last = (target / std::chrono::last).day();
  return target / std::min(day.day(), last);
}

Period PeriodOf(const std::vector<Value>& values, std::size_t index) { return std::get<Period>(values[index]); }

// The day and month in a year; 29 February is the 28th where there is none.
Date InYear(Date day, std::chrono::year year) {
  const Date same = year / day.month() / day.day();
  return same.ok() ? same : year / std::chrono::February / std::chrono::day(28);
}

// Whether an anniversary falls into the days from `from` to `to`, both included.
bool AnniversaryWithin(Date day, Date from, Date to) {
  for (std::chrono::year year = from.year(); year <= to.year(); ++year) {
    const Date anniversary = InYear(day, year);
    if (from <= anniversary && anniversary <= to) return true;
  }
  return false;
}

}  // namespace

Date Shift(Date day, Period period, int sign) {
  const std::int64_t count = std::int64_t{period.count} * sign;
  switch (period.unit) {
    case TimeUnit::kHour:
      break;
    case TimeUnit::kDay:
      return Clamped(sys_days(day) + days(count));
    case TimeUnit::kWeek:
      return Clamped(sys_days(day) + days(7 * count));
    case TimeUnit::kMonth:
      return ShiftMonths(day, count);
    case TimeUnit::kYear:
      return ShiftMonths(day, 12 * count);
  }
  return day;
}

Time Shift(Time time, Period period, int sign, const TimeZone& zone) {
  if (period.unit == TimeUnit::kHour) {
    return std::clamp(time + std::chrono::hours(std::int64_t{period.count} * sign), kFirstMoment, kLastMoment);
  }
  const Date day = zone.LocalDate(time);
  const Date target = Shift(day, period, sign);
  if (target == day) return time;
  const Time start = zone.StartOfDay(target);
  // A day may be shorter than the one that the time comes from.
  const Time end = zone.StartOfDay(Date(sys_days(target) + days(1))) - Duration(1);
  return std::clamp(start + (time - zone.StartOfDay(day)), start, std::max(start, end));
}

std::optional<TimeRange> RangeOf(const Window& window, Time reference, const TimeZone& zone) {
  switch (window.kind) {
    case Window::Kind::kAll:
      return std::nullopt;
    case Window::Kind::kLast:
      return TimeRange{Shift(reference, window.near, -1, zone), reference};
    case Window::Kind::kBetweenAgo:
      return TimeRange{Shift(reference, window.far, -1, zone), Shift(reference, window.near, -1, zone)};
    case Window::Kind::kBetweenDates:
      break;
  }
  const Date behind(sys_days(window.to) + days(1));
  return TimeRange{zone.StartOfDay(window.from) - Duration(1), zone.StartOfDay(behind) - Duration(1)};
}

TimeRange RangeOf(Operator op, const std::vector<Value>& periods, Time reference, const TimeZone& zone) {
  const Time back = Shift(reference, PeriodOf(periods, 0), -1, zone);
  if (op == Operator::kInNext) return {reference, Shift(reference, PeriodOf(periods, 0), 1, zone)};
  if (op == Operator::kMoreThanAgo) return {Time::min(), back};
  if (op == Operator::kBetweenAgo) return {Shift(reference, PeriodOf(periods, 1), -1, zone), back};
  return {back, reference};
}

DayRange RangeOf(Operator op, const std::vector<Value>& periods, Date today) {
  const Date back = Shift(today, PeriodOf(periods, 0), -1);
  if (op == Operator::kInNext) return {today, Shift(today, PeriodOf(periods, 0), 1)};
  if (op == Operator::kMoreThanAgo) return {Date(sys_days(kFirstDay) - days(1)), back};
  if (op == Operator::kBetweenAgo) return {Shift(today, PeriodOf(periods, 1), -1), back};
  return {back, today};
}

bool AnniversaryHolds(Operator op, const std::vector<Value>& values, Date day, Date today) {
  if (op == Operator::kInMonth) {
    return static_cast<std::int64_t>(static_cast<unsigned>(day.month())) == std::get<std::int64_t>(values[0]);
  }
  if (op == Operator::kAnniversaryThisMonth) return day.month() == today.month();
  if (op == Operator::kAnniversaryInNext) return AnniversaryWithin(day, today, Shift(today, PeriodOf(values, 0), 1));
  return AnniversaryWithin(day, Shift(today, PeriodOf(values, 0), -1), today);
}

}  // namespace esnaf::segmentation
