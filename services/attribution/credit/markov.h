#pragma once

// Data-driven credit by removal effects: how many conversions would be lost if a channel were not there, in the Markov
// chain that the paths make (Anderl, Becker, von Wangenheim, Schumann 2016: "Mapping the customer journey"; the same
// chain as the R package ChannelAttribution). Solved as a linear system, not simulated. Pure.
#include <vector>

#include "absl/status/statusor.h"
#include "services/attribution/credit/channel_paths.h"

namespace esnaf::attribution {

struct MarkovResult {
  // The chance that a path of the chain ends in a conversion.
  double conversion_probability = 0;
  // Of each channel, the share of conversions, and of their value, that is lost without it: 0 to 1.
  std::vector<double> removal_effects;
  std::vector<double> value_removal_effects;
  // The totals of the paths, shared in proportion to the effects.
  ChannelCredits credits;
  std::size_t state_count = 0;       // without start, conversion and null
  std::size_t transition_count = 0;  // different ones, those from start and to the ends included
};

// A state is what the last `order` channels were (at the beginning of a path there are fewer), after immediate
// repetitions of a channel are taken as one, which does not change an effect of order 1. Removing a channel sends every
// step into a state that contains it to null. A path worth something brings the mean value of the conversions out of
// its last state. INVALID_ARGUMENT unless the order is 1 to 4; OUT_OF_RANGE beyond 1,000,000 states.
//
// Costs: counting grows with the touches. Up to 600 states all effects come from one inverse; beyond that the sparse
// system is solved by Gauss-Seidel to the last bit, for eight channels at once, begun at the visits with all channels.
absl::StatusOr<MarkovResult> FitMarkov(const ChannelPaths& paths, int order);

// A step of the chain and its chance.
struct MarkovTransition {
  std::vector<ChannelId> from;  // empty: the start
  std::vector<ChannelId> to;    // empty: an end
  bool to_conversion = false;   // of the ends
  double probability = 0;
};
// Every step that occurs, for tests and explanations.
absl::StatusOr<std::vector<MarkovTransition>> MarkovTransitions(const ChannelPaths& paths, int order);

}  // namespace esnaf::attribution
