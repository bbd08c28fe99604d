// Times and days as Postgres writes them with `DateStyle = ISO` and `TimeZone = UTC`, by hand: they are in nearly every
// row, and the general parsers are many times slower.
#include <stdexcept>

#include "libs/postgres/value.h"

namespace esnaf::postgres {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

[[noreturn]] void ThrowNoTime() { throw std::logic_error("a column's text is no timestamptz"); }
[[noreturn]] void ThrowNoDate() { throw std::logic_error("a column's text is no date"); }

struct Civil {
  std::int64_t year;  // astronomical: 0 is 1 BC
  int month;
  int day;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar. std::chrono's own ends at the year 32767, Postgres' does
// not. The year begins in March here, so that the leap day is its last.
constexpr std::int64_t DaysOf(Civil civil) {
  const std::int64_t year = civil.year - (civil.month <= 2);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (civil.month + (civil.month > 2 ? -3 : 9)) + 2) / 5 + civil.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr Civil CivilOf(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month_from_march = static_cast<int>((5 * day_of_year + 2) / 153);
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = month_from_march + (month_from_march < 10 ? 3 : -9);
  return {year_of_era + era * 400 + (month <= 2), month, day};
}

void AppendDigits(std::string& out, std::int64_t value, int width) {
  char buffer[20];
  char* begin = buffer + sizeof(buffer);
  while (value > 0 || width > 0) {
    *--begin = static_cast<char>('0' + value % 10);
    value /= 10;
    --width;
  }
  out.append(begin, buffer + sizeof(buffer));
}

void AppendDay(std::string& out, const Civil& civil) {
  AppendDigits(out, civil.year > 0 ? civil.year : 1 - civil.year, 4);
  out.push_back('-');
  AppendDigits(out, civil.month, 2);
  out.push_back('-');
  AppendDigits(out, civil.day, 2);
}

// Reads a text from its front; each step fails by answering false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool Digits(int least, int most, std::int64_t& value) {
    value = 0;
    int count = 0;
    while (count < most && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++count;
    }
    return count >= least;
  }
  bool Number(int least, int most, int lowest, int highest, int& value) {
    std::int64_t wide;
    if (!Digits(least, most, wide) || wide < lowest || wide > highest) return false;
    value = static_cast<int>(wide);
    return true;
  }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Take(std::string_view part) {
    if (!rest_.starts_with(part)) return false;
    rest_.remove_prefix(part.size());
    return true;
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool ScanDay(Scanner& scanner, Civil& civil) {
  return scanner.Digits(4, 6, civil.year) && civil.year > 0 && scanner.Take('-') &&
         scanner.Number(2, 2, 1, 12, civil.month) && scanner.Take('-') && scanner.Number(2, 2, 1, 31, civil.day);
}

bool ScanTimeOfDay(Scanner& scanner, std::int64_t& micros) {
  int hour, minute, second;
  if (!scanner.Number(2, 2, 0, 23, hour) || !scanner.Take(':') || !scanner.Number(2, 2, 0, 59, minute) ||
      !scanner.Take(':') || !scanner.Number(2, 2, 0, 59, second)) {
    return false;
  }
  micros = (hour * 3600 + minute * 60 + second) * kMicrosPerSecond;
  if (!scanner.Take('.')) return true;
  std::int64_t unit = kMicrosPerSecond;
  for (std::int64_t digit; unit > 1 && scanner.Digits(1, 1, digit);) {
    unit /= 10;
    micros += digit * unit;
  }
  return unit < kMicrosPerSecond;
}

// `+00`, `-03:30` or, in old zones, `+01:56:56`. A text without one is no timestamptz.
bool ScanOffset(Scanner& scanner, std::int64_t& seconds) {
  const bool negative = scanner.Take('-');
  if (!negative && !scanner.Take('+')) return false;
  int hours, minutes = 0, rest = 0;
  if (!scanner.Number(2, 2, 0, 15, hours)) return false;
  if (scanner.Take(':') && !scanner.Number(2, 2, 0, 59, minutes)) return false;
  if (scanner.Take(':') && !scanner.Number(2, 2, 0, 59, rest)) return false;
  seconds = hours * 3600 + minutes * 60 + rest;
  if (negative) seconds = -seconds;
  return true;
}

}  // namespace

Param::Param(Time value) {
  if (value == Time::max()) {
    text_ = "infinity";
    return;
  }
  if (value == Time::min()) {
    text_ = "-infinity";
    return;
  }
  const std::int64_t micros = value.time_since_epoch().count();
  std::int64_t seconds = micros / kMicrosPerSecond;
  std::int64_t fraction = micros % kMicrosPerSecond;
  if (fraction < 0) {
    fraction += kMicrosPerSecond;
    --seconds;
  }
  std::int64_t days = seconds / kSecondsPerDay;
  std::int64_t second_of_day = seconds % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --days;
  }
  const Civil civil = CivilOf(days);
  std::string& out = text_.emplace();
  out.reserve(32);
  AppendDay(out, civil);
  out.push_back(' ');
  AppendDigits(out, second_of_day / 3600, 2);
  out.push_back(':');
  AppendDigits(out, second_of_day / 60 % 60, 2);
  out.push_back(':');
  AppendDigits(out, second_of_day % 60, 2);
  if (fraction != 0) {
    out.push_back('.');
    AppendDigits(out, fraction, 6);
  }
  out += civil.year > 0 ? "+00" : "+00 BC";
}

Param::Param(Date value) {
  const Civil civil{static_cast<int>(value.year()), static_cast<int>(static_cast<unsigned>(value.month())),
                    static_cast<int>(static_cast<unsigned>(value.day()))};
  std::string& out = text_.emplace();
  AppendDay(out, civil);
  if (civil.year <= 0) out += " BC";
}

template <>
Time ParseValue<Time>(std::string_view text) {
  if (text == "infinity") return Time::max();
  if (text == "-infinity") return Time::min();
  Scanner scanner(text);
  Civil civil;
  std::int64_t micros, offset;
  if (!ScanDay(scanner, civil) || !scanner.Take(' ') || !ScanTimeOfDay(scanner, micros) ||
      !ScanOffset(scanner, offset)) {
    ThrowNoTime();
  }
  if (scanner.Take(" BC")) civil.year = 1 - civil.year;
  // Postgres counts from 2000 and so reaches thirty years further than a Time can.
  constexpr std::int64_t kLastYear = 290'000;
  if (!scanner.AtEnd() || civil.year > kLastYear) ThrowNoTime();
  return Time(Duration(DaysOf(civil) * kSecondsPerDay * kMicrosPerSecond + micros - offset * kMicrosPerSecond));
}

template <>
Date ParseValue<Date>(std::string_view text) {
  Scanner scanner(text);
  Civil civil;
  if (!ScanDay(scanner, civil)) ThrowNoDate();
  if (scanner.Take(" BC")) civil.year = 1 - civil.year;
  constexpr std::int64_t kLastYear = static_cast<int>(std::chrono::year::max());
  if (!scanner.AtEnd() || civil.year > kLastYear || civil.year < -kLastYear) ThrowNoDate();
  return std::chrono::year(static_cast<int>(civil.year)) / civil.month / civil.day;
}

}  // namespace esnaf::postgres
