#pragma once

// The BG/NBD model of repeat buying and its modified form. Pure: no SQL, no clock, no protobuf.
//
// While active, a customer buys at random with a rate of his own; rates differ among customers by a gamma distribution
// (r, alpha). After each purchase he may become inactive for ever, with a probability of his own; these differ by a
// beta distribution (a, b). BG/NBD: Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science
// 24(2), 2005. MBG/NBD: Batislam, Denizel and Filiztekin, 2007; there he may become inactive right after the first
// purchase too, so somebody who bought once may be gone.
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "services/segmentation/value/value_optimizer.h"
#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {

enum class BgNbdForm { kOriginal, kModified };

struct BgNbd {
  BgNbdForm form = BgNbdForm::kOriginal;
  double r = 1, alpha = 1;  // rates: shape, and inverse scale in units of time
  double a = 1, b = 1;      // probabilities of becoming inactive

  // The log of the probability (density) of the purchases, without the constant log x!, as Fader and Hardie have it.
  double LogLikelihoodOf(const Timing& timing) const;
  // Sums LogLikelihoodOf over patterns and writes the derivatives by r, alpha, a, b.
  double LogLikelihoodOf(std::span<const Pattern> patterns, double unit_days, int threads,
                         std::span<double> gradient) const;

  // The probability that a customer is still active. In the original form that is 1 for everybody who bought once.
  double ProbabilityActive(const Timing& timing) const;
  // Orders that a new customer will place within `time` after the first one.
  double ExpectedOrders(double time) const;
  // Orders that a customer will place within the `time` that follows.
  double ExpectedOrders(const Timing& timing, double time) const;
};

// Fits (r, alpha, a, b). Patterns should be collapsed.
absl::StatusOr<Maximum> FitBgNbd(BgNbdForm form, std::span<const Pattern> patterns, double unit_days, int threads);

// The orders expected of an active customer within `time` when his rate is gamma (r, alpha) and the probability that he
// leaves after an order is beta (a, b): the sum over k of P(more than k orders without leaving) x P(stays k times). It
// equals (a+b-1)/(a-1) [1 - (alpha/(alpha+t))^r 2F1(r, b; a+b-1; t/(alpha+t))] and, having positive terms only, needs
// no care where a or a+b is near 1.
double ExpectedUntilLeaving(double r, double alpha, double a, double b, double time);

}  // namespace esnaf::segmentation
