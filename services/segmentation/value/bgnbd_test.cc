// BG/NBD and MBG/NBD against their formulas, their own derivatives and extreme purchases. Published results are in
// value_published_test.cc.
#include "services/segmentation/value/bgnbd.h"

#include <rapidcheck.h>

#include <cmath>

#include "services/segmentation/value/value_test_likelihood.h"

namespace esnaf::segmentation {
namespace {

constexpr BgNbdForm kForms[] = {BgNbdForm::kOriginal, BgNbdForm::kModified};

BgNbd Cdnow(BgNbdForm form) { return {form, 0.243, 4.414, 0.793, 2.426}; }

double Sum(const BgNbd& model, const std::vector<Pattern>& patterns, int threads = 1) {
  std::vector<double> gradient(4);
  return model.LogLikelihoodOf(patterns, 7, threads, gradient);
}

TEST_CASE("BG/NBD: patterns together are as likely as one by one") {
  for (const BgNbdForm form : kForms) {
    const BgNbd model = Cdnow(form);
    double sum = 0;
    for (const Pattern& pattern : VariousPatterns()) {
      const double one = model.LogLikelihoodOf(pattern.In(7));
      REQUIRE(std::isfinite(one));
      sum += static_cast<double>(pattern.customers) * one;
    }
    CHECK(Sum(model, VariousPatterns()) == Approx(sum).epsilon(1e-12));
  }
}

TEST_CASE("BG/NBD: the gradient is that of the log-likelihood") {
  for (const BgNbdForm form : kForms) {
    const PatternLikelihood likelihood = [form](std::span<const Pattern> patterns, std::span<const double> p,
                                                std::span<double> gradient) {
      return BgNbd{form, p[0], p[1], p[2], p[3]}.LogLikelihoodOf(patterns, 7, 1, gradient);
    };
    CheckGradient(likelihood, {0.243, 4.414, 0.793, 2.426});
    CheckGradient(likelihood, {5, 0.01, 1e-3, 40});
    CheckGradient(likelihood, {0.01, 900, 30, 0.02});
  }
}

TEST_CASE("BG/NBD: somebody who bought once is active for ever, in the modified form maybe not") {
  const Timing once{0, 0, 500};
  CHECK(Cdnow(BgNbdForm::kOriginal).ProbabilityActive(once) == 1);
  CHECK(Cdnow(BgNbdForm::kModified).ProbabilityActive(once) < 0.6);
}

TEST_CASE("BG/NBD: the expected number of orders is what the hypergeometric function says") {
  for (const double a : {0.3, 0.793, 1.5, 4.0}) {
    for (const double time : {0.1, 1.0, 39.0, 78.0}) {
      const double r = 0.243, alpha = 4.414, b = 2.426;
      const double expected =
          (a + b - 1) / (a - 1) *
          (1 - std::pow(alpha / (alpha + time), r) * PlainHyp2F1(r, b, a + b - 1, time / (alpha + time)));
      CHECK(ExpectedUntilLeaving(r, alpha, a, b, time) == Approx(expected).epsilon(1e-9));
    }
  }
}

// Each takes microseconds; where a sum ran to its last resort instead of its end, this would take an hour.
TEST_CASE("BG/NBD: the expectation of loyal customers comes to an end") {
  for (int repeats = 0; repeats <= 400; ++repeats) {
    double before = 0;
    for (const double horizon : {1.0, 13.0, 52.0, 260.0}) {
      for (const double age : {1.0, 10.0, 38.86, 400.0}) {
        const double expected = ExpectedUntilLeaving(0.243 + repeats, 4.414 + age, 0.793, 2.426 + repeats, horizon);
        CHECK(std::isfinite(expected));
        CHECK(expected >= 0);
        if (age == 400.0) {
          CHECK(expected > before);
          before = expected;
        }
      }
    }
  }
}

TEST_CASE("BG/NBD: nothing happens to the expectation where its formula divides by zero") {
  const double below = ExpectedUntilLeaving(0.5, 3, 1 - 1e-7, 2, 20);
  const double above = ExpectedUntilLeaving(0.5, 3, 1 + 1e-7, 2, 20);
  CHECK(ExpectedUntilLeaving(0.5, 3, 1, 2, 20) == Approx((below + above) / 2).epsilon(1e-9));
  CHECK(ExpectedUntilLeaving(0.5, 3, 0.4, 0.6, 20) > 0);  // a + b = 1
  // Without leaving, a customer's orders go on at the mean rate.
  CHECK(ExpectedUntilLeaving(2, 4, 1e-9, 5, 52) == Approx(2.0 / 4 * 52).epsilon(1e-6));
  CHECK(ExpectedUntilLeaving(2, 4, 1, 5, 0) == 0);
  // Everybody buys at the rate of one, and stays: the sum ends though rounding leaves something of it.
  CHECK(ExpectedUntilLeaving(8e6, 8e6, 1e-4, 8e6, 50) == Approx(50).epsilon(1e-6));
}

TEST_CASE("BG/NBD: predictions are possible numbers, whatever the purchases") {
  REQUIRE(rc::check("probabilities and expectations are in range and grow with time", [] {
    const auto positive = [](double most) { return (1 + *rc::gen::inRange(0, 1000)) / 1000.0 * most; };
    const BgNbd model{*rc::gen::element(BgNbdForm::kOriginal, BgNbdForm::kModified), positive(5), positive(50),
                      positive(5), positive(10)};
    const double age = *rc::gen::inRange(0, 500);
    const double recency = age * *rc::gen::inRange(0, 101) / 100;
    const Timing timing{recency == 0 ? 0.0 : *rc::gen::inRange(1, 400), recency, age};
    const double active = model.ProbabilityActive(timing);
    RC_ASSERT(active >= 0 && active <= 1);
    RC_ASSERT(std::isfinite(model.LogLikelihoodOf(timing)));
    const double soon = model.ExpectedOrders(timing, 4), later = model.ExpectedOrders(timing, 8);
    RC_ASSERT(soon >= 0 && later >= soon && later <= 2 * soon + 1e-9);
    RC_ASSERT(std::abs(model.ExpectedOrders({0, 0, 0}, 10) - model.ExpectedOrders(10)) < 1e-9);
  }));
}

TEST_CASE("BG/NBD: a fit finds the parameters that purchases were drawn with, and does not mind copies") {
  // Expected counts of purchases drawn with known parameters, as weights: the maximum is those parameters.
  const BgNbd truth{BgNbdForm::kOriginal, 0.7, 6, 0.9, 2.5};
  std::vector<Pattern> patterns;
  for (int age = 70; age <= 280; age += 70) {
    double certain = 0;
    for (int x = 1; x <= 12; ++x) {
      for (int recency = x; recency <= age; recency += 7) {
        const Pattern pattern{x, recency, age, 1};
        // The density of (x, t_x) has the ways to place x - 1 purchases before the last one.
        const double ways = (x - 1) * std::log(std::max(recency / 7.0, 1e-9)) - LogGamma(x);
        const double weight = 1e6 * std::exp(truth.LogLikelihoodOf(pattern.In(7)) + ways);
        certain += weight;
        patterns.push_back({x, recency, age, std::llround(weight)});
      }
    }
    patterns.push_back({0, 0, age, std::llround(1e6 * std::exp(truth.LogLikelihoodOf({0, 0, age / 7.0})))});
    CHECK(certain > 0);
  }
  std::erase_if(patterns, [](const Pattern& p) { return p.customers == 0; });
  ESNAF_REQUIRE_VALUE(const Maximum fit, FitBgNbd(BgNbdForm::kOriginal, Collapse(patterns), 7, 2));
  CHECK(fit.converged);
  CHECK(fit.parameters[0] == Approx(truth.r).epsilon(0.1));
  CHECK(fit.parameters[1] == Approx(truth.alpha).epsilon(0.1));
  REQUIRE(fit.standard_errors.size() == 4);
  std::vector<Pattern> twice = patterns;
  twice.insert(twice.end(), patterns.begin(), patterns.end());
  ESNAF_REQUIRE_VALUE(const Maximum again, FitBgNbd(BgNbdForm::kOriginal, Collapse(twice), 7, 2));
  CHECK(again.log_likelihood == Approx(2 * fit.log_likelihood).epsilon(1e-9));
  for (int i = 0; i < 4; ++i) {
    CHECK(again.parameters[i] == Approx(fit.parameters[i]).epsilon(1e-4));
    CHECK(again.standard_errors[i] == Approx(fit.standard_errors[i] / std::sqrt(2)).epsilon(1e-3));
  }
}

}  // namespace
}  // namespace esnaf::segmentation
