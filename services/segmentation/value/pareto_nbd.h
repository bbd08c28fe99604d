#pragma once

// The Pareto/NBD model of repeat buying. Pure: no SQL, no clock, no protobuf.
//
// While active, a customer buys at random with a rate of his own; rates differ by a gamma distribution (r, alpha). He
// becomes inactive for ever at a random moment, with another rate of his own; these differ by a gamma distribution
// (s, beta). Schmittlein, Morrison and Colombo, 1987; the likelihood as in Fader and Hardie, "A Note on Deriving the
// Pareto/NBD Model and Related Expressions", 2005.
#include <span>

#include "absl/status/statusor.h"
#include "services/segmentation/value/value_optimizer.h"
#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {

struct ParetoNbd {
  double r = 1, alpha = 1;  // rates of buying: shape, and inverse scale in units of time
  double s = 1, beta = 1;   // rates of leaving: shape, and inverse scale in units of time

  // The log of the probability (density) of the purchases, without the constant log x!. The difference of two
  // hypergeometric functions that the literature has is the integral of (alpha+t)^-(r+x) (beta+t)^-(s+1) over the
  // moments of leaving between the last purchase and now; as such it is computed, scaled by its integrand at the last
  // purchase, so nothing cancels, overflows or depends on whether alpha or beta is greater.
  double LogLikelihoodOf(const Timing& timing) const;
  // Sums LogLikelihoodOf over patterns and writes the derivatives by r, alpha, s, beta.
  double LogLikelihoodOf(std::span<const Pattern> patterns, double unit_days, int threads,
                         std::span<double> gradient) const;

  // The probability that a customer is still active.
  double ProbabilityActive(const Timing& timing) const;
  // Orders that a new customer will place within `time` after the first one.
  double ExpectedOrders(double time) const;
  // Orders that a customer will place within the `time` that follows.
  double ExpectedOrders(const Timing& timing, double time) const;
};

// Fits (r, alpha, s, beta). Patterns should be collapsed.
absl::StatusOr<Maximum> FitParetoNbd(std::span<const Pattern> patterns, double unit_days, int threads);

}  // namespace esnaf::segmentation
