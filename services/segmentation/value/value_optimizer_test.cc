#include "services/segmentation/value/value_optimizer.h"

#include <cmath>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

// Normal in the logarithms of two parameters, correlated, around (2, 50).
double Hill(std::span<const double> p, std::span<double> gradient) {
  const double u = std::log(p[0] / 2), v = std::log(p[1] / 50);
  gradient[0] = -(4 * u + v) / p[0];
  gradient[1] = -(u + 9 * v) / p[1];
  return 7 - (4 * u * u + 2 * u * v + 9 * v * v) / 2;
}

TEST_CASE("a maximum is found from far away, with the errors that its curvature tells") {
  ESNAF_REQUIRE_VALUE(const Maximum maximum, Maximize(Hill, {{1e-3, 1e4}, {1, 1}}));
  CHECK(maximum.converged);
  CHECK(maximum.log_likelihood == Approx(7));
  CHECK(maximum.parameters[0] == Approx(2).epsilon(1e-4));
  CHECK(maximum.parameters[1] == Approx(50).epsilon(1e-4));
  REQUIRE(maximum.standard_errors.size() == 2);
  CHECK(maximum.standard_errors[0] == Approx(2 * std::sqrt(9.0 / 35)).epsilon(1e-3));
  CHECK(maximum.standard_errors[1] == Approx(50 * std::sqrt(4.0 / 35)).epsilon(1e-3));
}

TEST_CASE("nearby, Newton's method ends at the same place") {
  const Maximum maximum = MaximizeNearby(Hill, {2.5, 45});
  CHECK(maximum.converged);
  CHECK(maximum.parameters[1] == Approx(50).epsilon(1e-4));
}

TEST_CASE("a likelihood that grows for ever ends at the bound, without errors") {
  const LogLikelihood ramp = [](std::span<const double> p, std::span<double> gradient) {
    const double u = std::log(p[0]);
    gradient[0] = 1 / (p[0] * (1 + std::exp(u)));
    gradient[1] = -2 * (p[1] - 3);
    return -std::log1p(std::exp(-u)) - (p[1] - 3) * (p[1] - 3);
  };
  ESNAF_REQUIRE_VALUE(const Maximum maximum, Maximize(ramp, {{1, 1}}));
  CHECK(maximum.parameters[0] > 1000);
  CHECK(maximum.parameters[1] == Approx(3).epsilon(1e-3));
  CHECK((maximum.standard_errors.empty() || maximum.standard_errors[0] > maximum.parameters[0]));
}

TEST_CASE("a likelihood that is finite nowhere is no likelihood") {
  const LogLikelihood none = [](std::span<const double>, std::span<double>) { return std::nan(""); };
  CHECK_STATUS_IS(Maximize(none, {{1.0}}), absl::StatusCode::kInternal, "not finite");
}

}  // namespace
}  // namespace esnaf::segmentation
