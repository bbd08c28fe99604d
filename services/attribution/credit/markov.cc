#include "services/attribution/credit/markov.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "services/attribution/credit/markov_chain.h"

namespace esnaf::attribution {
namespace {

constexpr int kMostOrder = 4;
constexpr std::size_t kMostStates = 1000000;
// Counts are kept in one flat array where it has at most this many cells, else in a hash table.
constexpr std::uint64_t kMostDenseCells = std::uint64_t{1} << 22;

struct Count {
  double weight = 0;
  double value = 0;
};

// Counts steps. The last channels are one number in base channel_count + 1, each channel one above its id, so 0 is the
// start; a step is that number with the next channel, or one of two ends.
class StepCounts {
 public:
  StepCounts(std::size_t channel_count, int order) : base_(channel_count + 1), next_count_(channel_count + 2) {
    for (int i = 0; i < order; ++i) codes_ *= base_;
    if (codes_ <= kMostDenseCells / next_count_) dense_.resize(codes_ * next_count_);
  }

  void AddPath(const ChannelPaths& paths, std::size_t path) {
    const double conversions = paths.conversions(path);
    const double nulls = paths.nulls(path);
    std::uint64_t code = 0;
    ChannelId last = ~ChannelId{0};
    for (const ChannelId channel : paths.channels(path)) {
      if (channel == last) continue;
      last = channel;
      At(code * next_count_ + channel).weight += conversions + nulls;
      code = (code * base_ + channel + 1) % codes_;
    }
    Count& conversion = At(code * next_count_ + next_count_ - 2);
    conversion.weight += conversions;
    conversion.value += paths.value(path);
    At(code * next_count_ + next_count_ - 1).weight += nulls;
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (std::uint64_t key = 0; key < dense_.size(); ++key) {
      if (dense_[key].weight > 0) visit(key / next_count_, key % next_count_, dense_[key]);
    }
    for (const auto& [key, count] : sparse_) {
      if (count.weight > 0) visit(key / next_count_, key % next_count_, count);
    }
  }

  bool IsConversion(std::uint64_t next) const { return next == next_count_ - 2; }
  bool IsEnd(std::uint64_t next) const { return next >= next_count_ - 2; }
  std::uint64_t CodeAfter(std::uint64_t code, std::uint64_t next) const { return (code * base_ + next + 1) % codes_; }
  // The channels of a state, oldest first.
  std::vector<ChannelId> ChannelsOf(std::uint64_t code) const {
    std::vector<ChannelId> channels;
    for (; code > 0; code /= base_) channels.push_back(static_cast<ChannelId>(code % base_ - 1));
    std::reverse(channels.begin(), channels.end());
    return channels;
  }

 private:
  Count& At(std::uint64_t key) { return dense_.empty() ? sparse_[key] : dense_[key]; }

  std::uint64_t base_;
  std::uint64_t next_count_;
  std::uint64_t codes_ = 1;
  std::vector<Count> dense_;
  std::unordered_map<std::uint64_t, Count> sparse_;
};

absl::StatusOr<StepCounts> CountSteps(const ChannelPaths& paths, int order) {
  if (order < 1 || order > kMostOrder) return absl::InvalidArgumentError("the order must be 1 to 4");
  if (std::pow(static_cast<double>(paths.channel_count() + 2), order + 1) > 1e18) {
    return absl::OutOfRangeError("there are too many channels for this order");
  }
  StepCounts counts(paths.channel_count(), order);
  for (std::size_t i = 0; i < paths.size(); ++i) counts.AddPath(paths, i);
  return counts;
}

// The steps of a state add up to this.
std::unordered_map<std::uint64_t, double> TotalsOf(const StepCounts& counts) {
  std::unordered_map<std::uint64_t, double> totals;
  counts.ForEach([&](std::uint64_t code, std::uint64_t, const Count& count) { totals[code] += count.weight; });
  return totals;
}

absl::StatusOr<MarkovChain> ChainOf(const ChannelPaths& paths, const StepCounts& counts) {
  const std::unordered_map<std::uint64_t, double> totals = TotalsOf(counts);
  std::vector<std::uint64_t> codes;
  for (const auto& [code, total] : totals) {
    if (code != 0) codes.push_back(code);
  }
  if (codes.size() > kMostStates) return absl::OutOfRangeError("the paths make more than 1,000,000 states");
  std::sort(codes.begin(), codes.end());
  std::unordered_map<std::uint64_t, std::uint32_t> index_of;
  for (std::size_t i = 0; i < codes.size(); ++i) index_of[codes[i]] = static_cast<std::uint32_t>(i);
  MarkovChain chain(codes.size(), paths.channel_count());
  for (std::size_t i = 0; i < codes.size(); ++i) chain.SetChannels(i, counts.ChannelsOf(codes[i]));
  // In units in which a mean conversion is worth 1, so that both rewards converge alike.
  const double unit = paths.total_value() > 0 ? paths.total_conversions() / paths.total_value() : 0;
  counts.ForEach([&](std::uint64_t code, std::uint64_t next, const Count& count) {
    const double total = totals.at(code);
    const std::size_t from = code == 0 ? chain.start() : index_of.at(code);
    if (counts.IsConversion(next)) {
      chain.AddReward(from, {count.weight / total, count.value * unit / total});
    } else if (!counts.IsEnd(next)) {
      chain.AddStep(from, index_of.at(counts.CodeAfter(code, next)), count.weight / total);
    }
  });
  return chain;
}

std::vector<double> Shared(double total, const std::vector<double>& effects) {
  double sum = 0;
  for (const double effect : effects) sum += effect;
  std::vector<double> shares(effects.size(), 0);
  for (std::size_t i = 0; sum > 0 && i < effects.size(); ++i) shares[i] = total * effects[i] / sum;
  return shares;
}

}  // namespace

absl::StatusOr<MarkovResult> FitMarkov(const ChannelPaths& paths, int order) {
  absl::StatusOr<StepCounts> counts = CountSteps(paths, order);
  if (!counts.ok()) return counts.status();
  absl::StatusOr<MarkovChain> chain = ChainOf(paths, *counts);
  if (!chain.ok()) return chain.status();
  MarkovResult result{.state_count = chain->state_count()};
  counts->ForEach([&](std::uint64_t, std::uint64_t, const Count&) { ++result.transition_count; });
  absl::StatusOr<RemovalEffects> effects = chain->Solve();
  if (!effects.ok()) return effects.status();
  result.conversion_probability = effects->expected.conversion;
  for (const Rewards& lost : effects->lost) {
    result.removal_effects.push_back(lost.conversion);
    result.value_removal_effects.push_back(lost.value);
  }
  result.credits.conversions = Shared(paths.total_conversions(), result.removal_effects);
  result.credits.value = Shared(paths.total_value(), result.value_removal_effects);
  return result;
}

absl::StatusOr<std::vector<MarkovTransition>> MarkovTransitions(const ChannelPaths& paths, int order) {
  absl::StatusOr<StepCounts> counts = CountSteps(paths, order);
  if (!counts.ok()) return counts.status();
  const std::unordered_map<std::uint64_t, double> totals = TotalsOf(*counts);
  std::vector<MarkovTransition> transitions;
  counts->ForEach([&](std::uint64_t code, std::uint64_t next, const Count& count) {
    MarkovTransition transition{.from = counts->ChannelsOf(code), .probability = count.weight / totals.at(code)};
    if (counts->IsEnd(next)) {
      transition.to_conversion = counts->IsConversion(next);
    } else {
      transition.to = counts->ChannelsOf(counts->CodeAfter(code, next));
    }
    transitions.push_back(std::move(transition));
  });
  return transitions;
}

}  // namespace esnaf::attribution
