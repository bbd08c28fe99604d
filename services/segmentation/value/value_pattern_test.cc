#include "services/segmentation/value/value_pattern.h"

#include <cmath>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

TEST_CASE("equal patterns become one, with all their customers") {
  const std::vector<Pattern> collapsed =
      Collapse({{1, 5, 9, 2}, {0, 0, 9, 1}, {1, 5, 9, 3}, {1, 6, 9, 1}, {0, 0, 9, 1}});
  CHECK(collapsed == std::vector<Pattern>{{0, 0, 9, 2}, {1, 5, 9, 5}, {1, 6, 9, 1}});
  CHECK(CountCustomers(collapsed) == 8);
  CHECK(MeanAge(collapsed, 3) == 3);
  CHECK(Collapse({}).empty());
}

TEST_CASE("rising factorials are quotients of gamma functions") {
  const RisingFactorials rising(0.37, 200);
  for (const int n : {0, 1, 2, 57, 200})
    CHECK(rising.log[n] == Approx(LogGamma(0.37 + n) - LogGamma(0.37)).margin(1e-12));
  CHECK(rising.derivative[2] == Approx(1 / 0.37 + 1 / 1.37));
}

TEST_CASE("a sum over slices is the sum, on any number of threads") {
  for (const int threads : {1, 2, 5}) {
    std::vector<double> sums(2);
    ParallelSum(50'000, threads, sums, [](std::size_t begin, std::size_t end, std::span<double> own) {
      for (std::size_t i = begin; i < end; ++i) own[0] += static_cast<double>(i);
      own[1] += static_cast<double>(end - begin);
    });
    CHECK(sums[0] == 50'000.0 * 49'999 / 2);
    CHECK(sums[1] == 50'000);
  }
}

TEST_CASE("many patterns are fitted by a sample first, with the result of all of them") {
  // A likelihood whose maximum is each dimension's weighted mean.
  const PatternLikelihood likelihood = [](std::span<const Pattern> patterns, std::span<const double> p,
                                          std::span<double> gradient) {
    double value = 0;
    std::fill(gradient.begin(), gradient.end(), 0);
    for (const Pattern& pattern : patterns) {
      const double off = std::log(p[0] / (1 + pattern.age_days));
      value -= off * off / 2;
      gradient[0] -= off / p[0];
    }
    return value;
  };
  std::vector<Pattern> patterns;
  double sum = 0;
  for (int i = 0; i < 90'000; ++i) {
    patterns.push_back({i, 0, (i * 7919) % 1000, 1});
    sum += std::log(1 + patterns.back().age_days);
  }
  ESNAF_REQUIRE_VALUE(const Maximum maximum, FitToPatterns(likelihood, patterns, {{1.0}}));
  CHECK(maximum.converged);
  CHECK(maximum.parameters[0] == Approx(std::exp(sum / 90'000)).epsilon(1e-6));
}

}  // namespace
}  // namespace esnaf::segmentation
