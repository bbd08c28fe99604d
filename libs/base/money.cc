#include "libs/base/money.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "libs/base/check.h"
#include "libs/base/macros.h"

namespace esnaf {
namespace {

// A product of two 64-bit numbers always fits.
__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

constexpr int kMaxDigitsBelowMinorUnit = 6;

absl::Status NoDecimal() { return absl::InvalidArgumentError("is no decimal number, for example 1234.50"); }
absl::Status OutOfRange() { return absl::OutOfRangeError("the amount does not fit 64 bits of minor units"); }

std::int64_t PowerOfTen(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// A decimal number as an integer of `scale` digits behind the point.
struct Decimal {
  std::int64_t mantissa = 0;
  int scale = 0;
};

// Reads digits with one point at most, which has digits on both sides.
absl::StatusOr<Decimal> ParseDecimal(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  if (text.empty() || point == 0 || text.back() == '.') return NoDecimal();
  Decimal decimal;
  if (point != std::string_view::npos)
    decimal.scale = static_cast<int>(std::min<std::size_t>(text.size() - point - 1, 100));
  bool fits = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (text[i] < '0' || text[i] > '9') return NoDecimal();
    const int digit = negative ? '0' - text[i] : text[i] - '0';
    fits = fits && !__builtin_mul_overflow(decimal.mantissa, 10, &decimal.mantissa) &&
           !__builtin_add_overflow(decimal.mantissa, digit, &decimal.mantissa);
  }
  if (!fits) return OutOfRange();
  return decimal;
}

// The decimal with at least `scale` digits behind the point.
absl::StatusOr<Decimal> Widen(Decimal decimal, int scale) {
  if (decimal.scale >= scale) return decimal;
  ESNAF_ASSIGN_OR_RETURN(decimal.mantissa, CheckedMultiply(decimal.mantissa, PowerOfTen(scale - decimal.scale)));
  decimal.scale = scale;
  return decimal;
}

// ISO 4217's list one: what money can be paid in, as of 2025, and what was withdrawn since 2004, which old orders speak
// of. In order.
constexpr auto kCurrencies = std::to_array<std::string_view>(
    {"AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZM", "AZN", "BAM", "BBD", "BDT", "BGN",
     "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BYR", "BZD", "CAD", "CDF",
     "CHE", "CHF", "CHW", "CLF", "CLP", "CNY", "COP", "COU", "CRC", "CUC", "CUP", "CVE", "CYP", "CZK", "DJF",
     "DKK", "DOP", "DZD", "EEK", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHC", "GHS", "GIP",
     "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK",
     "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR",
     "LRD", "LSL", "LTL", "LVL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRO", "MRU", "MTL",
     "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZM", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR",
     "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "ROL", "RON", "RSD", "RUB", "RWF", "SAR", "SBD",
     "SCR", "SDD", "SDG", "SEK", "SGD", "SHP", "SIT", "SKK", "SLE", "SLL", "SOS", "SRD", "SSP", "STD", "STN",
     "SVC", "SYP", "SZL", "THB", "TJS", "TMM", "TMT", "TND", "TOP", "TRL", "TRY", "TTD", "TWD", "TZS", "UAH",
     "UGX", "USD", "USN", "UYI", "UYU", "UYW", "UZS", "VEB", "VED", "VEF", "VES", "VND", "VUV", "WST", "XAF",
     "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMK", "ZMW", "ZWD", "ZWG", "ZWL", "ZWN", "ZWR"});

absl::Status TooManyDigits(int most) {
  return absl::InvalidArgumentError("has more than " + std::to_string(most) + " digits behind the point");
}

}  // namespace

absl::StatusOr<Currency> Currency::Parse(std::string_view code) {
  if (!std::binary_search(kCurrencies.begin(), kCurrencies.end(), code)) {
    return absl::InvalidArgumentError("is no ISO 4217 currency code, for example TRY");
  }
  Currency currency;
  std::copy(code.begin(), code.end(), currency.code_);
  return currency;
}

std::string Currency::code() const { return empty() ? std::string() : std::string(code_, 3); }

int Currency::exponent() const {
  // ISO 4217 as of 2025; every other currency has two digits.
  static constexpr std::array<std::string_view, 19> kNone = {"BIF", "BYR", "CLP", "DJF", "GNF", "ISK", "JPY",
                                                             "KMF", "KRW", "PYG", "RWF", "TRL", "UGX", "UYI",
                                                             "VND", "VUV", "XAF", "XOF", "XPF"};
  static constexpr std::array<std::string_view, 7> kThree = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
  static constexpr std::array<std::string_view, 2> kFour = {"CLF", "UYW"};
  const std::string_view code(code_, 3);
  const auto is_one_of = [&](const auto& codes) { return std::find(codes.begin(), codes.end(), code) != codes.end(); };
  if (is_one_of(kNone)) return 0;
  if (is_one_of(kThree)) return 3;
  return is_one_of(kFour) ? 4 : 2;
}

absl::StatusOr<std::int64_t> CheckedAdd(std::int64_t a, std::int64_t b) {
  std::int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return OutOfRange();
  return sum;
}

absl::StatusOr<std::int64_t> CheckedMultiply(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return OutOfRange();
  return product;
}

absl::StatusOr<Money> ParseMoney(std::string_view decimal, Currency currency) {
  ESNAF_ASSIGN_OR_RETURN(const Decimal parsed, ParseDecimal(decimal));
  const int exponent = currency.exponent();
  if (parsed.scale > exponent) return TooManyDigits(exponent);
  ESNAF_ASSIGN_OR_RETURN(const Decimal minor, Widen(parsed, exponent));
  return Money{minor.mantissa, currency};
}

absl::StatusOr<Money> ExtendPrice(std::string_view unit_price, std::int64_t quantity, Currency currency) {
  ESNAF_ASSIGN_OR_RETURN(const Decimal parsed, ParseDecimal(unit_price));
  const int exponent = currency.exponent();
  const int most = exponent + kMaxDigitsBelowMinorUnit;
  if (parsed.scale > most) return TooManyDigits(most);
  ESNAF_ASSIGN_OR_RETURN(const Decimal price, Widen(parsed, exponent));
  const Int128 product = static_cast<Int128>(price.mantissa) * quantity;
  const Int128 divisor = PowerOfTen(price.scale - exponent);
  const Int128 remainder = product % divisor;
  Int128 minor = product / divisor;
  if (2 * (remainder < 0 ? -remainder : remainder) >= divisor && remainder != 0) minor += product < 0 ? -1 : 1;
  if (minor > std::numeric_limits<std::int64_t>::max() || minor < std::numeric_limits<std::int64_t>::min()) {
    return OutOfRange();
  }
  return Money{static_cast<std::int64_t>(minor), currency};
}

std::string FormatMoney(Money money) {
  const auto magnitude =
      money.minor < 0 ? 0 - static_cast<std::uint64_t>(money.minor) : static_cast<std::uint64_t>(money.minor);
  std::string digits = std::to_string(magnitude);
  const auto exponent = static_cast<std::size_t>(money.currency.exponent());
  if (digits.size() <= exponent) digits.insert(0, exponent + 1 - digits.size(), '0');
  if (exponent > 0) digits.insert(digits.size() - exponent, 1, '.');
  return money.minor < 0 ? "-" + digits : digits;
}

std::vector<std::int64_t> AllocateByLargestRemainder(std::int64_t total, std::span<const std::int64_t> weights) {
  ESNAF_CHECK(!weights.empty());
  ESNAF_CHECK(std::all_of(weights.begin(), weights.end(), [](std::int64_t weight) { return weight >= 0; }));
  std::vector<std::int64_t> parts(weights.size(), 0);
  const Uint128 weight_sum =
      std::accumulate(weights.begin(), weights.end(), Uint128{0},
                      [](Uint128 sum, std::int64_t weight) { return sum + static_cast<Uint128>(weight); });
  if (weight_sum == 0) {
    parts[0] = total;
    return parts;
  }
  // The magnitude of the smallest int64 is one more than the largest, so sums are kept unsigned.
  const bool negative = total < 0;
  const std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(total) : static_cast<std::uint64_t>(total);
  std::vector<std::uint64_t> shares(weights.size());
  std::vector<Uint128> remainders(weights.size());
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Uint128 product = static_cast<Uint128>(magnitude) * static_cast<Uint128>(weights[i]);
    shares[i] = static_cast<std::uint64_t>(product / weight_sum);
    remainders[i] = product % weight_sum;
    given += shares[i];
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < magnitude; ++i, ++given) ++shares[order[i]];
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i] = static_cast<std::int64_t>(negative ? 0 - shares[i] : shares[i]);
  }
  return parts;
}

}  // namespace esnaf
