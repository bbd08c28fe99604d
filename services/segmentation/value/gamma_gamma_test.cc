// Gamma-Gamma against its formula and its own derivatives. Published results are in value_published_test.cc.
#include "services/segmentation/value/gamma_gamma.h"

#include <cmath>

#include "libs/testing/catch.h"
#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {
namespace {

constexpr GammaGamma kCdnow{6.25, 3.74, 15.44};

TEST_CASE("Gamma-Gamma: the log-likelihood is the published one") {
  const Spend spend{3, 22.35};
  const auto& [p, q, v] = kCdnow;
  const double px = p * spend.repeats;
  const double expected = LogGamma(px + q) - LogGamma(px) - LogGamma(q) + q * std::log(v) +
                          (px - 1) * std::log(spend.mean) + px * std::log(spend.repeats) -
                          (px + q) * std::log(spend.repeats * spend.mean + v);
  CHECK(kCdnow.LogLikelihoodOf(spend) == Approx(expected).epsilon(1e-12));
}

TEST_CASE("Gamma-Gamma: a customer's mean is drawn towards everybody's, less with each purchase") {
  const double everybody = kCdnow.ExpectedMean({});
  CHECK(everybody == Approx(6.25 * 15.44 / 2.74));
  const double once = kCdnow.ExpectedMean({1, 100}), often = kCdnow.ExpectedMean({50, 100});
  CHECK(everybody < once);
  CHECK(once < often);
  CHECK(often < 100);
  CHECK(kCdnow.ExpectedMean({1e9, 100}) == Approx(100));
  CHECK(GammaGamma{1, 0.5, 3}.ExpectedMean({}) < 0);  // the population has no mean
}

TEST_CASE("Gamma-Gamma: a fit climbs to a maximum and scales with the money") {
  std::vector<Spend> spends, in_kurus;
  for (int i = 0; i < 500; ++i) {
    const Spend spend{1.0 + i % 5, 60 + 15 * std::sin(i * 1.7) + 10 * std::cos(i * 0.61) * (i % 3)};
    spends.push_back(spend);
    in_kurus.push_back({spend.repeats, spend.mean * 100});
  }
  ESNAF_REQUIRE_VALUE(const Maximum fit, FitGammaGamma(spends, 2));
  CHECK(fit.converged);
  double sum = 0;
  for (const Spend& spend : spends) {
    sum += GammaGamma{fit.parameters[0], fit.parameters[1], fit.parameters[2]}.LogLikelihoodOf(spend);
  }
  CHECK(fit.log_likelihood == Approx(sum).epsilon(1e-10));
  ESNAF_REQUIRE_VALUE(const Maximum scaled, FitGammaGamma(in_kurus, 2));
  CHECK(scaled.parameters[0] == Approx(fit.parameters[0]).epsilon(1e-3));
  CHECK(scaled.parameters[2] == Approx(fit.parameters[2] * 100).epsilon(1e-3));
  CHECK_STATUS_IS(FitGammaGamma({}, 1), absl::StatusCode::kFailedPrecondition, "");
}

}  // namespace
}  // namespace esnaf::segmentation
