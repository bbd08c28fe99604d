#pragma once

// Maximum likelihood for models with a few positive parameters. Pure: no SQL, no clock, no protobuf.
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::segmentation {

// The log-likelihood at `parameters`, all positive; writes its derivative by each parameter to `gradient`.
using LogLikelihood = std::function<double(std::span<const double> parameters, std::span<double> gradient)>;

// Where a log-likelihood is greatest.
struct Maximum {
  std::vector<double> parameters;
  // Of the parameters themselves, by the delta method from the Hessian at their logarithms. Empty where the maximum is
  // flat in some direction or lies at a bound, so that the data do not tell the parameters.
  std::vector<double> standard_errors;
  double log_likelihood = 0;
  // Whether the gradient vanishes there: no step of Newton's would gain more than 1e-6.
  bool converged = false;
};

// The search for it is over the logarithms of the parameters, which stay between -9 and 16: from every start by L-BFGS
// (NLopt), then from the best place by Newton's method. Needs at least one start, all of one size. INTERNAL where the
// log-likelihood is not finite at any start.
absl::StatusOr<Maximum> Maximize(const LogLikelihood& log_likelihood, const std::vector<std::vector<double>>& starts);

// By Newton's method alone, for a start that is close: few evaluations, for each has its price with many data. It may
// end anywhere, not converged, where the start is not close.
Maximum MaximizeNearby(const LogLikelihood& log_likelihood, const std::vector<double>& start);

}  // namespace esnaf::segmentation
