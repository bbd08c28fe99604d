#include "services/attribution/spend/spend_number.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

std::int64_t Micros(std::string_view cell, DecimalMark mark) {
  const auto micros = ParseMicros(cell, mark);
  INFO(std::string(cell));
  CHECK_OK(micros);
  return micros.value_or(-1);
}

std::optional<DecimalMark> MarkOf(std::initializer_list<std::string_view> numbers) {
  DecimalMarkEvidence evidence;
  for (const std::string_view number : numbers) evidence.Add(number);
  return evidence.mark();
}

// A number with this many thousandths, as people write it.
std::string Written(std::int64_t hundredths, char group, char mark) {
  std::string whole = std::to_string(hundredths / 100);
  if (group != '\0') {
    for (int at = static_cast<int>(whole.size()) - 3; at > 0; at -= 3)
      whole.insert(static_cast<std::size_t>(at), 1, group);
  }
  return absl::StrFormat("%s%c%02d", whole, mark, hundredths % 100);
}

}  // namespace

TEST_CASE("a number is read in every way of writing it, exactly", "[spend]") {
  CHECK(Micros("1,234.56", DecimalMark::kPoint) == 1'234'560'000);
  CHECK(Micros("1.234,56", DecimalMark::kComma) == 1'234'560'000);
  CHECK(Micros("1 234,56", DecimalMark::kComma) == 1'234'560'000);
  CHECK(Micros("1\xC2\xA0"
               "234,56 €",
               DecimalMark::kComma) == 1'234'560'000);
  CHECK(Micros("1'234.56", DecimalMark::kPoint) == 1'234'560'000);
  CHECK(Micros("₺12.345.678,9", DecimalMark::kComma) == 12'345'678'900'000);
  CHECK(Micros("TRY 0,07", DecimalMark::kComma) == 70'000);
  CHECK(Micros("12,50 TL", DecimalMark::kComma) == 12'500'000);
  CHECK(Micros("%29,52", DecimalMark::kComma) == 29'520'000);
  CHECK(Micros("-3.5", DecimalMark::kPoint) == -3'500'000);
  CHECK(Micros("0.1234560000", DecimalMark::kPoint) == 123'456);
  CHECK(Micros("9223372036854.775807", DecimalMark::kPoint) == INT64_MAX);
}

TEST_CASE("what is no number is refused", "[spend]") {
  for (const char* text :
       {"", "abc", "1,23,456", "1.2.3", "12,34.5", ",5", "5.", "1e5", "--5", "0x10", "1,2345", "٣"}) {
    INFO(text);
    CHECK_STATUS_IS(ParseMicros(text, DecimalMark::kPoint), absl::StatusCode::kInvalidArgument, "");
  }
  CHECK_STATUS_IS(ParseMicros("9223372036854.775808", DecimalMark::kPoint), absl::StatusCode::kOutOfRange, "");
  CHECK_STATUS_IS(ParseMicros("0.1234567", DecimalMark::kPoint), absl::StatusCode::kOutOfRange, "6 digits");
  CHECK_STATUS_IS(ParseCount("-1", DecimalMark::kPoint), absl::StatusCode::kInvalidArgument, "negative");
  CHECK_STATUS_IS(ParseCount("1.5", DecimalMark::kPoint), absl::StatusCode::kInvalidArgument, "");
  CHECK_STATUS_IS(ParsePlainMicros("1,234"), absl::StatusCode::kInvalidArgument, "");
}

TEST_CASE("a count is read whichever mark groups it", "[spend]") {
  for (const DecimalMark mark : {DecimalMark::kPoint, DecimalMark::kComma}) {
    CHECK(ParseCount("1,854", mark).value_or(-1) == 1854);
    CHECK(ParseCount("1.854", mark).value_or(-1) == 1854);
    CHECK(ParseCount("1.234.567", mark).value_or(-1) == 1234567);
    CHECK(ParseCount("0", mark).value_or(-1) == 0);
  }
}

TEST_CASE("numbers say what their decimal mark is, or nothing", "[spend]") {
  CHECK(MarkOf({"1.234,56"}) == DecimalMark::kComma);
  CHECK(MarkOf({"1,234.56"}) == DecimalMark::kPoint);
  CHECK(MarkOf({"0,123"}) == DecimalMark::kComma);
  CHECK(MarkOf({"12.5", "1,234"}) == DecimalMark::kPoint);
  CHECK(MarkOf({"1.234.567"}) == DecimalMark::kComma);
  CHECK(MarkOf({"1234.567"}) == DecimalMark::kPoint);
  CHECK(MarkOf({"1,234", "500", "--", ""}) == std::nullopt);
  CHECK(MarkOf({"1,5", "1.5"}) == std::nullopt);
  DecimalMarkEvidence both;
  both.Add("1,5");
  both.Add("1.5");
  CHECK(both.contradicts());
}

TEST_CASE("property: an amount that is written in any way reads as itself", "[spend]") {
  CHECK(rc::check("amounts", [] {
    const auto hundredths = *rc::gen::inRange<std::int64_t>(0, 900'000'000'000);
    RC_ASSERT(ParseMicros(Written(hundredths, ',', '.'), DecimalMark::kPoint).value() == hundredths * 10'000);
    RC_ASSERT(ParseMicros(Written(hundredths, '.', ','), DecimalMark::kComma).value() == hundredths * 10'000);
    RC_ASSERT(ParseMicros(Written(hundredths, ' ', ','), DecimalMark::kComma).value() == hundredths * 10'000);
    RC_ASSERT(ParseMicros(Written(hundredths, '\0', '.'), DecimalMark::kPoint).value() == hundredths * 10'000);
    DecimalMarkEvidence evidence;
    evidence.Add(Written(hundredths, '.', ','));
    RC_ASSERT(evidence.mark() == DecimalMark::kComma);
  }));
}

TEST_CASE("days are read as English, Turkish and German reports write them", "[spend]") {
  using namespace std::chrono_literals;
  const Date day = 2026y / 2 / 1d;
  for (const char* text :
       {"2026-02-01", "20260201", "2026/02/01", "01.02.2026", "1.2.2026", "Feb 1, 2026", "February 1, 2026",
        "1 Feb 2026", "1 Şub 2026", "1 Şubat 2026", "01 ŞUBAT 2026", "1. Februar 2026", " 2026-02-01 "}) {
    INFO(text);
    CHECK(ParseReportDay(text, std::nullopt).value_or(Date()) == day);
  }
  CHECK(ParseReportDay("2/1/2026", DateOrder::kMonthFirst).value_or(Date()) == day);
  CHECK(ParseReportDay("1/2/2026", DateOrder::kDayFirst).value_or(Date()) == day);
  CHECK(ParseReportDay("1 Ağustos 2026", std::nullopt).value_or(Date()) == 2026y / 8 / 1d);
  CHECK(ParseReportDay("31 Mai 2026", std::nullopt).value_or(Date()) == 2026y / 5 / 31d);
  CHECK(ParseReportDay("31 März 2026", std::nullopt).value_or(Date()) == 2026y / 3 / 31d);
  CHECK_STATUS_IS(ParseReportDay("1/2/2026", std::nullopt), absl::StatusCode::kInvalidArgument, "date_order");
  for (const char* text : {"", "--", "2026-02-30", "2026-13-01", "31/13/2026", "Total", "1.2", "yesterday",
                           "1026-01-01", "2026-257-01", "2026-01-257", "257/257/2026", "1.257.2026"}) {
    INFO(text);
    CHECK_STATUS_IS(ParseReportDay(text, std::nullopt), absl::StatusCode::kInvalidArgument, "");
  }
}

TEST_CASE("days with slashes say their order", "[spend]") {
  const auto order_of = [](std::initializer_list<std::string_view> days) {
    DateOrderEvidence evidence;
    for (const std::string_view day : days) evidence.Add(day);
    return evidence.order();
  };
  CHECK(order_of({"1/2/2026", "31/1/2026"}) == DateOrder::kDayFirst);
  CHECK(order_of({"1/2/2026", "1/31/2026"}) == DateOrder::kMonthFirst);
  CHECK(order_of({"1/2/2026"}) == std::nullopt);
}

TEST_CASE("property: no text makes the readers of numbers and days fail otherwise than by a status", "[spend]") {
  CHECK(rc::check("texts", [](const std::string& text) {
    ParseMicros(text, DecimalMark::kComma).status().IgnoreError();
    ParseCount(text, DecimalMark::kPoint).status().IgnoreError();
    ParseReportDay(text, std::nullopt).status().IgnoreError();
    DecimalMarkEvidence evidence;
    evidence.Add(text);
  }));
}

}  // namespace esnaf::attribution
