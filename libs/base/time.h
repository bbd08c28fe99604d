#pragma once

// Time as the house keeps it: microseconds since 1970 in UTC, from a clock that is handed in.
#include <chrono>
#include <compare>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace esnaf {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

// Gives the time of day. Domain code gets the time as an argument instead.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

// The machine's clock.
const Clock& SystemClock();

// A clock that tests move by hand. Safe to use from several threads.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time Now() const override;
  void Advance(Duration by);
  void Set(Time now);

 private:
  mutable std::mutex mutex_;
  Time now_;
};

// `2026-01-31T09:30:00.123456Z`; the fraction is left out where it is zero.
std::string FormatRfc3339(Time time);
// Reads RFC 3339 with any offset. INVALID_ARGUMENT otherwise.
absl::StatusOr<Time> ParseRfc3339(std::string_view text);

// A day of a calendar, without a zone.
using Date = std::chrono::year_month_day;
std::string FormatDate(Date date);                      // 2026-01-31
absl::StatusOr<Date> ParseDate(std::string_view text);  // INVALID_ARGUMENT unless YYYY-MM-DD names a day

// An IANA zone, for example `Europe/Istanbul`.
class TimeZone {
 public:
  static absl::StatusOr<TimeZone> Load(std::string_view name);
  static TimeZone Utc();

  const std::string& name() const { return name_; }
  // The day it is there at `time`.
  Date LocalDate(Time time) const;
  // The first moment of a day there (after a gap at midnight: the first that exists).
  Time StartOfDay(Date date) const;
  // Reads a local time: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM`, `YYYY-MM-DD HH:MM:SS`, with ` ` or `T`, or anything
  // RFC 3339, which then counts. A time that happens twice means the first, one in a gap the moment after it.
  absl::StatusOr<Time> ParseLocal(std::string_view text) const;

 private:
  TimeZone(std::string name, absl::TimeZone zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  absl::TimeZone zone_;
};

}  // namespace esnaf
