#pragma once

// When a firm works: hours of the week, dated exceptions, and how much of that time lies between two moments.
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/error.h"
#include "libs/base/time.h"

namespace esnaf::support {

// A part of a local day, in minutes since its midnight: from `begin` to before `end`; 1440 is the next midnight.
struct DaySpan {
  int begin = 0;
  int end = 0;
  bool operator==(const DaySpan&) const = default;
};
// Ascending, none touching the next; empty is closed.
using DayHours = std::vector<DaySpan>;

// A date that has hours of its own in place of its weekday's: none on a holiday, the morning's before one.
struct Holiday {
  Date date;
  std::string name;
  DayHours hours;
  bool operator==(const Holiday&) const = default;
};

struct BusinessCalendar {
  std::string id;  // as people chose it, for example `istanbul`
  std::string display_name;
  std::string time_zone = "Europe/Istanbul";  // IANA
  std::array<DayHours, 7> week;               // Monday first
  std::vector<Holiday> holidays;              // each date once, in order
  bool operator==(const BusinessCalendar&) const = default;
};

inline constexpr std::size_t kMostSpansOfDay = 12;
inline constexpr std::size_t kMostHolidays = 1000;

// Adds what is wrong with the calendar, by the names of the contract below `field`.
void CheckCalendar(const BusinessCalendar& calendar, const std::string& field, FieldViolations& violations);

// From `begin` to before `end`.
struct TimeSpan {
  Time begin;
  Time end;
  bool operator==(const TimeSpan&) const = default;
};

// A calendar as the clocks ask it. A local time that a change of the zone's offset skips counts as the moment of the
// change; one that comes twice as its first. So a night on which the clock goes back has the hour that it repeats
// twice, and one on which it goes forward lacks the hour that it skips.
class BusinessHours {
 public:
  // INVALID_ARGUMENT where the zone is none. The calendar is a checked one.
  static absl::StatusOr<BusinessHours> Make(const BusinessCalendar& calendar);
  // Day and night.
  static BusinessHours AlwaysOpen() { return BusinessHours(); }

  // How much working time lies from `from` to before `to`; 0 where `to` is not later.
  Duration Between(Time from, Time to) const;
  // The earliest moment at which `amount` of working time has passed since `from`; `from` itself for 0. None where ten
  // years do not hold so much.
  std::optional<Time> Add(Time from, Duration amount) const;
  // The spans of working time within [from, to), in order.
  std::vector<TimeSpan> Within(Time from, Time to) const;

 private:
  // A year of UTC: its spans in order, each with the working time of the year before it.
  struct Year {
    struct Span {
      TimeSpan open;
      Duration before{0};
      Duration Through() const { return before + (open.end - open.begin); }
    };
    std::vector<Span> spans;
    Duration total{0};
    // The working time of the year that lies before a moment of it.
    Duration Before(Time time) const;
  };
  // Those that were asked for, shared by all copies.
  class Years;

  BusinessHours() = default;
  // Null outside of the years that are kept.
  const Year* YearAt(int year) const;
  const DayHours& HoursOf(Date date) const;
  // Calls `visit` with each span of working time that ends after `from`, begin cut to `from`, in order, until it
  // answers false or the span begins at `until` or later.
  template <typename Visit>
  void Walk(Time from, Time until, Visit&& visit) const;
  Time MomentOf(Date date, int minute) const;

  std::optional<TimeZone> zone_;  // none: always open
  absl::TimeZone civil_;          // the same
  std::array<DayHours, 7> week_;
  std::map<Date, DayHours> dated_;
  std::shared_ptr<Years> years_;
};

}  // namespace esnaf::support
