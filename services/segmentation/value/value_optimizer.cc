#include "services/segmentation/value/value_optimizer.h"

#include <nlopt.h>

#include <cmath>
#include <memory>

namespace esnaf::segmentation {
namespace {

constexpr double kLeastLog = -9;
constexpr double kGreatestLog = 16;
constexpr int kNewtonSteps = 20;
constexpr double kDifferenceStep = 1e-4;
// What a Newton step may still promise to gain at a maximum, and what makes one worth its price: with a gain of 1e-8
// the parameters are within 2e-4 of their standard errors.
constexpr double kGainAtMaximum = 1e-6;
constexpr double kGainWorthAStep = 1e-8;

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

// The log-likelihood as a function of the parameters' logarithms.
struct Objective {
  const LogLikelihood& log_likelihood;

  double operator()(const Vector& logs, Vector& gradient) const {
    Vector parameters(logs.size());
    for (std::size_t i = 0; i < logs.size(); ++i) parameters[i] = std::exp(logs[i]);
    const double value = log_likelihood(parameters, gradient);
    for (std::size_t i = 0; i < logs.size(); ++i) gradient[i] *= parameters[i];
    return value;
  }
  double At(const Vector& logs) const {
    Vector gradient(logs.size());
    return (*this)(logs, gradient);
  }
};

// The matrix of second derivatives, from central differences of the gradient, with its sign turned: positive definite
// at a maximum.
Matrix NegativeHessian(const Objective& objective, const Vector& logs) {
  const std::size_t n = logs.size();
  Matrix result(n, Vector(n));
  Vector above(n), below(n);
  for (std::size_t i = 0; i < n; ++i) {
    Vector moved = logs;
    moved[i] = logs[i] + kDifferenceStep;
    objective(moved, above);
    moved[i] = logs[i] - kDifferenceStep;
    objective(moved, below);
    for (std::size_t j = 0; j < n; ++j) result[i][j] = (below[j] - above[j]) / (2 * kDifferenceStep);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) result[i][j] = result[j][i] = (result[i][j] + result[j][i]) / 2;
  }
  return result;
}

// The lower triangle L of matrix = L L'; empty where the matrix is not positive definite.
Matrix Cholesky(const Matrix& matrix) {
  const std::size_t n = matrix.size();
  Matrix lower(n, Vector(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= lower[i][k] * lower[j][k];
      if (i != j) {
        lower[i][j] = sum / lower[j][j];
      } else if (sum > 1e-12 * std::abs(matrix[i][i]) && std::isfinite(sum)) {
        lower[i][i] = std::sqrt(sum);
      } else {
        return {};
      }
    }
  }
  return lower;
}

// x of L L' x = right.
Vector Solve(const Matrix& lower, Vector right) {
  const std::size_t n = lower.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) right[i] -= lower[i][k] * right[k];
    right[i] /= lower[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) right[i] -= lower[k][i] * right[k];
    right[i] /= lower[i][i];
  }
  return right;
}

bool AtBound(const Vector& logs) {
  return std::any_of(logs.begin(), logs.end(),
                     [](double log) { return log < kLeastLog + 0.01 || log > kGreatestLog - 0.01; });
}

// What NLopt calls, in C. The objective is scaled so that its values are about one, which L-BFGS' first step expects.
struct Search {
  const Objective& objective;
  double scale;

  static double Evaluate(unsigned n, const double* logs, double* gradient, void* data) {
    const auto& search = *static_cast<const Search*>(data);
    Vector derivative(n);
    const double value = search.objective(Vector(logs, logs + n), derivative);
    if (gradient != nullptr) {
      for (unsigned i = 0; i < n; ++i) gradient[i] = derivative[i] / search.scale;
    }
    return std::isfinite(value) ? value / search.scale : -HUGE_VAL;
  }
};

Vector SearchFrom(const Objective& objective, Vector logs, double scale) {
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimizer(
      nlopt_create(NLOPT_LD_LBFGS, static_cast<unsigned>(logs.size())), nlopt_destroy);
  Search search{objective, scale};
  nlopt_set_max_objective(optimizer.get(), &Search::Evaluate, &search);
  nlopt_set_lower_bounds1(optimizer.get(), kLeastLog);
  nlopt_set_upper_bounds1(optimizer.get(), kGreatestLog);
  nlopt_set_ftol_rel(optimizer.get(), 1e-11);
  nlopt_set_maxeval(optimizer.get(), 300);
  Vector found = logs;
  double value = 0;
  // Some of its results are called failures, for example when rounding lets it go no further; whether this is a
  // maximum is judged by the gradient afterwards, and it is never worse than the start.
  (void)nlopt_optimize(optimizer.get(), found.data(), &value);
  const bool usable = std::all_of(found.begin(), found.end(), [](double log) { return std::isfinite(log); });
  return usable && objective.At(found) >= objective.At(logs) ? found : logs;
}

// Where Newton's method ended.
struct Summit {
  Vector logs;
  double value = 0;
  double gain = HUGE_VAL;  // what a further step would promise
  Matrix lower;            // of the negative Hessian there; empty where that is not positive definite
};

// Takes steps of Newton's method, halving one that does not gain, until a further one would gain nothing to speak of.
Summit Climb(const Objective& objective, Vector logs) {
  Summit summit{std::move(logs), 0, HUGE_VAL, {}};
  Vector gradient(summit.logs.size());
  summit.value = objective(summit.logs, gradient);
  for (int step = 0; step < kNewtonSteps; ++step) {
    summit.lower = Cholesky(NegativeHessian(objective, summit.logs));
    if (summit.lower.empty()) return summit;
    const Vector direction = Solve(summit.lower, gradient);
    summit.gain = 0;
    for (std::size_t i = 0; i < direction.size(); ++i) summit.gain += gradient[i] * direction[i] / 2;
    if (summit.gain < kGainWorthAStep) break;
    bool gained = false;
    for (double length = 1; length > 1e-4 && !gained; length /= 2) {
      Vector moved = summit.logs;
      for (std::size_t i = 0; i < moved.size(); ++i) {
        moved[i] = std::clamp(moved[i] + length * direction[i], kLeastLog, kGreatestLog);
      }
      const double value = objective(moved, gradient);
      if (value <= summit.value) continue;
      summit.logs = moved;
      summit.value = value;
      gained = true;
    }
    if (!gained) break;
  }
  return summit;
}

Maximum MaximumAt(const Summit& summit) {
  Maximum maximum;
  maximum.log_likelihood = summit.value;
  maximum.converged = summit.gain < kGainAtMaximum;
  for (const double log : summit.logs) maximum.parameters.push_back(std::exp(log));
  if (!maximum.converged || AtBound(summit.logs)) return maximum;
  for (std::size_t i = 0; i < summit.lower.size(); ++i) {
    Vector unit(summit.lower.size());
    unit[i] = 1;
    maximum.standard_errors.push_back(std::sqrt(Solve(summit.lower, unit)[i]) * maximum.parameters[i]);
  }
  return maximum;
}

Vector LogsOf(const Vector& parameters) {
  Vector logs;
  for (const double parameter : parameters) logs.push_back(std::clamp(std::log(parameter), kLeastLog, kGreatestLog));
  return logs;
}

}  // namespace

absl::StatusOr<Maximum> Maximize(const LogLikelihood& log_likelihood, const std::vector<std::vector<double>>& starts) {
  const Objective objective{log_likelihood};
  Vector best;
  double best_value = -HUGE_VAL;
  for (const Vector& start : starts) {
    Vector logs = LogsOf(start);
    const double at_start = objective.At(logs);
    if (!std::isfinite(at_start)) continue;
    logs = SearchFrom(objective, logs, std::max(1.0, std::abs(at_start)));
    const double value = objective.At(logs);
    if (value > best_value) {
      best = logs;
      best_value = value;
    }
  }
  if (best.empty()) return absl::InternalError("the log-likelihood is not finite at any start");
  return MaximumAt(Climb(objective, best));
}

Maximum MaximizeNearby(const LogLikelihood& log_likelihood, const std::vector<double>& start) {
  return MaximumAt(Climb(Objective{log_likelihood}, LogsOf(start)));
}

}  // namespace esnaf::segmentation
