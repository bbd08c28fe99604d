// Fits the models of buying to simulated customers.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <random>

#include "services/segmentation/value/value_fit.h"
#include "tests/load/segmentation_bench.h"

namespace esnaf::segmentation::bench {
namespace {

constexpr int kDays = 273;  // as long as the calibration of CDNOW

// As BG/NBD tells it, by the parameters of CDNOW in days: everybody buys at a rate of his own and may leave after any
// purchase.
Pattern AnyPattern(std::mt19937& random) {
  std::gamma_distribution<double> rate_of(0.243, 1 / (4.414 * 7));
  std::gamma_distribution<double> leave_of(0.793, 1), stay_of(2.426, 1);
  const double rate = rate_of(random);
  const double leave = leave_of(random);
  const double leaving = leave / (leave + stay_of(random));
  std::uniform_real_distribution<double> uniform(0, 1);
  Pattern pattern{.age_days = kDays - static_cast<int>(random() % 84)};
  for (double day = 0; rate > 1e-9;) {
    day += -std::log1p(-uniform(random)) / rate;
    if (day > pattern.age_days) break;
    const int whole = static_cast<int>(day);
    // The orders of one day are one purchase.
    if (whole > pattern.recency_days) {
      ++pattern.repeats;
      pattern.recency_days = whole;
    }
    if (uniform(random) < leaving) break;
  }
  return pattern;
}

}  // namespace

void MeasureFits(int customer_count, int threads) {
  std::mt19937 random(20261101);
  std::vector<Pattern> everybody(static_cast<std::size_t>(customer_count));
  for (Pattern& pattern : everybody) pattern = AnyPattern(random);
  for (const auto& [kind, name, bound] :
       {std::tuple(ModelKind::kBgNbd, "BG/NBD", 1.2), std::tuple(ModelKind::kMbgNbd, "MBG/NBD", 1.2),
        std::tuple(ModelKind::kParetoNbd, "Pareto/NBD", 22.5)}) {
    std::size_t patterns = 0;
    Maximum maximum;
    const Took took = MedianOf(3, [&, kind = kind] {
      const std::vector<Pattern> collapsed = Collapse(everybody);
      patterns = collapsed.size();
      absl::StatusOr<Maximum> fitted = FitFrequency(kind, collapsed, 7, threads);
      if (!fitted.ok()) {
        std::cerr << fitted.status() << "\n";
        std::exit(2);
      }
      maximum = *std::move(fitted);
    });
    std::printf("  %zu patterns; %.4f %.4f %.4f %.4f, log-likelihood %.3f\n", patterns, maximum.parameters[0],
                maximum.parameters[1], maximum.parameters[2], maximum.parameters[3], maximum.log_likelihood);
    Print(std::string("fit of ") + name, took, 1, "s", bound, threads);
  }
}

}  // namespace esnaf::segmentation::bench
