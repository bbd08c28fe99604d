#include "libs/base/time.h"

#include <cstdint>

#include "absl/time/civil_time.h"
#include "libs/base/absl_compat.h"

namespace esnaf {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class MachineClock final : public Clock {
 public:
  Time Now() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
};

// Writes `value` with exactly `digits` digits, leading zeros included.
void PutDigits(char* out, std::uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// The year as RFC 3339 has it, with four digits; years beyond that, which no contract lets in, get as many as they
// need.
void AppendYear(std::string& out, int year) {
  if (year >= 0 && year <= 9999) {
    char digits[4];
    PutDigits(digits, static_cast<std::uint32_t>(year), 4);
    out.append(digits, 4);
  } else {
    out += std::to_string(year);
  }
}

void AppendDate(std::string& out, Date date) {
  AppendYear(out, static_cast<int>(date.year()));
  char rest[6] = {'-', 0, 0, '-', 0, 0};
  PutDigits(rest + 1, static_cast<unsigned>(date.month()), 2);
  PutDigits(rest + 4, static_cast<unsigned>(date.day()), 2);
  out.append(rest, 6);
}

// Reads text from the left; each step answers whether the text went on as expected.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Digits(int count, int& value) {
    if (rest_.size() < static_cast<std::size_t>(count)) return false;
    value = 0;
    for (int i = 0; i < count; ++i) {
      const char c = rest_[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(static_cast<std::size_t>(count));
    return true;
  }
  bool OneOf(std::string_view characters, char& found) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    found = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool Character(char c) {
    char found;
    return OneOf(std::string_view(&c, 1), found);
  }
  bool DateOfYears1To9999(Date& date) {
    int year, month, day;
    if (!Digits(4, year) || !Character('-') || !Digits(2, month) || !Character('-') || !Digits(2, day)) return false;
    date = Date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                std::chrono::day(static_cast<unsigned>(day)));
    return date.ok() && year >= 1;
  }
  // A fraction of a second behind its point; what is below a microsecond is dropped.
  bool Fraction(Duration& fraction) {
    std::int64_t micros = 0;
    int count = 0;
    for (int digit; Digits(1, digit); ++count) {
      if (count < 6) micros = micros * 10 + digit;
    }
    for (int i = count; i < 6; ++i) micros *= 10;
    fraction = Duration(micros);
    return count > 0;
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool ScanRfc3339(std::string_view text, Time& time) {
  Scanner scan(text);
  Date date;
  int hour, minute, second;
  char separator, zone;
  if (!scan.DateOfYears1To9999(date) || !scan.OneOf("Tt ", separator)) return false;
  if (!scan.Digits(2, hour) || !scan.Character(':') || !scan.Digits(2, minute)) return false;
  if (!scan.Character(':') || !scan.Digits(2, second)) return false;
  Duration fraction{0};
  if (scan.Character('.') && !scan.Fraction(fraction)) return false;
  if (!scan.OneOf("Zz+-", zone)) return false;
  int offset_hours = 0, offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    if (!scan.Digits(2, offset_hours) || !scan.Character(':') || !scan.Digits(2, offset_minutes)) return false;
  }
  // A leap second is read as the first of the next minute, as the machine's clock counts it.
  if (hour > 23 || minute > 59 || second > 60 || offset_hours > 23 || offset_minutes > 59 || !scan.AtEnd())
    return false;
  const minutes offset = hours(offset_hours) + minutes(offset_minutes);
  time = std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + fraction -
         (zone == '-' ? -offset : offset);
  return true;
}

bool ScanLocal(std::string_view text, absl::CivilSecond& local) {
  Scanner scan(text);
  Date date;
  if (!scan.DateOfYears1To9999(date)) return false;
  int hour = 0, minute = 0, second = 0;
  char separator;
  if (scan.OneOf("T ", separator)) {
    if (!scan.Digits(2, hour) || !scan.Character(':') || !scan.Digits(2, minute)) return false;
    if (scan.Character(':') && !scan.Digits(2, second)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59 || !scan.AtEnd()) return false;
  local = absl::CivilSecond(static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
                            static_cast<int>(static_cast<unsigned>(date.day())), hour, minute, second);
  return true;
}

// The moment of a local time: the first of two, or the end of the gap that swallowed it.
Time Resolve(const absl::TimeZone& zone, absl::CivilSecond local) {
  const absl::TimeZone::TimeInfo info = zone.At(local);
  const absl::Time time = info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
  return Time(Duration(absl::ToUnixMicros(time)));
}

// The zone database is read from files, so a name must not lead elsewhere.
bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.find("..") != std::string_view::npos || name == "localtime")
    return false;
  for (const char c : name) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!letter && !(c >= '0' && c <= '9') && c != '/' && c != '_' && c != '+' && c != '-') return false;
  }
  return name.front() != '/';
}

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

Time ManualClock::Now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void ManualClock::Advance(Duration by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
}

void ManualClock::Set(Time now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
}

std::string FormatRfc3339(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const auto since_midnight = static_cast<std::uint64_t>((time - day).count());
  const auto second = static_cast<std::uint32_t>(since_midnight / 1'000'000);
  const auto micros = static_cast<std::uint32_t>(since_midnight % 1'000'000);
  std::string text;
  text.reserve(27);
  AppendDate(text, Date(day));
  char clock[9] = {'T', 0, 0, ':', 0, 0, ':', 0, 0};
  PutDigits(clock + 1, second / 3600, 2);
  PutDigits(clock + 4, second / 60 % 60, 2);
  PutDigits(clock + 7, second % 60, 2);
  text.append(clock, 9);
  if (micros != 0) {
    char fraction[7] = {'.'};
    PutDigits(fraction + 1, micros, 6);
    text.append(fraction, 7);
  }
  text += 'Z';
  return text;
}

absl::StatusOr<Time> ParseRfc3339(std::string_view text) {
  Time time;
  if (!ScanRfc3339(text, time)) {
    return absl::InvalidArgumentError("is no RFC 3339 time, for example 2026-01-31T09:30:00Z");
  }
  return time;
}

std::string FormatDate(Date date) {
  std::string text;
  AppendDate(text, date);
  return text;
}

absl::StatusOr<Date> ParseDate(std::string_view text) {
  Scanner scan(text);
  Date date;
  if (!scan.DateOfYears1To9999(date) || !scan.AtEnd()) {
    return absl::InvalidArgumentError("is no date, for example 2026-01-31");
  }
  return date;
}

absl::StatusOr<TimeZone> TimeZone::Load(std::string_view name) {
  absl::TimeZone zone;
  if (!IsZoneName(name) || !absl::LoadTimeZone(ToAbsl(name), &zone)) {
    return absl::InvalidArgumentError("is no IANA time zone, for example Europe/Istanbul");
  }
  return TimeZone(std::string(name), zone);
}

TimeZone TimeZone::Utc() { return TimeZone("UTC", absl::UTCTimeZone()); }

Date TimeZone::LocalDate(Time time) const {
  const absl::CivilDay day = absl::ToCivilDay(absl::FromUnixMicros(time.time_since_epoch().count()), zone_);
  return Date(std::chrono::year(static_cast<int>(day.year())), std::chrono::month(static_cast<unsigned>(day.month())),
              std::chrono::day(static_cast<unsigned>(day.day())));
}

Time TimeZone::StartOfDay(Date date) const {
  return Resolve(zone_,
                 absl::CivilSecond(static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
                                   static_cast<int>(static_cast<unsigned>(date.day()))));
}

absl::StatusOr<Time> TimeZone::ParseLocal(std::string_view text) const {
  if (absl::CivilSecond local; ScanLocal(text, local)) return Resolve(zone_, local);
  if (Time time; ScanRfc3339(text, time)) return time;
  return absl::InvalidArgumentError("is no time, for example 2026-01-31 09:30:00 or 2026-01-31T09:30:00Z");
}

}  // namespace esnaf
