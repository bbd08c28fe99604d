#pragma once

// What each touch of a path is credited with, to the minor unit. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <vector>

#include "services/attribution/credit/model.h"

namespace esnaf::attribution {

// A whole conversion in the unit of `Credit::share`.
inline constexpr std::int64_t kWholeShare = 1000000;

// What a conversion is worth, in minor units of its currency.
struct Amounts {
  std::int64_t revenue = 0;  // what the customer bought for: gross - discount; 0 where cancelled
  std::int64_t net = 0;      // what stayed sold, by orders' own definition
  std::int64_t cost = 0;     // what that cost the shop, as far as it is known
  auto operator<=>(const Amounts&) const = default;
};

// A part of a conversion. Over the touches of a path the parts add up to the whole, each of the four exactly.
struct Credit {
  std::size_t touch = 0;   // its place on the path
  std::int64_t share = 0;  // of the conversion, in millionths
  Amounts amounts;
  bool operator==(const Credit&) const = default;
};

// The credits of the touches that earn any, in their order. `share` is kWholeShare, or 0 for a conversion that was
// cancelled. Parts are rounded by largest remainder, ties to the earlier touch. Empty for an empty path: such a
// conversion is unattributed.
std::vector<Credit> CreditsOf(Model model, const ModelPath& path, const ModelOptions& options, std::int64_t share,
                              const Amounts& amounts);

}  // namespace esnaf::attribution
