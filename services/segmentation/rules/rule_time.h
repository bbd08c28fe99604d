#pragma once

// How rules count time. Pure: no clock; the reference time is handed in.
#include <optional>

#include "libs/base/time.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// The same time since local midnight, `sign` x `period` away; hours are exact. A day of the month that does not exist
// is the month's last. Never decreases as `time` grows. Stays within the years 1 to 9999.
Time Shift(Time time, Period period, int sign, const TimeZone& zone);
// As Shift, for days; hours count as none.
Date Shift(Date day, Period period, int sign);

// The moments after `after`, up to `until`, which is included.
struct TimeRange {
  Time after;
  Time until;
  bool Contains(Time time) const { return after < time && time <= until; }
  bool operator==(const TimeRange&) const = default;
};

// Which moments a window takes at the reference; nullopt for all.
std::optional<TimeRange> RangeOf(const Window& window, Time reference, const TimeZone& zone);
// Which moments satisfy kInLast, kInNext or kBetweenAgo with their periods; kMoreThanAgo has no lower end, which is the
// first moment that there is.
TimeRange RangeOf(Operator op, const std::vector<Value>& periods, Time reference, const TimeZone& zone);

// The days after `after`, up to `until`, which is included.
struct DayRange {
  Date after;
  Date until;
  bool Contains(Date day) const { return after < day && day <= until; }
  bool operator==(const DayRange&) const = default;
};
// The same for days, `today` being the reference's.
DayRange RangeOf(Operator op, const std::vector<Value>& periods, Date today);

// Whether kAnniversaryInNext, kAnniversaryInLast, kAnniversaryThisMonth or kInMonth holds of a day.
bool AnniversaryHolds(Operator op, const std::vector<Value>& values, Date day, Date today);

}  // namespace esnaf::segmentation
