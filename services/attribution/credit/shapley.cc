#include "services/attribution/credit/shapley.h"

#include <bit>
#include <numeric>
#include <random>

namespace esnaf::attribution {
namespace {

constexpr int kMostExactPlayers = 20;
constexpr int kMostPlayers = 64;

// (s! (n - s - 1)!) / n!: the chance that exactly the s others of a set came before a player.
std::vector<double> ChancesBySize(int players) {
  std::vector<double> chances(static_cast<std::size_t>(players));
  double choose = 1;  // players - 1 over s
  for (int s = 0; s < players; ++s) {
    chances[static_cast<std::size_t>(s)] = 1 / (players * choose);
    choose = choose * (players - 1 - s) / (s + 1);
  }
  return chances;
}

}  // namespace

ChannelCredits ShapleyOfPaths(const ChannelPaths& paths) {
  ChannelCredits credits;
  credits.conversions.assign(paths.channel_count(), 0);
  credits.value.assign(paths.channel_count(), 0);
  // In which path a channel was last seen, counted from 1.
  std::vector<std::size_t> seen(paths.channel_count(), 0);
  std::vector<ChannelId> different;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths.conversions(i) <= 0) continue;
    different.clear();
    for (const ChannelId channel : paths.channels(i)) {
      if (seen[channel] != i + 1) different.push_back(channel);
      seen[channel] = i + 1;
    }
    for (const ChannelId channel : different) {
      credits.conversions[channel] += paths.conversions(i) / static_cast<double>(different.size());
      credits.value[channel] += paths.value(i) / static_cast<double>(different.size());
    }
  }
  return credits;
}

absl::StatusOr<std::vector<double>> ShapleyOfGame(int players, const Game& game) {
  if (players < 1 || players > kMostExactPlayers) return absl::InvalidArgumentError("must be 1 to 20 players");
  const std::uint64_t sets = std::uint64_t{1} << players;
  std::vector<double> worth(sets);
  for (std::uint64_t set = 0; set < sets; ++set) worth[set] = game(set);
  const std::vector<double> chances = ChancesBySize(players);
  std::vector<double> values(static_cast<std::size_t>(players), 0);
  for (std::uint64_t set = 0; set < sets; ++set) {
    const auto size = static_cast<std::size_t>(std::popcount(set));
    for (int player = 0; player < players; ++player) {
      const std::uint64_t bit = std::uint64_t{1} << player;
      if ((set & bit) == 0) values[static_cast<std::size_t>(player)] += chances[size] * (worth[set | bit] - worth[set]);
    }
  }
  return values;
}

absl::StatusOr<std::vector<double>> SampleShapley(int players, const Game& game, int orders, std::uint64_t seed) {
  if (players < 1 || players > kMostPlayers) return absl::InvalidArgumentError("must be 1 to 64 players");
  if (orders < 1) return absl::InvalidArgumentError("must be at least one order");
  std::mt19937_64 random(seed);
  std::vector<int> order(static_cast<std::size_t>(players));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> values(order.size(), 0);
  for (int i = 0; i < orders; ++i) {
    // Fisher-Yates of our own: the standard library's shuffle differs from one library to the next.
    for (std::size_t end = order.size(); end > 1; --end) std::swap(order[end - 1], order[random() % end]);
    std::uint64_t present = 0;
    double before = game(0);
    for (const int player : order) {
      present |= std::uint64_t{1} << player;
      const double after = game(present);
      values[static_cast<std::size_t>(player)] += (after - before) / orders;
      before = after;
    }
  }
  return values;
}

}  // namespace esnaf::attribution
