#pragma once

// The Gamma-Gamma model of spend per order. Pure: no SQL, no clock, no protobuf.
//
// A customer's orders vary around a mean of his own by a gamma distribution of shape p; means differ among customers,
// independently of how often they buy (q, v). Fader and Hardie, "The Gamma-Gamma Model of Monetary Value", note 025,
// 2013.
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "services/segmentation/value/value_optimizer.h"

namespace esnaf::segmentation {

// What a repeat customer's repeat purchases were worth.
struct Spend {
  double repeats = 0;  // at least 1
  double mean = 0;     // above 0, in whole units of money (lira, not kurus)
};

struct GammaGamma {
  double p = 1, q = 1, v = 1;  // shapes, and a scale in units of money

  double LogLikelihoodOf(const Spend& spend) const;
  // The mean spend per order to be expected of a customer: his own mean, drawn towards the population's. Nobody's own
  // (no repeats) is the population's. A negative number where the parameters give no mean (p x + q <= 1).
  double ExpectedMean(const Spend& spend) const;
};

// Fits (p, q, v). FAILED_PRECONDITION without anybody.
absl::StatusOr<Maximum> FitGammaGamma(std::span<const Spend> spends, int threads);

}  // namespace esnaf::segmentation
