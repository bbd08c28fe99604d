#pragma once

// Checks that likelihoods of patterns share.
#include <cmath>
#include <vector>

#include "libs/testing/catch.h"
#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {

// Purchases of all kinds: none repeated, many, all on successive days, until today, long ago.
inline std::vector<Pattern> VariousPatterns() {
  return {{0, 0, 0, 3},         {0, 0, 1, 2},     {0, 0, 272, 40}, {1, 12, 272, 9},   {2, 213, 272, 5},
          {26, 216, 217, 1},    {1, 272, 272, 2}, {5, 5, 900, 1},  {60, 700, 720, 1}, {300, 3000, 3600, 1},
          {999, 1000, 1400, 1}, {3, 3, 3, 1},     {0, 0, 3650, 10}};
}

// Compares the gradient with central differences of the value, by each parameter.
inline void CheckGradient(const PatternLikelihood& likelihood, std::vector<double> parameters) {
  const std::vector<Pattern> patterns = VariousPatterns();
  std::vector<double> gradient(parameters.size()), ignored(parameters.size());
  likelihood(patterns, parameters, gradient);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double step = parameters[i] * 1e-5, at = parameters[i];
    parameters[i] = at + step;
    const double above = likelihood(patterns, parameters, ignored);
    parameters[i] = at - step;
    const double below = likelihood(patterns, parameters, ignored);
    parameters[i] = at;
    INFO("parameter " << i << " of " << parameters[0] << " " << parameters[1] << " " << parameters[2] << " "
                      << parameters[3]);
    REQUIRE(std::isfinite(gradient[i]));
    CHECK(gradient[i] * at == Approx((above - below) / (2 * step) * at).epsilon(1e-5).margin(1e-3));
  }
}

// Gauss' hypergeometric series, for |z| < 1; slow and plain, to compare with.
inline double PlainHyp2F1(double a, double b, double c, double z) {
  double term = 1, sum = 1;
  for (int n = 0; n < 200'000 && std::abs(term) > 1e-17 * std::abs(sum); ++n) {
    term *= (a + n) * (b + n) / (c + n) / (n + 1) * z;
    sum += term;
  }
  return sum;
}

}  // namespace esnaf::segmentation
