#include "libs/base/time.h"

#include <rapidcheck.h>

#include <thread>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

using namespace std::chrono_literals;
using std::chrono::January;
using std::chrono::March;
using std::chrono::sys_days;

// Between the years 1 and 9999, which RFC 3339 has.
rc::Gen<Time> AnyTime() {
  constexpr std::int64_t kFirst = -62'135'596'800'000'000;
  constexpr std::int64_t kBehind = 253'402'300'800'000'000;
  return rc::gen::map(rc::gen::inRange(kFirst, kBehind), [](std::int64_t micros) { return Time(Duration(micros)); });
}

Time At(std::string_view text) {
  ESNAF_REQUIRE_VALUE(const Time time, ParseRfc3339(text));
  return time;
}

TEST_CASE("RFC 3339 times are written with as many digits as they need") {
  CHECK(FormatRfc3339(Time()) == "1970-01-01T00:00:00Z");
  CHECK(FormatRfc3339(sys_days(2026y / January / 31) + 9h + 30min + 123456us) == "2026-01-31T09:30:00.123456Z");
  CHECK(FormatRfc3339(Time(-1us)) == "1969-12-31T23:59:59.999999Z");
  CHECK(FormatRfc3339(Time(1us)) == "1970-01-01T00:00:00.000001Z");
}

TEST_CASE("RFC 3339 times are read with any offset") {
  CHECK(At("2026-01-31T09:30:00Z") == sys_days(2026y / January / 31) + 9h + 30min);
  CHECK(At("2026-01-31t09:30:00z") == At("2026-01-31T09:30:00Z"));
  CHECK(At("2026-01-31 12:30:00+03:00") == At("2026-01-31T09:30:00Z"));
  CHECK(At("2026-01-31T04:00:00-05:30") == At("2026-01-31T09:30:00Z"));
  CHECK(At("2026-01-31T09:30:00.5Z") == At("2026-01-31T09:30:00Z") + 500ms);
  CHECK(At("2026-01-31T09:30:00.123456789Z") == At("2026-01-31T09:30:00Z") + 123456us);
  CHECK(At("2016-12-31T23:59:60Z") == At("2017-01-01T00:00:00Z"));
  CHECK(At("2024-02-29T00:00:00Z") == sys_days(2024y / 2 / 29));
}

TEST_CASE("What is no RFC 3339 time is refused") {
  const auto text =
      GENERATE(as<std::string>{}, "", "2026-01-31", "2026-01-31T09:30:00", "2026-01-31T09:30Z", "2026-02-30T00:00:00Z",
               "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z",
               "2026-01-31T09:30:61Z", "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00+3:00", "2026-01-31T09:30:00+24:00",
               "2026-01-31T09:30:00Z ", "0000-01-01T00:00:00Z", "26-01-31T09:30:00Z", "2026-01-31T09:30:00Zx",
               "-026-01-31T09:30:00Z");
  CAPTURE(text);
  CHECK_STATUS_IS(ParseRfc3339(text), absl::StatusCode::kInvalidArgument, "RFC 3339");
}

TEST_CASE("Every time is read back as it was written") {
  REQUIRE(rc::check("read(write(t)) == t", [] {
    const Time time = *AnyTime();
    const auto read = ParseRfc3339(FormatRfc3339(time));
    RC_ASSERT(read.ok());
    RC_ASSERT(*read == time);
  }));
}

TEST_CASE("Written times sort as the times do") {
  REQUIRE(rc::check("t < u within whole seconds has the same order as text", [] {
    const Time a = std::chrono::floor<std::chrono::seconds>(*AnyTime());
    const Time b = std::chrono::floor<std::chrono::seconds>(*AnyTime());
    RC_ASSERT((a < b) == (FormatRfc3339(a) < FormatRfc3339(b)));
  }));
}

TEST_CASE("Dates are read and written") {
  ESNAF_REQUIRE_VALUE(const Date leap_day, ParseDate("2024-02-29"));
  CHECK(FormatDate(leap_day) == "2024-02-29");
  CHECK_STATUS_IS(ParseDate("2023-02-29"), absl::StatusCode::kInvalidArgument, "no date");
  CHECK_STATUS_IS(ParseDate("2024-2-9"), absl::StatusCode::kInvalidArgument, "no date");
  CHECK_STATUS_IS(ParseDate("2024-02-29T"), absl::StatusCode::kInvalidArgument, "no date");
}

TEST_CASE("Zones are found by their IANA names only") {
  CHECK_OK(TimeZone::Load("Europe/Istanbul"));
  CHECK_OK(TimeZone::Load("America/Argentina/Buenos_Aires"));
  CHECK_OK(TimeZone::Load("UTC"));
  const auto name = GENERATE(as<std::string>{}, "", "Europe/Ankara", "localtime", "libc:localtime", "/etc/passwd",
                             "../../../etc/passwd", "Europe/Istanbul ", "+03:00");
  CAPTURE(name);
  CHECK_STATUS_IS(TimeZone::Load(name), absl::StatusCode::kInvalidArgument, "IANA");
}

TEST_CASE("A day begins at the zone's own midnight") {
  ESNAF_REQUIRE_VALUE(const TimeZone istanbul, TimeZone::Load("Europe/Istanbul"));
  CHECK(istanbul.name() == "Europe/Istanbul");
  CHECK(istanbul.StartOfDay(2026y / January / 31) == At("2026-01-30T21:00:00Z"));
  CHECK(istanbul.LocalDate(At("2026-01-30T20:59:59Z")) == 2026y / January / 30);
  CHECK(istanbul.LocalDate(At("2026-01-30T21:00:00Z")) == 2026y / January / 31);
  CHECK(TimeZone::Utc().StartOfDay(2026y / January / 31) == At("2026-01-31T00:00:00Z"));
  // Clocks in São Paulo went from midnight to one o'clock: the day's first moment is one o'clock.
  ESNAF_REQUIRE_VALUE(const TimeZone sao_paulo, TimeZone::Load("America/Sao_Paulo"));
  CHECK(sao_paulo.StartOfDay(2018y / 11 / 4) == At("2018-11-04T03:00:00Z"));
}

TEST_CASE("Local times are read in their zone") {
  ESNAF_REQUIRE_VALUE(const TimeZone london, TimeZone::Load("Europe/London"));
  const auto local = [&](std::string_view text) {
    ESNAF_REQUIRE_VALUE(const Time time, london.ParseLocal(text));
    return time;
  };
  CHECK(local("2011-07-01") == At("2011-06-30T23:00:00Z"));
  CHECK(local("2011-07-01 08:26") == At("2011-07-01T07:26:00Z"));
  CHECK(local("2011-12-01T08:26:15") == At("2011-12-01T08:26:15Z"));
  CHECK(local("2011-07-01T08:26:00Z") == At("2011-07-01T08:26:00Z"));
  CHECK(local("2011-07-01T08:26:00+02:00") == At("2011-07-01T06:26:00Z"));
  // 01:30 does not exist on the day the clocks go forward, and exists twice on the day they go back.
  CHECK(local("2011-03-27 01:30:00") == At("2011-03-27T01:00:00Z"));
  CHECK(local("2011-10-30 01:30:00") == At("2011-10-30T00:30:00Z"));
  CHECK_STATUS_IS(london.ParseLocal("2011-07-01 8:26"), absl::StatusCode::kInvalidArgument, "is no time");
  CHECK_STATUS_IS(london.ParseLocal("01/07/2011"), absl::StatusCode::kInvalidArgument, "is no time");
  CHECK_STATUS_IS(london.ParseLocal("2011-07-01 24:00"), absl::StatusCode::kInvalidArgument, "is no time");
}

TEST_CASE("The local date of a day's start is that day") {
  ESNAF_REQUIRE_VALUE(const TimeZone zone, TimeZone::Load("America/New_York"));
  REQUIRE(rc::check("LocalDate(StartOfDay(d)) == d", [&] {
    const Date date(sys_days(std::chrono::days(*rc::gen::inRange(-20'000, 40'000))));
    const Time start = zone.StartOfDay(date);
    RC_ASSERT(zone.LocalDate(start) == date);
    RC_ASSERT(zone.LocalDate(start - 1us) < date);
  }));
}

TEST_CASE("A manual clock stands still until it is moved") {
  ManualClock clock(Time(5us));
  CHECK(clock.Now() == Time(5us));
  std::thread([&] { clock.Advance(2us); }).join();
  CHECK(clock.Now() == Time(7us));
  clock.Set(Time(1us));
  CHECK(clock.Now() == Time(1us));
}

TEST_CASE("The machine's clock is past the day this was written") {
  CHECK(SystemClock().Now() > sys_days(2024y / January / 1));
}

}  // namespace
}  // namespace esnaf
