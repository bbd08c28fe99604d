#pragma once

// Data-driven credit by the Shapley value: a channel's mean contribution over all orders in which channels could have
// come together (Shapley 1953). Pure.
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/attribution/credit/channel_paths.h"

namespace esnaf::attribution {

// The worth of a set of players; bit i stands for player i.
using Game = std::function<double(std::uint64_t players)>;

// The game in which a set of channels is worth the conversions of the paths whose channels all lie in it (the "union"
// form of Zhao, Mahboobi, Bagheri 2018: "Shapley value methods for attribution modeling in online advertising"). It is
// a sum of one unanimity game for each path, so its Shapley value is closed: each path shares its conversions and value
// alike among its different channels. Grows with the touches.
ChannelCredits ShapleyOfPaths(const ChannelPaths& paths);

// Any game, exactly: 2^players calls. INVALID_ARGUMENT above 20 players.
absl::StatusOr<std::vector<double>> ShapleyOfGame(int players, const Game& game);

// Any game of at most 64 players, estimated over random orders; the same seed gives the same numbers. The parts add up
// to what all players together are worth.
absl::StatusOr<std::vector<double>> SampleShapley(int players, const Game& game, int orders, std::uint64_t seed);

}  // namespace esnaf::attribution
