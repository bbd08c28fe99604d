#include "services/support/sla/business_hours.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "absl/time/civil_time.h"
#include "libs/base/check.h"
#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

using std::chrono::days;

constexpr int kMinutesOfDay = 1440;
constexpr days kHorizon{3660};
// Years that are asked for once are kept; of others every day is looked at each time.
constexpr int kFirstYear = 1970;
constexpr int kKeptYears = 200;
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

int YearOf(Time time) { return static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(time)).year()); }
Time StartOfYear(int year) { return std::chrono::sys_days(std::chrono::year(year) / 1 / 1); }

}  // namespace

// Read without a lock, since the clocks ask for them all the time.
class BusinessHours::Years {
 public:
  const Year* Find(int index) const { return known_[index].load(std::memory_order_acquire); }
  const Year* Keep(int index, Year year) {
    const std::lock_guard lock(mutex_);
    if (const Year* known = Find(index)) return known;
    const Year* const kept = &own_.emplace_back(std::move(year));
    known_[index].store(kept, std::memory_order_release);
    return kept;
  }

 private:
  std::array<std::atomic<const Year*>, kKeptYears> known_{};
  std::mutex mutex_;
  std::deque<Year> own_;
};

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
  hours.years_ = std::make_shared<Years>();
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

Duration BusinessHours::Year::Before(Time time) const {
  const auto behind = std::upper_bound(spans.begin(), spans.end(), time,
                                       [](Time sought, const Span& span) { return sought < span.open.begin; });
  if (behind == spans.begin()) return Duration(0);
  const Span& last = *std::prev(behind);
  return last.before + (std::min(time, last.open.end) - last.open.begin);
}

const BusinessHours::Year* BusinessHours::YearAt(int year) const {
  const int index = year - kFirstYear;
  if (index < 0 || index >= kKeptYears) return nullptr;
  if (const Year* known = years_->Find(index)) return known;
  Year made;
  const Time end = StartOfYear(year + 1);
  Walk(StartOfYear(year), end, [&](const TimeSpan& open) {
    made.spans.push_back({{open.begin, std::min(open.end, end)}, made.total});
    made.total = made.spans.back().Through();
    return true;
  });
  return years_->Keep(index, std::move(made));
}

Duration BusinessHours::Between(Time from, Time to) const {
  if (from >= to) return Duration(0);
  const Year* const first = zone_ ? YearAt(YearOf(from)) : nullptr;
  const Year* const last = zone_ ? YearAt(YearOf(to)) : nullptr;
  if (first != nullptr && last != nullptr) {
    Duration total = last->Before(to) - first->Before(from);
    for (int year = YearOf(from); year < YearOf(to); ++year) total += YearAt(year)->total;
    return total;
  }
  Duration total{0};
  Walk(from, to, [&](const TimeSpan& open) {
    total += std::min(open.end, to) - open.begin;
    return true;
  });
  return total;
}

std::optional<Time> BusinessHours::Add(Time from, Duration amount) const {
  if (amount <= Duration(0)) return from;
  const Time horizon = from + kHorizon;
  int year = YearOf(from);
  const Year* kept = zone_ ? YearAt(year) : nullptr;
  // What is left when the year begins.
  for (Duration left = amount + (kept == nullptr ? Duration(0) : kept->Before(from)); kept != nullptr;) {
    if (left <= kept->total) {
      const auto span =
          std::lower_bound(kept->spans.begin(), kept->spans.end(), left,
                           [](const Year::Span& span, Duration sought) { return span.Through() < sought; });
      if (span->open.begin >= horizon) return std::nullopt;
      return span->open.begin + (left - span->before);
    }
    left -= kept->total;
    if (StartOfYear(++year) >= horizon) return std::nullopt;
    kept = YearAt(year);
  }
  std::optional<Time> found;
  Walk(from, horizon, [&](const TimeSpan& open) {
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
