#include "services/attribution/spend/currency_rate.h"

#include <rapidcheck.h>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

using namespace std::chrono_literals;

Currency Of(const char* code) { return Currency::Parse(code).value(); }

RateTable Dollars(std::initializer_list<std::pair<Date, const char*>> rates) {
  RateTable table;
  for (const auto& [day, rate] : rates) table.Add({Of("USD"), Of("TRY"), day, ParseRate(rate).value(), "TCMB"});
  return table;
}

}  // namespace

TEST_CASE("a rate is read exactly and written as it was", "[rates]") {
  CHECK(ParseRate("41.1234").value() == 41'123'400'000);
  CHECK(ParseRate("41").value() == 41'000'000'000);
  CHECK(ParseRate("0.000000001").value() == 1);
  for (const char* text : {"", "0", "0.0", "-1", "1,5", ".5", "5.", "1.0000000001", "1e3", "99999999999", "abc"}) {
    INFO(text);
    CHECK_STATUS_IS(ParseRate(text), absl::StatusCode::kInvalidArgument, "is no rate");
  }
  CHECK(FormatRate(41'123'400'000) == "41.1234");
  CHECK(FormatRate(41'000'000'000) == "41");
  CHECK(FormatRate(1) == "0.000000001");
  CHECK(rc::check("round trip", [] {
    const auto nanos = *rc::gen::inRange<std::int64_t>(1, INT64_MAX);
    RC_ASSERT(ParseRate(FormatRate(nanos)).value() == nanos);
  }));
}

TEST_CASE("a cost is converted at the rate of its day and rounded once", "[rates]") {
  const RateTable table = Dollars({{2026y / 1 / 5d, "41.125"}, {2026y / 1 / 6d, "42"}});
  CHECK(table.Convert(10'010'000, Of("USD"), Of("TRY"), 2026y / 1 / 5d).value() == Money{41166, Of("TRY")});
  CHECK(table.Convert(1'000'000, Of("USD"), Of("TRY"), 2026y / 1 / 6d).value().minor == 4200);
  // Half a kuruş goes away from zero.
  CHECK(Dollars({{2026y / 1 / 5d, "1"}}).Convert(5'000, Of("USD"), Of("TRY"), 2026y / 1 / 5d).value().minor == 1);
  // The same currency needs no rate.
  CHECK(table.Convert(1'230'000, Of("TRY"), Of("TRY"), 2020y / 1 / 1d).value().minor == 123);
}

TEST_CASE("a rate holds seven days, and the one that is missing is named", "[rates]") {
  const RateTable table = Dollars({{2026y / 1 / 2d, "40"}});
  CHECK(table.Convert(1'000'000, Of("USD"), Of("TRY"), 2026y / 1 / 9d).value().minor == 4000);
  const absl::Status late = table.Convert(1, Of("USD"), Of("TRY"), 2026y / 1 / 10d).status();
  CHECK_STATUS_IS(late, absl::StatusCode::kFailedPrecondition, "from USD to TRY for 2026-01-10");
  CHECK(ErrorReason(late) == "CURRENCY_RATE_MISSING");
  CHECK(ErrorMetadataValue(late, "day") == "2026-01-10");
  CHECK_STATUS_IS(table.Convert(1, Of("USD"), Of("TRY"), 2026y / 1 / 1d), absl::StatusCode::kFailedPrecondition, "");
  CHECK_STATUS_IS(table.Convert(1, Of("EUR"), Of("TRY"), 2026y / 1 / 2d), absl::StatusCode::kFailedPrecondition, "EUR");
  CHECK_STATUS_IS(table.Convert(1, Of("USD"), Of("EUR"), 2026y / 1 / 2d), absl::StatusCode::kFailedPrecondition, "EUR");
}

TEST_CASE("a cost that does not fit is refused", "[rates]") {
  const RateTable table = Dollars({{2026y / 1 / 2d, "1000000000"}});
  CHECK_STATUS_IS(table.Convert(INT64_MAX, Of("USD"), Of("TRY"), 2026y / 1 / 2d), absl::StatusCode::kOutOfRange, "");
}

}  // namespace esnaf::attribution
