// Properties of the data-driven models that no published example shows.
#include <algorithm>
#include <map>

#include "libs/testing/catch.h"
#include "rapidcheck.h"
#include "services/attribution/credit/markov.h"
#include "services/attribution/credit/shapley.h"

namespace esnaf::attribution {
namespace {

ChannelPaths RandomPaths(std::size_t channels, int count, int longest, std::uint32_t seed) {
  ChannelPaths paths(channels);
  std::uint32_t state = seed * 2654435761u + 1;
  const auto any = [&state](std::uint32_t end) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % end;
  };
  std::vector<ChannelId> path;
  for (int i = 0; i < count; ++i) {
    path.clear();
    for (std::uint32_t touch = any(static_cast<std::uint32_t>(longest)) + 1; touch > 0; --touch) {
      path.push_back(any(static_cast<std::uint32_t>(channels)));
    }
    const double conversions = any(3) == 0 ? any(3) + 1 : 0;
    paths.Add(path, conversions, conversions * (any(1000) + 1), any(4));
  }
  return paths;
}

// The removal effect as it is defined: the chain of order 1 with every step into the channel sent to nothing, iterated
// for so long that nothing is left on the way.
double EffectByDefinition(const std::vector<MarkovTransition>& transitions, std::size_t channels,
                          std::optional<ChannelId> removed) {
  std::vector<double> here(channels, 0), next(channels, 0);
  double converted = 0;
  const auto spread = [&](double mass, const MarkovTransition& transition) {
    if (transition.to_conversion) converted += mass * transition.probability;
    if (!transition.to.empty() && transition.to[0] != removed) next[transition.to[0]] += mass * transition.probability;
  };
  for (const MarkovTransition& transition : transitions) {
    if (transition.from.empty()) spread(1, transition);
  }
  for (int step = 0; step < 3000; ++step) {
    here.swap(next);
    std::fill(next.begin(), next.end(), 0);
    for (const MarkovTransition& transition : transitions) {
      if (!transition.from.empty()) spread(here[transition.from[0]], transition);
    }
  }
  return converted;
}

TEST_CASE("removal effects are what the chain loses without a channel") {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    const ChannelPaths paths = RandomPaths(7, 200, 6, seed);
    ESNAF_REQUIRE_VALUE(const MarkovResult markov, FitMarkov(paths, 1));
    ESNAF_REQUIRE_VALUE(const std::vector<MarkovTransition> transitions, MarkovTransitions(paths, 1));
    const double all = EffectByDefinition(transitions, 7, std::nullopt);
    CHECK(std::abs(markov.conversion_probability - all) < 1e-12);
    for (ChannelId channel = 0; channel < 7; ++channel) {
      const double left = EffectByDefinition(transitions, 7, channel);
      CHECK(std::abs(markov.removal_effects[channel] - (1 - left / all)) < 1e-11);
    }
  }
}

TEST_CASE("a chain of order 1 converts as often as its paths do") {
  const ChannelPaths paths = RandomPaths(5, 300, 5, 11);
  for (const int order : {1, 2, 3, 4}) {
    ESNAF_REQUIRE_VALUE(const MarkovResult markov, FitMarkov(paths, order));
    CHECK(std::abs(markov.conversion_probability -
                   paths.total_conversions() / (paths.total_conversions() + paths.total_nulls())) < 1e-9);
  }
}

TEST_CASE("at an order above the length of every path an effect is the share of conversions that touch the channel") {
  // Then the chain is a tree of the paths themselves, and what is lost is what went through the channel.
  ChannelPaths paths(3);
  paths.Add(std::vector<ChannelId>{0, 1}, 6, 60, 2);
  paths.Add(std::vector<ChannelId>{1, 2}, 3, 30, 5);
  paths.Add(std::vector<ChannelId>{2}, 1, 10, 0);
  ESNAF_REQUIRE_VALUE(const MarkovResult markov, FitMarkov(paths, 3));
  CHECK(std::abs(markov.removal_effects[0] - 0.6) < 1e-12);
  CHECK(std::abs(markov.removal_effects[1] - 0.9) < 1e-12);
  CHECK(std::abs(markov.removal_effects[2] - 0.4) < 1e-12);
}

TEST_CASE("many states, which are iterated, lose what the definition says too") {
  const ChannelPaths paths = RandomPaths(700, 30000, 4, 5);
  ESNAF_REQUIRE_VALUE(const MarkovResult iterated, FitMarkov(paths, 1));
  REQUIRE(iterated.state_count > 600);
  ESNAF_REQUIRE_VALUE(const std::vector<MarkovTransition> transitions, MarkovTransitions(paths, 1));
  const double all = EffectByDefinition(transitions, 700, std::nullopt);
  for (const ChannelId channel : {0u, 350u, 699u}) {
    const double left = EffectByDefinition(transitions, 700, channel);
    CHECK(std::abs(iterated.removal_effects[channel] - (1 - left / all)) < 1e-9);
  }
}

// The chance to convert from the start, by Gaussian elimination of the whole chain without some states.
double ConversionByElimination(const std::vector<MarkovTransition>& transitions, std::optional<ChannelId> removed) {
  std::map<std::vector<ChannelId>, std::size_t> number;  // the start is one of them
  for (const MarkovTransition& transition : transitions) number.emplace(transition.from, number.size());
  const std::size_t size = number.size();
  std::vector<std::vector<double>> rows(size, std::vector<double>(size + 1, 0));  // I - Q, and what converts at once
  for (std::size_t i = 0; i < size; ++i) rows[i][i] = 1;
  for (const MarkovTransition& transition : transitions) {
    std::vector<double>& row = rows[number.at(transition.from)];
    if (transition.to_conversion) row[size] += transition.probability;
    const bool into_removed =
        removed && std::find(transition.to.begin(), transition.to.end(), *removed) != transition.to.end();
    if (!transition.to.empty() && !into_removed) row[number.at(transition.to)] -= transition.probability;
  }
  for (std::size_t pivot = 0; pivot < size; ++pivot) {
    for (std::size_t i = 0; i < size; ++i) {
      const double factor = rows[i][pivot] / rows[pivot][pivot];
      if (i == pivot || factor == 0) continue;
      for (std::size_t j = pivot; j <= size; ++j) rows[i][j] -= factor * rows[pivot][j];
    }
  }
  const std::size_t start = number.at({});
  return rows[start][size] / rows[start][start];
}

TEST_CASE("at order 2 many states, which are iterated, lose what a dense solution says") {
  const ChannelPaths paths = RandomPaths(27, 30000, 6, 9);
  ESNAF_REQUIRE_VALUE(const MarkovResult iterated, FitMarkov(paths, 2));
  REQUIRE(iterated.state_count > 600);
  ESNAF_REQUIRE_VALUE(const std::vector<MarkovTransition> transitions, MarkovTransitions(paths, 2));
  const double all = ConversionByElimination(transitions, std::nullopt);
  CHECK(std::abs(iterated.conversion_probability - all) < 1e-13);
  // Of the first, a middle and the last group of channels that are left out together.
  for (const ChannelId channel : {0u, 12u, 26u}) {
    const double left = ConversionByElimination(transitions, channel);
    CHECK(std::abs(iterated.removal_effects[channel] - (1 - left / all)) < 1e-12);
  }
}

TEST_CASE("an order that makes no sense is refused") {
  CHECK_STATUS_IS(FitMarkov(RandomPaths(3, 5, 3, 1), 0), absl::StatusCode::kInvalidArgument, "order");
  CHECK_STATUS_IS(FitMarkov(RandomPaths(3, 5, 3, 1), 5), absl::StatusCode::kInvalidArgument, "order");
}

TEST_CASE("no paths, or none that converted, give no credit and no failure") {
  ESNAF_REQUIRE_VALUE(const MarkovResult none, FitMarkov(ChannelPaths(2), 1));
  CHECK(none.credits.conversions == std::vector<double>{0, 0});
  ChannelPaths lost(2);
  lost.Add(std::vector<ChannelId>{0, 1}, 0, 0, 4);
  ESNAF_REQUIRE_VALUE(const MarkovResult markov, FitMarkov(lost, 2));
  CHECK(markov.conversion_probability == 0);
  CHECK(markov.removal_effects == std::vector<double>{0, 0});
}

TEST_CASE("the closed form is the Shapley value of the union game") {
  CHECK(rc::check([] {
    const int channels = *rc::gen::inRange(1, 7);
    const ChannelPaths paths =
        RandomPaths(static_cast<std::size_t>(channels), 20, 5, *rc::gen::inRange<std::uint32_t>(1, 1000000));
    const Game game = [&](std::uint64_t players) {
      double worth = 0;
      for (std::size_t i = 0; i < paths.size(); ++i) {
        bool inside = true;
        for (const ChannelId channel : paths.channels(i)) inside = inside && (players >> channel & 1) != 0;
        if (inside) worth += paths.conversions(i);
      }
      return worth;
    };
    const absl::StatusOr<std::vector<double>> exact = ShapleyOfGame(channels, game);
    RC_ASSERT(exact.ok());
    const ChannelCredits closed = ShapleyOfPaths(paths);
    for (std::size_t i = 0; i < exact->size(); ++i) RC_ASSERT(std::abs((*exact)[i] - closed.conversions[i]) < 1e-9);
  }));
}

TEST_CASE("sampling repeats itself by its seed and gives away exactly what there is") {
  const Game game = [](std::uint64_t players) { return players == 7 ? 10.0 : players == 3 ? 4.0 : 0.0; };
  ESNAF_REQUIRE_VALUE(const std::vector<double> once, SampleShapley(3, game, 50, 42));
  ESNAF_REQUIRE_VALUE(const std::vector<double> again, SampleShapley(3, game, 50, 42));
  CHECK(once == again);
  CHECK(std::abs(once[0] + once[1] + once[2] - 10) < 1e-12);
}

TEST_CASE("channel credits add up to what converted") {
  const ChannelPaths paths = RandomPaths(6, 500, 8, 3);
  for (const Model model :
       {Model::kFirst, Model::kLast, Model::kLastNonDirect, Model::kLinear, Model::kTimeDecay, Model::kPositionBased}) {
    const ChannelCredits credits = CreditChannels(model, paths);
    double conversions = 0, value = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      conversions += credits.conversions[i];
      value += credits.value[i];
    }
    CHECK(std::abs(conversions - paths.total_conversions()) < 1e-6);
    CHECK(std::abs(value - paths.total_value()) < 1e-6 * paths.total_value());
  }
}

TEST_CASE("last non-direct passes over the direct channel") {
  ChannelPaths paths(3);
  paths.set_direct(2);
  paths.Add(std::vector<ChannelId>{0, 1, 2, 2}, 1, 5, 0);
  paths.Add(std::vector<ChannelId>{2, 2}, 1, 7, 0);
  const ChannelCredits credits = CreditChannels(Model::kLastNonDirect, paths);
  CHECK(credits.conversions == std::vector<double>{0, 1, 1});
  CHECK(credits.value == std::vector<double>{0, 5, 7});
}

}  // namespace
}  // namespace esnaf::attribution
