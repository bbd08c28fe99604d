#pragma once

// Exact money: an int64 of minor units and an ISO 4217 currency. Nothing here rounds silently.
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf {

// An ISO 4217 currency.
class Currency {
 public:
  constexpr Currency() = default;  // none
  // INVALID_ARGUMENT unless the code is one of ISO 4217's, also of those withdrawn since 2004.
  static absl::StatusOr<Currency> Parse(std::string_view code);
  std::string code() const;
  bool empty() const { return code_[0] == '\0'; }
  // How many decimal digits the minor unit has: 2 for TRY, 0 for JPY, 3 for KWD.
  int exponent() const;
  auto operator<=>(const Currency&) const = default;

 private:
  char code_[3] = {};
};

struct Money {
  std::int64_t minor = 0;
  Currency currency;
  auto operator<=>(const Money&) const = default;
};

// OUT_OF_RANGE where the result does not fit 64 bits.
absl::StatusOr<std::int64_t> CheckedAdd(std::int64_t a, std::int64_t b);
absl::StatusOr<std::int64_t> CheckedMultiply(std::int64_t a, std::int64_t b);

// Reads `1234.5`, `-0.05`, `12` exactly. INVALID_ARGUMENT where it is no number or has more digits than the
// currency's minor unit; OUT_OF_RANGE where it does not fit.
absl::StatusOr<Money> ParseMoney(std::string_view decimal, Currency currency);
// The amount of `quantity` pieces at a decimal unit price that may have digits below the minor unit (up to 6),
// rounded half away from zero once, at the end. Errors as ParseMoney.
absl::StatusOr<Money> ExtendPrice(std::string_view unit_price, std::int64_t quantity, Currency currency);
// `1234.50`: a point, and as many digits as the currency has.
std::string FormatMoney(Money money);

// Splits `total` by `weights` so that the parts add up to it exactly (largest remainder; ties to the lower
// index). Negative totals split as their mirror image. With no positive weight everything goes to index 0.
// Needs at least one weight, none negative.
std::vector<std::int64_t> AllocateByLargestRemainder(std::int64_t total, std::span<const std::int64_t> weights);

}  // namespace esnaf
