#include "services/attribution/credit/markov_chain.h"

#include <algorithm>
#include <cmath>

namespace esnaf::attribution {
namespace {

// Below this many states the inverse of the whole chain costs little: n^3 multiplications.
constexpr std::size_t kMostInverted = 600;
constexpr int kMostSweeps = 100000;
// Expectations are of the order of 1; smaller changes are below what doubles can tell.
constexpr double kAtRest = 1e-16;

// A square matrix, row by row.
class Matrix {
 public:
  explicit Matrix(std::size_t size) : size_(size), cells_(size * size, 0) {}
  double& at(std::size_t row, std::size_t column) { return cells_[row * size_ + column]; }
  double at(std::size_t row, std::size_t column) const { return cells_[row * size_ + column]; }
  std::size_t size() const { return size_; }

  // Becomes its own inverse, by Gauss-Jordan. Only for M-matrices such as I - Q of a chain that always ends: their
  // pivots stay positive in any order, so nothing needs to be exchanged.
  void Invert() {
    for (std::size_t pivot = 0; pivot < size_; ++pivot) {
      const double scale = 1 / at(pivot, pivot);
      at(pivot, pivot) = 1;
      for (std::size_t column = 0; column < size_; ++column) at(pivot, column) *= scale;
      for (std::size_t row = 0; row < size_; ++row) {
        const double factor = at(row, pivot);
        if (row == pivot || factor == 0) continue;
        at(row, pivot) = 0;
        for (std::size_t column = 0; column < size_; ++column) at(row, column) -= factor * at(pivot, column);
      }
    }
  }

 private:
  std::size_t size_;
  std::vector<double> cells_;
};

Rewards ShareOf(const Rewards& part, const Rewards& whole) {
  const auto share = [](double some, double all) { return all > 0 ? std::clamp(some / all, 0.0, 1.0) : 0.0; };
  return {share(part.conversion, whole.conversion), share(part.value, whole.value)};
}

// What is lost without `states`: the chance to come to each of them first, times what is expected from there. With N
// the inverse, f N_SS = n_S says how the expected visits n_S from the start follow from the first ones f.
Rewards LostWithout(const std::vector<std::uint32_t>& states, const Matrix& inverse, const std::vector<double>& visits,
                    const std::vector<Rewards>& expected) {
  Matrix among(states.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    for (std::size_t j = 0; j < states.size(); ++j) among.at(i, j) = inverse.at(states[i], states[j]);
  }
  among.Invert();
  Rewards lost;
  for (std::size_t j = 0; j < states.size(); ++j) {
    double first = 0;
    for (std::size_t i = 0; i < states.size(); ++i) first += visits[states[i]] * among.at(i, j);
    lost.conversion += first * expected[states[j]].conversion;
    lost.value += first * expected[states[j]].value;
  }
  return lost;
}

}  // namespace

void MarkovChain::SetChannels(std::size_t state, const std::vector<ChannelId>& channels) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const bool seen = std::find(channels.begin(), channels.begin() + static_cast<std::ptrdiff_t>(i), channels[i]) !=
                      channels.begin() + static_cast<std::ptrdiff_t>(i);
    if (!seen) states_of_[channels[i]].push_back(static_cast<std::uint32_t>(state));
  }
}

Rewards MarkovChain::FromStart(const std::vector<Rewards>& expected) const {
  Rewards sum = rewards_[start()];
  for (const Step& step : steps_[start()]) {
    sum.conversion += step.probability * expected[step.to].conversion;
    sum.value += step.probability * expected[step.to].value;
  }
  return sum;
}

absl::StatusOr<RemovalEffects> MarkovChain::Solve() const {
  if (state_count() <= kMostInverted) return SolveByInverse();
  return SolveByIteration();
}

RemovalEffects MarkovChain::SolveByInverse() const {
  const std::size_t count = state_count();
  Matrix inverse(count);
  for (std::size_t state = 0; state < count; ++state) {
    inverse.at(state, state) = 1;
    for (const Step& step : steps_[state]) inverse.at(state, step.to) -= step.probability;
  }
  inverse.Invert();
  std::vector<Rewards> expected(count);
  std::vector<double> visits(count, 0);  // expected, from the start
  for (std::size_t state = 0; state < count; ++state) {
    for (std::size_t to = 0; to < count; ++to) {
      expected[state].conversion += inverse.at(state, to) * rewards_[to].conversion;
      expected[state].value += inverse.at(state, to) * rewards_[to].value;
    }
  }
  for (const Step& step : steps_[start()]) {
    for (std::size_t to = 0; to < count; ++to) visits[to] += step.probability * inverse.at(step.to, to);
  }
  RemovalEffects effects{.expected = FromStart(expected)};
  for (const std::vector<std::uint32_t>& states : states_of_) {
    effects.lost.push_back(ShareOf(LostWithout(states, inverse, visits, expected), effects.expected));
  }
  return effects;
}

absl::Status MarkovChain::Iterate(const std::vector<bool>& removed, std::vector<Rewards>& expected) const {
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double change = 0;
    for (std::size_t state = 0; state < state_count(); ++state) {
      if (removed[state]) continue;
      Rewards sum = rewards_[state];
      double stays = 0;
      for (const Step& step : steps_[state]) {
        if (step.to == state) {
          stays += step.probability;
          continue;
        }
        sum.conversion += step.probability * expected[step.to].conversion;
        sum.value += step.probability * expected[step.to].value;
      }
      sum.conversion /= 1 - stays;
      sum.value /= 1 - stays;
      change = std::max({change, std::abs(sum.conversion - expected[state].conversion),
                         std::abs(sum.value - expected[state].value) / std::max(1.0, std::abs(sum.value))});
      expected[state] = sum;
    }
    if (change <= kAtRest) return absl::OkStatus();
  }
  return absl::InternalError("the chain does not come to rest");
}

absl::StatusOr<RemovalEffects> MarkovChain::SolveByIteration() const {
  std::vector<Rewards> expected(state_count());
  std::vector<bool> removed(state_count(), false);
  if (absl::Status status = Iterate(removed, expected); !status.ok()) return status;
  RemovalEffects effects{.expected = FromStart(expected)};
  for (const std::vector<std::uint32_t>& states : states_of_) {
    // From the solution with every channel, which is above this one: what nothing changes for is right at once.
    std::vector<Rewards> without = expected;
    for (const std::uint32_t state : states) {
      removed[state] = true;
      without[state] = {};
    }
    if (absl::Status status = Iterate(removed, without); !status.ok()) return status;
    for (const std::uint32_t state : states) removed[state] = false;
    const Rewards left = FromStart(without);
    const Rewards lost{effects.expected.conversion - left.conversion, effects.expected.value - left.value};
    effects.lost.push_back(ShareOf(lost, effects.expected));
  }
  return effects;
}

}  // namespace esnaf::attribution
