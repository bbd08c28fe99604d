#pragma once

// An absorbing Markov chain with rewards at its end, and what is lost of them when all states of a channel lead to
// nothing. Pure.
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "services/attribution/credit/channel_paths.h"

namespace esnaf::attribution {

// What a step into the end brings on average: the chance that it is a conversion, and the value.
struct Rewards {
  double conversion = 0;
  double value = 0;
};

struct RemovalEffects {
  Rewards expected;           // from the start, with every channel
  std::vector<Rewards> lost;  // by channel: the share that is lost without it, 0 to 1
};

class MarkovChain {
 public:
  MarkovChain(std::size_t state_count, std::size_t channel_count)
      : steps_(state_count + 1), rewards_(state_count + 1), states_of_(channel_count) {}

  std::size_t state_count() const { return steps_.size() - 1; }
  std::size_t start() const { return state_count(); }
  // The channels that a state stands for; without one of them it leads to nothing.
  void SetChannels(std::size_t state, const std::vector<ChannelId>& channels);
  // What is missing to 1 goes to nothing.
  void AddStep(std::size_t from, std::size_t to, double probability) {
    steps_[from].push_back({static_cast<std::uint32_t>(to), probability});
  }
  void AddReward(std::size_t from, Rewards rewards) { rewards_[from] = rewards; }

  // INTERNAL where the iteration does not come to rest, which a chain made of finite paths always does.
  absl::StatusOr<RemovalEffects> Solve() const;

 private:
  struct Step {
    std::uint32_t to;
    double probability;
  };
  RemovalEffects SolveByInverse() const;
  absl::StatusOr<RemovalEffects> SolveByIteration() const;
  Rewards FromStart(const std::vector<Rewards>& expected) const;

  std::vector<std::vector<Step>> steps_;  // by state, the start behind them
  std::vector<Rewards> rewards_;
  std::vector<std::vector<std::uint32_t>> states_of_;  // by channel
};

}  // namespace esnaf::attribution
