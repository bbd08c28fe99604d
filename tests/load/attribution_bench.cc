// Measures the attribution models over generated paths, and prints each number beside its bound.
#include <cstdio>
#include <iostream>
#include <random>

#include "CLI/CLI.hpp"
#include "services/attribution/credit/channel_paths.h"
#include "services/attribution/credit/markov.h"
#include "services/attribution/credit/shapley.h"

namespace esnaf::attribution {
namespace {

using Seconds = std::chrono::duration<double>;

void Print(const char* what, double value, double bound) {
  std::printf("%-44s %10.3f s      bound %g%s\n", what, value, bound, value <= bound ? "" : "  MISSED");
  std::fflush(stdout);
}

// The median time of three calls, after one that warms up.
template <typename Call>
double MedianSeconds(const Call& call) {
  call();
  std::vector<double> all;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    all.push_back(Seconds(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(all.begin(), all.end());
  return all[1];
}

// Paths of 1 to 9 touches, 3.3 on average; a visitor often comes back by the channel that he came by before.
ChannelPaths Generate(std::size_t count, std::size_t channel_count) {
  std::mt19937_64 random(20261101);
  ChannelPaths paths(channel_count);
  paths.set_direct(static_cast<ChannelId>(channel_count - 1));
  std::vector<ChannelId> channels;
  std::vector<double> ages;
  for (std::size_t i = 0; i < count; ++i) {
    channels.clear();
    do {
      const bool again = !channels.empty() && random() % 3 == 0;
      // Few channels bring many.
      const std::size_t below = 1 + random() % channel_count;
      channels.push_back(again ? channels.back() : static_cast<ChannelId>(random() % below));
    } while (channels.size() < 9 && random() % 1000 < 725);
    ages.assign(channels.size(), 0);
    for (double& age : ages) age = static_cast<double>(random() % 3000) / 100;
    std::sort(ages.rbegin(), ages.rend());
    const double conversions = random() % 5 == 0 ? 1 : 0;
    paths.Add(channels, conversions, conversions * static_cast<double>(1000 + random() % 200000), 1 - conversions,
              ages);
  }
  return paths;
}

int Run(std::size_t count, std::size_t channel_count) {
  const ChannelPaths paths = Generate(count, channel_count);
  std::printf("%zu paths, %zu touches, %zu channels\n", paths.size(), paths.touch_count(), channel_count);
  double checksum = 0;
  const double heuristics = MedianSeconds([&] {
    for (const Model model : {Model::kFirst, Model::kLast, Model::kLastNonDirect, Model::kLinear, Model::kTimeDecay,
                              Model::kPositionBased}) {
      checksum += CreditChannels(model, paths).conversions[0];
    }
  });
  Print("six heuristic models, median", heuristics, 1.55);
  Print("Shapley, closed form, median", MedianSeconds([&] { checksum += ShapleyOfPaths(paths).value[0]; }), 1.55);
  for (const auto& [order, bound] : {std::pair(1, 2.7), std::pair(2, 5.0)}) {
    absl::StatusOr<MarkovResult> markov;
    const double seconds = MedianSeconds([&, order = order] { markov = FitMarkov(paths, order); });
    if (!markov.ok()) {
      std::cerr << markov.status() << "\n";
      return 1;
    }
    std::printf("  %zu states, %zu transitions\n", markov->state_count, markov->transition_count);
    Print(order == 1 ? "Markov of order 1, median" : "Markov of order 2, median", seconds, bound);
    checksum += markov->credits.conversions[0];
  }
  std::printf("checksum %.6f\n", checksum);
  return 0;
}

}  // namespace
}  // namespace esnaf::attribution

int main(int argc, char** argv) {
  CLI::App app("Measures attribution models over generated paths.");
  std::size_t paths = 1000000, channels = 20;
  app.add_option("--paths", paths, "How many paths, of 3.3 touches on average")->check(CLI::Range(1, 10000000));
  app.add_option("--channels", channels, "How many channels")->check(CLI::Range(2, 1000));
  CLI11_PARSE(app, argc, argv);
  return esnaf::attribution::Run(paths, channels);
}
