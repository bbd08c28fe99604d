#include "services/attribution/credit/markov_chain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace esnaf::attribution {
namespace {

// Below this many states the inverse of the whole chain costs little: n^3 multiplications.
constexpr std::size_t kMostInverted = 600;
constexpr int kMostSweeps = 100000;
// Visits are of the order of 1; smaller changes are below what doubles can tell.
constexpr double kAtRest = 1e-16;
// How many channels are left out at once, each by itself: one walk over the steps serves them all.
constexpr std::size_t kLanes = 8;

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

// How often each state is visited from the start, in lanes that differ in which states are left out. A Gauss-Seidel
// iteration that begins at zero only grows and one that begins at the visits of every channel only shrinks, also as
// doubles are rounded, so both come to rest.
class Visits {
 public:
  // The last of the steps are those from the start.
  template <typename Steps>
  explicit Visits(const Steps& steps) : count_(steps.size() - 1), begin_(count_ + 1, 0), from_start_(count_, 0) {
    stays_.assign(count_, 0);
    for (std::size_t from = 0; from < count_; ++from) {
      for (const auto& step : steps[from]) ++begin_[step.to];
    }
    std::size_t sum = 0;
    for (std::size_t& begin : begin_) sum += std::exchange(begin, sum);
    into_.resize(sum);
    std::vector<std::size_t> next = begin_;
    for (std::size_t from = 0; from < count_; ++from) {
      for (const auto& step : steps[from]) {
        into_[next[step.to]++] = {static_cast<std::uint32_t>(from), from == step.to ? 0 : step.probability};
        if (from == step.to) stays_[from] += step.probability;
      }
    }
    for (const auto& step : steps[count_]) from_start_[step.to] += step.probability;
    Restart(std::vector<double>(count_, 0));
  }

  void Restart(const std::vector<double>& visits) {
    visits_.resize(count_ * kLanes);
    kept_.assign(count_ * kLanes, 1);
    for (std::size_t i = 0; i < visits_.size(); ++i) visits_[i] = visits[i / kLanes];
  }
  void Remove(std::size_t state, std::size_t lane) {
    kept_[state * kLanes + lane] = visits_[state * kLanes + lane] = 0;
  }

  absl::Status ComeToRest() {
    for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
      if (Sweep() <= kAtRest) return absl::OkStatus();
    }
    return absl::InternalError("the chain does not come to rest");
  }

  std::vector<double> OfLane(std::size_t lane) const {
    std::vector<double> visits(count_);
    for (std::size_t state = 0; state < count_; ++state) visits[state] = visits_[state * kLanes + lane];
    return visits;
  }
  // What the visits of a lane bring.
  Rewards Bring(std::size_t lane, const std::vector<Rewards>& rewards) const {
    Rewards sum = rewards[count_];
    for (std::size_t state = 0; state < count_; ++state) {
      sum.conversion += visits_[state * kLanes + lane] * rewards[state].conversion;
      sum.value += visits_[state * kLanes + lane] * rewards[state].value;
    }
    return sum;
  }

 private:
  struct From {
    std::uint32_t state = 0;
    double probability = 0;
  };

  // Answers the largest change.
  double Sweep() {
    double change = 0;
    for (std::size_t state = 0; state < count_; ++state) {
      std::array<double, kLanes> sum;
      sum.fill(from_start_[state]);
      for (std::size_t i = begin_[state]; i < begin_[state + 1]; ++i) {
        const double* from = &visits_[into_[i].state * kLanes];
        const double probability = into_[i].probability;
        for (std::size_t lane = 0; lane < kLanes; ++lane) sum[lane] += probability * from[lane];
      }
      double* own = &visits_[state * kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double now = sum[lane] / (1 - stays_[state]) * kept_[state * kLanes + lane];
        change = std::max(change, std::abs(now - own[lane]));
        own[lane] = now;
      }
    }
    return change;
  }

  std::size_t count_;
  std::vector<std::size_t> begin_;  // of each state's steps in `into_`, and their end
  std::vector<From> into_;
  std::vector<double> from_start_, stays_;
  std::vector<double> visits_, kept_;  // by state and lane; kept: 1, or 0 where left out
};

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

absl::StatusOr<RemovalEffects> MarkovChain::SolveByIteration() const {
  Visits visits(steps_);
  if (absl::Status status = visits.ComeToRest(); !status.ok()) return status;
  const Rewards all = visits.Bring(0, rewards_);
  const std::vector<double> with_every_channel = visits.OfLane(0);
  RemovalEffects effects{.expected = all};
  for (std::size_t first = 0; first < states_of_.size(); first += kLanes) {
    const std::size_t count = std::min(kLanes, states_of_.size() - first);
    visits.Restart(with_every_channel);
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (const std::uint32_t state : states_of_[first + lane]) visits.Remove(state, lane);
    }
    if (absl::Status status = visits.ComeToRest(); !status.ok()) return status;
    for (std::size_t lane = 0; lane < count; ++lane) {
      const Rewards left = visits.Bring(lane, rewards_);
      effects.lost.push_back(ShareOf({all.conversion - left.conversion, all.value - left.value}, all));
    }
  }
  return effects;
}

}  // namespace esnaf::attribution
