#include "libs/base/money.h"

#include <rapidcheck.h>

#include <limits>
#include <numeric>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Currency Of(std::string_view code) {
  ESNAF_REQUIRE_VALUE(const Currency currency, Currency::Parse(code));
  return currency;
}

std::int64_t Minor(std::string_view decimal, std::string_view code) {
  ESNAF_REQUIRE_VALUE(const Money money, ParseMoney(decimal, Of(code)));
  return money.minor;
}

std::int64_t Extended(std::string_view unit_price, std::int64_t quantity, std::string_view code = "GBP") {
  ESNAF_REQUIRE_VALUE(const Money money, ExtendPrice(unit_price, quantity, Of(code)));
  return money.minor;
}

rc::Gen<std::int64_t> AnyAmount() {
  return rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(), rc::gen::inRange<std::int64_t>(-100'000, 100'000),
                        rc::gen::elementOf(std::vector<std::int64_t>{kLeast, kLeast + 1, -1, 0, 1, kMost - 1, kMost}));
}

TEST_CASE("Currencies are those of ISO 4217 and know their minor unit") {
  CHECK(Of("TRY").code() == "TRY");
  CHECK(Of("TRY") == Of("TRY"));
  CHECK(Of("EUR") != Of("TRY"));
  CHECK(Currency().empty());
  CHECK(Currency().code().empty());
  CHECK(Of("TRY").exponent() == 2);
  CHECK(Of("JPY").exponent() == 0);
  CHECK(Of("KWD").exponent() == 3);
  CHECK(Of("CLF").exponent() == 4);
  const auto code = GENERATE(as<std::string>{}, "", "TR", "TRYY", "try", "TR1", "TR ", "TRX");
  CAPTURE(code);
  CHECK_STATUS_IS(Currency::Parse(code), absl::StatusCode::kInvalidArgument, "ISO 4217");
}

TEST_CASE("Decimals are read exactly") {
  CHECK(Minor("1234.5", "TRY") == 123450);
  CHECK(Minor("-0.05", "TRY") == -5);
  CHECK(Minor("12", "TRY") == 1200);
  CHECK(Minor("0", "TRY") == 0);
  CHECK(Minor("-0", "TRY") == 0);
  CHECK(Minor("007.50", "TRY") == 750);
  CHECK(Minor("12", "JPY") == 12);
  CHECK(Minor("1.234", "KWD") == 1234);
  CHECK(Minor("92233720368547758.07", "TRY") == kMost);
  CHECK(Minor("-92233720368547758.08", "TRY") == kLeast);
}

TEST_CASE("What is no amount of the currency is refused") {
  const auto text = GENERATE(as<std::string>{}, "", "-", ".", "1.", ".5", "1,5", "1.2.3", "--1", "+1", "1e3", " 1",
                             "1 ", "0x10", "1-");
  CAPTURE(text);
  CHECK_STATUS_IS(ParseMoney(text, Of("TRY")), absl::StatusCode::kInvalidArgument, "decimal");
}

TEST_CASE("Too many digits and too much money are refused") {
  CHECK_STATUS_IS(ParseMoney("1.234", Of("TRY")), absl::StatusCode::kInvalidArgument, "more than 2 digits");
  CHECK_STATUS_IS(ParseMoney("1.0", Of("JPY")), absl::StatusCode::kInvalidArgument, "more than 0 digits");
  CHECK_STATUS_IS(ParseMoney("92233720368547758.08", Of("TRY")), absl::StatusCode::kOutOfRange, "64 bits");
  CHECK_STATUS_IS(ParseMoney("-92233720368547758.09", Of("TRY")), absl::StatusCode::kOutOfRange, "64 bits");
  CHECK_STATUS_IS(ParseMoney("9223372036854775807", Of("TRY")), absl::StatusCode::kOutOfRange, "64 bits");
  CHECK_STATUS_IS(ParseMoney(std::string(300, '9'), Of("TRY")), absl::StatusCode::kOutOfRange, "64 bits");
}

TEST_CASE("Every amount is read back as it was written") {
  REQUIRE(rc::check("read(write(m)) == m", [] {
    const Currency currency = *Currency::Parse(*rc::gen::element<std::string>("TRY", "JPY", "KWD", "CLF"));
    const Money money{*AnyAmount(), currency};
    const auto read = ParseMoney(FormatMoney(money), currency);
    RC_ASSERT(read.ok());
    RC_ASSERT(*read == money);
  }));
}

TEST_CASE("Amounts are written with the digits of their currency") {
  CHECK(FormatMoney({123450, Of("TRY")}) == "1234.50");
  CHECK(FormatMoney({-5, Of("TRY")}) == "-0.05");
  CHECK(FormatMoney({5, Of("JPY")}) == "5");
  CHECK(FormatMoney({5, Of("KWD")}) == "0.005");
  CHECK(FormatMoney({kLeast, Of("TRY")}) == "-92233720368547758.08");
}

TEST_CASE("Unit prices are rounded once, half away from zero, after the quantity") {
  CHECK(Extended("2.55", 6) == 1530);
  CHECK(Extended("0.005", 1) == 1);
  CHECK(Extended("0.004", 1) == 0);
  CHECK(Extended("0.004", 2) == 1);
  CHECK(Extended("0.001", 1000) == 100);
  CHECK(Extended("-0.005", 1) == -1);
  CHECK(Extended("0.005", -1) == -1);
  CHECK(Extended("2.5", -3) == -750);
  CHECK(Extended("0.12345678", 100'000'000) == 1'234'567'800);
  CHECK(Extended("1.5", 3, "JPY") == 5);
  CHECK(Extended("3", 4, "KWD") == 12'000);
  CHECK(Extended("10", 0) == 0);
}

TEST_CASE("Prices that cannot be extended are refused") {
  CHECK_STATUS_IS(ExtendPrice("0.123456789", 1, Of("GBP")), absl::StatusCode::kInvalidArgument, "more than 8 digits");
  CHECK_STATUS_IS(ExtendPrice("a", 1, Of("GBP")), absl::StatusCode::kInvalidArgument, "decimal");
  CHECK_STATUS_IS(ExtendPrice("92233720368547758.07", 2, Of("GBP")), absl::StatusCode::kOutOfRange, "64 bits");
  CHECK_STATUS_IS(ExtendPrice("92233720368547758.07", kLeast, Of("GBP")), absl::StatusCode::kOutOfRange, "64 bits");
}

TEST_CASE("Extending by whole minor units is multiplication") {
  REQUIRE(rc::check("extend(write(m), q) == m * q", [] {
    const Currency currency = *Currency::Parse("TRY");
    const std::int64_t minor = *AnyAmount();
    const std::int64_t quantity = *rc::gen::inRange<std::int64_t>(-1000, 1000);
    const auto product = CheckedMultiply(minor, quantity);
    const auto extended = ExtendPrice(FormatMoney({minor, currency}), quantity, currency);
    RC_ASSERT(extended.ok() == product.ok());
    if (product.ok()) RC_ASSERT(extended->minor == *product);
  }));
}

TEST_CASE("Sums and products that do not fit are errors") {
  CHECK(*CheckedAdd(kMost - 1, 1) == kMost);
  CHECK_STATUS_IS(CheckedAdd(kMost, 1), absl::StatusCode::kOutOfRange, "64 bits");
  CHECK_STATUS_IS(CheckedAdd(kLeast, -1), absl::StatusCode::kOutOfRange, "64 bits");
  CHECK(*CheckedMultiply(kMost, -1) == -kMost);
  CHECK_STATUS_IS(CheckedMultiply(kLeast, -1), absl::StatusCode::kOutOfRange, "64 bits");
}

TEST_CASE("Amounts are split by the largest remainder") {
  const auto split = [](std::int64_t total, std::vector<std::int64_t> weights) {
    return AllocateByLargestRemainder(total, weights);
  };
  using Parts = std::vector<std::int64_t>;
  CHECK(split(100, {1, 1, 1}) == Parts{34, 33, 33});
  CHECK(split(-100, {1, 1, 1}) == Parts{-34, -33, -33});
  CHECK(split(5, {3, 7}) == Parts{2, 3});  // 1.5 and 3.5: the lower index wins the tie
  CHECK(split(10, {0, 1, 0}) == Parts{0, 10, 0});
  CHECK(split(7, {0, 0}) == Parts{7, 0});
  CHECK(split(0, {4, 5}) == Parts{0, 0});
  CHECK(split(kLeast, {1}) == Parts{kLeast});
  CHECK(split(kMost, {kMost, kMost}) == Parts{kMost / 2 + 1, kMost / 2});
}

TEST_CASE("The parts of a split add up and each is within one of its exact share") {
  REQUIRE(rc::check("sum(parts) == total, |part - share| < 1, mirror image for the negative total", [] {
    const std::int64_t total = *AnyAmount();
    const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 50), rc::gen::inRange<std::int64_t>(0, kMost))));
    const auto parts = AllocateByLargestRemainder(total, weights);
    __extension__ using Wide = __int128;
    RC_ASSERT(std::accumulate(parts.begin(), parts.end(), Wide{0}) == total);
    const Wide weight_sum = std::accumulate(weights.begin(), weights.end(), Wide{0});
    if (weight_sum == 0) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      RC_ASSERT((parts[i] >= 0) == (total >= 0) || parts[i] == 0);
      // |part * sum - total * weight| < sum, in long double where the product would not fit.
      const long double exact =
          static_cast<long double>(total) * static_cast<long double>(weights[i]) / static_cast<long double>(weight_sum);
      const long double slack = 1.0L + std::abs(exact) * 1e-17L;
      RC_ASSERT(std::abs(static_cast<long double>(parts[i]) - exact) < slack);
    }
    if (total != kLeast) {
      auto mirrored = AllocateByLargestRemainder(-total, weights);
      for (std::int64_t& part : mirrored) part = -part;
      RC_ASSERT(mirrored == parts);
    }
  }));
}

}  // namespace
}  // namespace esnaf
