#include "services/support/sla/business_hours.h"

#include "absl/time/civil_time.h"
#include "libs/base/check.h"
#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

using std::chrono::days;

constexpr int kMinutesOfDay = 1440;
constexpr days kHorizon{3660};
constexpr const char* kWeekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

void CheckHours(const DayHours& hours, const std::string& field, FieldViolations& violations) {
  if (hours.size() > kMostSpansOfDay) {
    violations.Add(field, absl::StrCat("has more than ", kMostSpansOfDay, " spans"));
    return;
  }
  int free_from = -1;
  for (std::size_t i = 0; i < hours.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    const auto [begin, end] = hours[i];
    if (begin < 0 || end > kMinutesOfDay || begin >= end) {
      violations.Add(at, "is no span of 00:00 to 24:00 that ends after it begins");
    } else if (begin <= free_from) {
      violations.Add(at, "does not begin after the end of the one before");
    }
    free_from = end;
  }
}

}  // namespace

void CheckCalendar(const BusinessCalendar& calendar, const std::string& field, FieldViolations& violations) {
  if (!TimeZone::Load(calendar.time_zone).ok()) violations.Add(field + ".time_zone", "is no IANA zone");
  bool ever_open = false;
  for (std::size_t day = 0; day < calendar.week.size(); ++day) {
    CheckHours(calendar.week[day], absl::StrCat(field, ".", kWeekdays[day], ".hours"), violations);
    ever_open = ever_open || !calendar.week[day].empty();
  }
  if (!ever_open) violations.Add(field, "is never open");
  if (calendar.holidays.size() > kMostHolidays) {
    violations.Add(field + ".holidays", absl::StrCat("are more than ", kMostHolidays));
    return;
  }
  for (std::size_t i = 0; i < calendar.holidays.size(); ++i) {
    const std::string at = absl::StrCat(field, ".holidays[", i, "]");
    CheckHours(calendar.holidays[i].hours, at + ".hours", violations);
    if (i > 0 && calendar.holidays[i - 1].date >= calendar.holidays[i].date) {
      violations.Add(at + ".date", "comes twice, or is not in order");
    }
  }
}

absl::StatusOr<BusinessHours> BusinessHours::Make(const BusinessCalendar& calendar) {
  BusinessHours hours;
  ESNAF_ASSIGN_OR_RETURN(hours.zone_, TimeZone::Load(calendar.time_zone));
  ESNAF_CHECK(absl::LoadTimeZone(calendar.time_zone, &hours.civil_));
  hours.week_ = calendar.week;
  for (const Holiday& holiday : calendar.holidays) hours.dated_.emplace(holiday.date, holiday.hours);
  return hours;
}

const DayHours& BusinessHours::HoursOf(Date date) const {
  if (const auto dated = dated_.find(date); dated != dated_.end()) return dated->second;
  return week_[std::chrono::weekday(std::chrono::sys_days(date)).iso_encoding() - 1];
}

Time BusinessHours::MomentOf(Date date, int minute) const {
  if (minute == kMinutesOfDay) return zone_->StartOfDay(std::chrono::sys_days(date) + days(1));
  const absl::CivilMinute local(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                static_cast<unsigned>(date.day()), minute / 60, minute % 60);
  return Time(Duration(absl::ToUnixMicros(absl::FromCivil(local, civil_))));
}

template <typename Visit>
void BusinessHours::Walk(Time from, Time until, Visit&& visit) const {
  if (from >= until) return;
  if (!zone_) {
    visit(TimeSpan{from, until});
    return;
  }
  // Where a zone's clock goes back over midnight, the day before goes on for a while.
  for (Date date = std::chrono::sys_days(zone_->LocalDate(from)) - days(1);;
       date = std::chrono::sys_days(date) + days(1)) {
    if (zone_->StartOfDay(date) >= until) return;
    for (const DaySpan& span : HoursOf(date)) {
      const TimeSpan open{std::max(from, MomentOf(date, span.begin)), MomentOf(date, span.end)};
      if (open.begin >= until) return;
      if (open.begin >= open.end) continue;
      if (!visit(open)) return;
    }
  }
}

Duration BusinessHours::Between(Time from, Time to) const {
  Duration total{0};
  Walk(from, to, [&](const TimeSpan& open) {
    total += std::min(open.end, to) - open.begin;
    return true;
  });
  return total;
}

std::optional<Time> BusinessHours::Add(Time from, Duration amount) const {
  if (amount <= Duration(0)) return from;
  std::optional<Time> found;
  Walk(from, from + kHorizon, [&](const TimeSpan& open) {
    if (open.end - open.begin >= amount) {
      found = open.begin + amount;
      return false;
    }
    amount -= open.end - open.begin;
    return true;
  });
  return found;
}

std::vector<TimeSpan> BusinessHours::Within(Time from, Time to) const {
  std::vector<TimeSpan> spans;
  Walk(from, to, [&](const TimeSpan& open) {
    spans.push_back({open.begin, std::min(open.end, to)});
    return true;
  });
  return spans;
}

}  // namespace esnaf::support
