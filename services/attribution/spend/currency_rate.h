#pragma once

// Converting what advertising cost to the store's currency. Pure and exact: rates are whole billionths.
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/statusor.h"
#include "services/attribution/spend/spend.h"

namespace esnaf::attribution {

// How much of `to` one unit of `from` is, in billionths.
struct CurrencyRate {
  Currency from;
  Currency to;
  Date day;
  std::int64_t nanos = 0;
  std::string source;
};

// Reads `41.1234`. INVALID_ARGUMENT where it is no decimal number above 0 or has more than nine digits behind the
// point.
absl::StatusOr<std::int64_t> ParseRate(std::string_view text);
// Without zeros at the end.
std::string FormatRate(std::int64_t nanos);

// How many days a rate holds when none follows it.
inline constexpr int kRateDays = 7;

class RateTable {
 public:
  void Add(const CurrencyRate& rate) { rates_[{rate.from, rate.to, rate.day}] = rate.nanos; }
  // The cost in `to`, rounded half away from zero once, at the rate of its day or of the last day before it, at most
  // kRateDays back. FAILED_PRECONDITION with the reason `CURRENCY_RATE_MISSING` naming the currencies and the day;
  // OUT_OF_RANGE where it does not fit 64 bits.
  absl::StatusOr<Money> Convert(Micros cost, Currency from, Currency to, Date day) const;

 private:
  std::map<std::tuple<Currency, Currency, Date>, std::int64_t> rates_;
};

}  // namespace esnaf::attribution
