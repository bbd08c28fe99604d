#pragma once

// How models share what a conversion is worth among the touches before it. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "libs/base/time.h"

namespace esnaf::attribution {

// The numbers are those of esnaf.attribution.v1.AttributionModel, and of the rows in `credit`.
enum class Model {
  kFirst = 1,
  kLast = 2,
  kLastNonDirect = 3,
  kLinear = 4,
  kTimeDecay = 5,
  kPositionBased = 6,
  kUShaped = 7,
  kWShaped = 8,
  kMarkov = 9,
  kShapley = 10,
};

inline constexpr Model kAllModels[] = {Model::kFirst,     Model::kLast,    Model::kLastNonDirect, Model::kLinear,
                                       Model::kTimeDecay, Model::kUShaped, Model::kPositionBased, Model::kWShaped,
                                       Model::kMarkov,    Model::kShapley};
inline constexpr int kModelCount = 10;

// `first`, `last_non_direct`, `position_based`, ...
std::string_view ModelName(Model model);

// What models read of a touch. Channels are numbers that mean something to the caller only.
struct ModelTouch {
  Time time;
  std::uint32_t channel = 0;
  bool direct = false;  // the visitor came by himself: typed the address, used a bookmark
};

// A path: touches from the first to the last, by time and then by event id.
struct ModelPath {
  std::vector<ModelTouch> touches;
  Time conversion_time;
  // The touch by which the person became known, and the one in which the cart was begun; none where that is not known
  // or was not on this path.
  std::optional<std::size_t> lead;
  std::optional<std::size_t> deal;
};

struct ModelOptions {
  double half_life_days = 7;  // of TIME_DECAY; Google Ads' own is one week
  // By channel, the removal effects of a fit (`markov.h`); a channel beyond its end has none. Empty: there is no fit,
  // and MARKOV shares equally.
  std::span<const double> removal_effects;
};

// The weight of each touch, not negative and not all zero; credit is in proportion to it. Empty for an empty path.
//   FIRST, LAST: all to one. LAST_NON_DIRECT: all to the last that is not direct, or to the last where all are.
//   LINEAR: alike. TIME_DECAY: 2^(-age / half-life), where the age runs to the conversion.
//   POSITION_BASED: 40 first, 40 last, 20 among those between; one touch has all, two have half each.
//   U_SHAPED (HubSpot): 40 first, 40 where the person became known, 20 among the others.
//   W_SHAPED (HubSpot): 30 first, 30 where the person became known, 30 where the cart was begun, 10 among the others.
//   Where a touch has several of these places it gets the share of each; a place that is not on the path, and the
//   others where there are none, leave their shares to the rest, in proportion.
//   MARKOV: a channel's share is its removal effect, divided alike among its touches.
//   SHAPLEY: each different channel has the same share, divided alike among its touches: what the Shapley value of the
//   game in `shapley.h` comes to for one path.
std::vector<std::int64_t> WeightsOf(Model model, const ModelPath& path, const ModelOptions& options);

}  // namespace esnaf::attribution
