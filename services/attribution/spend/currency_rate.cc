#include "services/attribution/spend/currency_rate.h"

#include <charconv>
#include <limits>

#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

// A product of two 64-bit numbers always fits.
__extension__ using Int128 = __int128;

constexpr int kNanosDigits = 9;
constexpr int kMicrosDigits = 6;
constexpr std::int64_t kBillion = 1'000'000'000;

Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

absl::StatusOr<std::int64_t> ParseRate(std::string_view text) {
  const absl::Status no_rate = absl::InvalidArgumentError("is no rate, for example 41.1234");
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (point == 0 || fraction.size() > kNanosDigits || (point + 1 == text.size())) return no_rate;
  std::string digits(text.substr(0, point));
  digits += fraction;
  digits.append(kNanosDigits - fraction.size(), '0');
  if (digits.find_first_not_of("0123456789") != std::string::npos) return no_rate;
  std::int64_t nanos = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), nanos);
  if (error != std::errc() || nanos == 0) return no_rate;
  return nanos;
}

std::string FormatRate(std::int64_t nanos) {
  std::string text = absl::StrFormat("%d.%09d", nanos / kBillion, nanos % kBillion);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

absl::StatusOr<Money> RateTable::Convert(Micros cost, Currency from, Currency to, Date day) const {
  if (from == to) return MoneyOfMicros(cost, to);
  const auto after = rates_.upper_bound({from, to, day});
  const auto found = after == rates_.begin() ? rates_.end() : std::prev(after);
  const auto missing = [&] {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CURRENCY_RATE_MISSING",
                     absl::StrCat("there is no rate from ", from.code(), " to ", to.code(), " for ", FormatDate(day),
                                  " or the ", kRateDays, " days before"),
                     {{"from", from.code()}, {"to", to.code()}, {"day", FormatDate(day)}});
  };
  if (found == rates_.end()) return missing();
  const auto& [rate_from, rate_to, rate_day] = found->first;
  const std::chrono::sys_days oldest = std::chrono::sys_days(day) - std::chrono::days(kRateDays);
  if (rate_from != from || rate_to != to || std::chrono::sys_days(rate_day) < oldest) return missing();
  const Int128 product = static_cast<Int128>(cost) * found->second;
  const Int128 divisor = PowerOfTen(kNanosDigits + kMicrosDigits - to.exponent());
  const Int128 remainder = product % divisor;
  Int128 minor = product / divisor;
  if (2 * (remainder < 0 ? -remainder : remainder) >= divisor && remainder != 0) minor += product < 0 ? -1 : 1;
  if (minor > std::numeric_limits<std::int64_t>::max() || minor < std::numeric_limits<std::int64_t>::min()) {
    return absl::OutOfRangeError("the converted cost does not fit 64 bits of minor units");
  }
  return Money{static_cast<std::int64_t>(minor), to};
}

}  // namespace esnaf::attribution
