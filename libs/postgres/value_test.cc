// Values must survive the way into SQL text and back, whatever they hold; texts that are no value must be refused
// loudly and without being repeated.
#include "libs/postgres/value.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::postgres {
namespace {

std::string TextOf(const Param& param) {
  REQUIRE(param.text().has_value());
  return *param.text();
}

Time At(std::int64_t micros) { return Time(Duration(micros)); }

template <typename T>
T RoundTrip(const T& value) {
  return ParseValue<T>(*Param(value).text());
}

TEST_CASE("Parameters have the text that Postgres reads") {
  CHECK_FALSE(Param(std::nullopt).text().has_value());
  CHECK_FALSE(Param(std::optional<int>()).text().has_value());
  CHECK(TextOf(std::optional<std::string>("x")) == "x");
  CHECK(TextOf(true) == "t");
  CHECK(TextOf(false) == "f");
  CHECK(TextOf(-7) == "-7");
  CHECK(TextOf(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(TextOf(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(TextOf(std::size_t{3}) == "3");
  CHECK(TextOf(0.1) == "0.1");
  CHECK(TextOf(std::nan("")) == "NaN");
  CHECK(TextOf(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(TextOf("literal") == "literal");
  CHECK(TextOf(std::string_view("view")) == "view");
  CHECK(TextOf(Bytes{std::string("\0\xff\x0a", 3)}) == "\\x00ff0a");
  CHECK(TextOf(Uuid()) == "00000000-0000-0000-0000-000000000000");
}

TEST_CASE("Times are written and read as Postgres does in UTC") {
  CHECK(TextOf(At(0)) == "1970-01-01 00:00:00+00");
  CHECK(TextOf(At(-1)) == "1969-12-31 23:59:59.999999+00");
  CHECK(TextOf(At(1'769'851'800'123'456)) == "2026-01-31 09:30:00.123456+00");
  CHECK(TextOf(Time::max()) == "infinity");
  CHECK(TextOf(Time::min()) == "-infinity");
  CHECK(ParseValue<Time>("2026-01-31 09:30:00+00") == At(1'769'851'800'000'000));
  CHECK(ParseValue<Time>("2026-01-31 09:30:00.1+00") == At(1'769'851'800'100'000));
  CHECK(ParseValue<Time>("2026-01-31 12:30:00+03") == At(1'769'851'800'000'000));
  CHECK(ParseValue<Time>("2026-01-31 04:00:00-05:30") == At(1'769'851'800'000'000));
  CHECK(ParseValue<Time>("1909-12-31 23:56:56+01:56:56") == ParseValue<Time>("1909-12-31 22:00:00+00"));
  CHECK(ParseValue<Time>("0001-01-01 00:00:00+00 BC") == At(-62'167'219'200'000'000));
  CHECK(TextOf(At(-62'167'219'200'000'000)) == "0001-01-01 00:00:00+00 BC");
  CHECK(ParseValue<Time>("10000-01-01 00:00:00+00") == At(253'402'300'800'000'000));
  CHECK(ParseValue<Time>("infinity") == Time::max());
}

TEST_CASE("Days are written and read") {
  using std::chrono::year;
  CHECK(TextOf(Date(year(2024) / 2 / 29)) == "2024-02-29");
  CHECK(TextOf(Date(year(0) / 3 / 1)) == "0001-03-01 BC");
  CHECK(ParseValue<Date>("2024-02-29") == year(2024) / 2 / 29);
  CHECK(ParseValue<Date>("0044-03-15 BC") == year(-43) / 3 / 15);
  CHECK_THROWS_AS(ParseValue<Date>("infinity"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Date>("2024-2-29"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Date>("40000-01-01"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Date>("2024-01-01 00:00:00"), std::logic_error);
}

TEST_CASE("A text of another type is refused without being repeated") {
  CHECK_THROWS_AS(ParseValue<int>("12.0"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<int>("2147483648"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<int>(""), std::logic_error);
  CHECK_THROWS_AS(ParseValue<int>(" 1"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<std::int64_t>("9223372036854775808"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<std::uint64_t>("-1"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<double>("1.5x"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<bool>("true"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Uuid>("no-uuid"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Bytes>("x00"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Bytes>("\\x0"), std::logic_error);
  CHECK_THROWS_AS(ParseValue<Bytes>("\\x0g"), std::logic_error);
  for (const char* text : {"", "2026-01-31", "2026-01-31 09:30:00", "2026-01-31T09:30:00Z", "2026-13-31 09:30:00+00",
                           "2026-01-31 24:30:00+00", "2026-01-31 09:30:00.+00", "2026-01-31 09:30:00.1234567+00",
                           "2026-01-31 09:30:00+00 AD", "0000-01-31 09:30:00+00", "294276-01-01 00:00:00+00"}) {
    INFO(text);
    CHECK_THROWS_AS(ParseValue<Time>(text), std::logic_error);
  }
  try {
    ParseValue<int>("ayse@example.com");
    FAIL("an address is no number");
  } catch (const std::logic_error& error) {
    CHECK(std::string(error.what()).find("ayse") == std::string::npos);
  }
}

TEST_CASE("Arrays are written as literals that Postgres reads") {
  using Strings = std::vector<std::string>;
  CHECK(TextOf(Strings{}) == "{}");
  CHECK(TextOf(Strings{"a", "b c", "", "NULL", "null", R"(q"\)", "x,y", "{}", "ı"}) ==
        R"({a,"b c","","NULL","null","q\"\\","x,y","{}",ı})");
  CHECK(TextOf(std::vector<std::optional<std::string>>{std::nullopt, "x"}) == "{NULL,x}");
  CHECK(TextOf(std::vector<std::int64_t>{1, -2}) == "{1,-2}");
  CHECK(TextOf(std::vector<bool>{true, false}) == "{t,f}");
  CHECK(TextOf(std::vector<Bytes>{{std::string("\x01")}}) == R"({"\\x01"})");
}

TEST_CASE("Array literals are read") {
  using Strings = std::vector<std::string>;
  CHECK(ParseValue<Strings>("{}").empty());
  CHECK(ParseValue<Strings>(R"({a,"b c","","NULL",nul})") == Strings{"a", "b c", "", "NULL", "nul"});
  CHECK(ParseValue<Strings>(R"({"q\"\\","\x"})") == Strings{R"(q"\)", "x"});
  CHECK(ParseValue<Strings>("[0:1]={a,b}") == Strings{"a", "b"});
  CHECK(ParseValue<std::vector<std::optional<int>>>("{1,NULL,3}") ==
        std::vector<std::optional<int>>{1, std::nullopt, 3});
  CHECK(ParseValue<std::vector<bool>>("{t,f}") == std::vector<bool>{true, false});
  CHECK(ParseValue<std::vector<Time>>(R"({"1970-01-01 00:00:01+00"})") == std::vector<Time>{At(1'000'000)});
  CHECK_THROWS_AS(ParseValue<Strings>("{NULL}"), std::logic_error);
  for (const char* text : {"", "{", "}", "a,b", "{a", "{a,}", "{,a}", "{{a}}", R"({"a)", R"({"a\})", R"({"a"b})",
                           R"({a"b"})", "[0:1]", "[0:1]=", R"({"a\"})"}) {
    INFO(text);
    CHECK_THROWS_AS(ParseValue<Strings>(text), std::logic_error);
  }
}

TEST_CASE("Every value survives the round trip through its text") {
  REQUIRE(rc::check("integers", [](std::int64_t value, int small, std::uint64_t large) {
    RC_ASSERT(RoundTrip(value) == value);
    RC_ASSERT(RoundTrip(small) == small);
    RC_ASSERT(RoundTrip(large) == large);
  }));
  REQUIRE(rc::check("doubles to the last bit", [](double value) { RC_ASSERT(RoundTrip(value) == value); }));
  REQUIRE(rc::check("bytes", [](const std::string& data) { RC_ASSERT(RoundTrip(Bytes{data}).data == data); }));
  REQUIRE(rc::check("times of all that Postgres keeps", [] {
    // 4713 BC to the year 290000.
    const auto micros = *rc::gen::inRange<std::int64_t>(-210'866'803'200'000'000, 9'088'000'000'000'000'000);
    RC_ASSERT(RoundTrip(At(micros)) == At(micros));
  }));
  REQUIRE(rc::check("times of our days", [] {
    const auto micros = *rc::gen::inRange<std::int64_t>(0, 4'102'444'800'000'000);
    RC_ASSERT(RoundTrip(At(micros)) == At(micros));
  }));
  REQUIRE(rc::check("days", [] {
    const Date day(std::chrono::sys_days(std::chrono::days(*rc::gen::inRange(-2'000'000, 10'000'000))));
    RC_ASSERT(RoundTrip(day) == day);
  }));
  REQUIRE(rc::check(
      "uuids", [](const std::array<std::uint8_t, 16>& bytes) { RC_ASSERT(RoundTrip(Uuid(bytes)) == Uuid(bytes)); }));
}

TEST_CASE("Every array survives the round trip through its literal") {
  const auto nasty = rc::gen::container<std::string>(
      rc::gen::element('a', '"', '\\', '{', '}', ',', ' ', '\n', 'N', 'U', 'L', '\'', '\xc4', '\xb1'));
  REQUIRE(rc::check("of texts", [&] {
    const auto values = *rc::gen::container<std::vector<std::string>>(nasty);
    RC_ASSERT(RoundTrip(values) == values);
  }));
  REQUIRE(rc::check("of any bytes",
                    [](const std::vector<std::string>& values) { RC_ASSERT(RoundTrip(values) == values); }));
  REQUIRE(rc::check("of texts and NULLs", [&] {
    std::vector<std::optional<std::string>> values;
    for (std::string& text : *rc::gen::container<std::vector<std::string>>(nasty)) {
      if (text.size() % 3 == 0) {
        values.push_back(std::nullopt);
      } else {
        values.push_back(std::move(text));
      }
    }
    RC_ASSERT(RoundTrip(values) == values);
  }));
  REQUIRE(
      rc::check("of numbers", [](const std::vector<std::int64_t>& values) { RC_ASSERT(RoundTrip(values) == values); }));
  REQUIRE(
      rc::check("of truth values", [](const std::vector<bool>& values) { RC_ASSERT(RoundTrip(values) == values); }));
}

TEST_CASE("No text makes the array reader read outside of it") {
  REQUIRE(rc::check("random literals give elements or an error", [] {
    const auto text = *rc::gen::container<std::string>(rc::gen::element('{', '}', '"', '\\', ',', 'a', '[', '=', ' '));
    std::size_t length = 0;
    try {
      for (ArrayReader reader(text); reader.Next();) length += reader.text().size();
    } catch (const std::logic_error&) {
      return;
    }
    RC_ASSERT(length <= text.size());
  }));
}

}  // namespace
}  // namespace esnaf::postgres
