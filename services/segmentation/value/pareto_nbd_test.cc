// Pareto/NBD against its formulas, its own derivatives and extreme purchases. Published results are in
// value_published_test.cc.
#include "services/segmentation/value/pareto_nbd.h"

#include <rapidcheck.h>

#include "services/segmentation/value/value_test_likelihood.h"

namespace esnaf::segmentation {
namespace {

constexpr ParetoNbd kCdnow{0.553, 10.578, 0.606, 11.669};

// The literature's form, with the difference of two hypergeometric functions.
double PublishedForm(const ParetoNbd& m, const Timing& t) {
  const double x = t.repeats, n = m.r + m.s + x;
  const double greater = std::max(m.alpha, m.beta), b = m.alpha >= m.beta ? m.s + 1 : m.r + x;
  const auto part = [&](double time) {
    return PlainHyp2F1(n, b, n + 1, std::abs(m.alpha - m.beta) / (greater + time)) / std::pow(greater + time, n);
  };
  const double a0 = part(t.recency) - part(t.age);
  return LogGamma(m.r + x) - LogGamma(m.r) + m.r * std::log(m.alpha) + m.s * std::log(m.beta) +
         std::log(std::pow(m.alpha + t.age, -(m.r + x)) * std::pow(m.beta + t.age, -m.s) + m.s / n * a0);
}

TEST_CASE("Pareto/NBD: the log-likelihood is the published one, whichever scale is greater") {
  for (const ParetoNbd& model : {kCdnow, ParetoNbd{0.55, 30, 0.6, 8}, ParetoNbd{1.4, 7, 2.2, 7}}) {
    for (const Timing& timing : {Timing{0, 0, 38.86}, Timing{2, 30.43, 38.86}, Timing{7, 29.43, 38.86},
                                 Timing{26, 30.86, 31}, Timing{1, 0.14, 38.86}, Timing{3, 20, 20}}) {
      CHECK(model.LogLikelihoodOf(timing) == Approx(PublishedForm(model, timing)).epsilon(1e-9));
    }
  }
}

TEST_CASE("Pareto/NBD: patterns together are as likely as one by one, on any number of threads") {
  double sum = 0;
  std::vector<Pattern> patterns;
  for (int copy = 0; copy < 1000; ++copy) {
    for (const Pattern& pattern : VariousPatterns()) patterns.push_back(pattern);
  }
  for (const Pattern& pattern : VariousPatterns()) {
    sum += 1000.0 * static_cast<double>(pattern.customers) * kCdnow.LogLikelihoodOf(pattern.In(7));
  }
  std::vector<double> one(4), three(4);
  CHECK(kCdnow.LogLikelihoodOf(patterns, 7, 1, one) == Approx(sum).epsilon(1e-11));
  CHECK(kCdnow.LogLikelihoodOf(patterns, 7, 3, three) == Approx(sum).epsilon(1e-11));
  for (int i = 0; i < 4; ++i) CHECK(one[i] == Approx(three[i]).epsilon(1e-9));
}

TEST_CASE("Pareto/NBD: the gradient is that of the log-likelihood") {
  const PatternLikelihood likelihood = [](std::span<const Pattern> patterns, std::span<const double> p,
                                          std::span<double> gradient) {
    return ParetoNbd{p[0], p[1], p[2], p[3]}.LogLikelihoodOf(patterns, 7, 1, gradient);
  };
  CheckGradient(likelihood, {0.553, 10.578, 0.606, 11.669});
  CheckGradient(likelihood, {3, 0.02, 0.4, 500});
  CheckGradient(likelihood, {0.05, 800, 6, 0.01});
  CheckGradient(likelihood, {2, 9, 1, 9});
}

TEST_CASE("Pareto/NBD: a customer who buys until today is active, one who was busy long ago is not") {
  CHECK(kCdnow.ProbabilityActive({20, 38.86, 38.86}) == Approx(1));
  CHECK(kCdnow.ProbabilityActive({200, 10, 100}) < 1e-30);
  CHECK(kCdnow.ProbabilityActive({0, 0, 0}) == 1);
}

TEST_CASE("Pareto/NBD: nothing happens to the expectation where its formula divides by zero") {
  ParetoNbd model{0.55, 10, 1, 12};
  const double at = model.ExpectedOrders(52);
  model.s = 1 + 1e-6;
  CHECK(at == Approx(model.ExpectedOrders(52)).epsilon(1e-5));
  // Who never leaves buys at the mean rate.
  CHECK(ParetoNbd{2, 4, 1e-9, 1e3}.ExpectedOrders(52) == Approx(26).epsilon(1e-6));
}

TEST_CASE("Pareto/NBD: predictions are possible numbers, whatever the purchases") {
  REQUIRE(rc::check("probabilities and expectations are in range and grow with time", [] {
    const auto positive = [](double most) { return (1 + *rc::gen::inRange(0, 1000)) / 1000.0 * most; };
    const ParetoNbd model{positive(5), positive(50), positive(5), positive(50)};
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

}  // namespace
}  // namespace esnaf::segmentation
