#include "services/segmentation/value/value_pattern.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

// A thread costs some 20 microseconds, so a slice is worth at least many times that.
constexpr std::size_t kLeastSlice = 4096;
// So many patterns tell parameters well enough to start from.
constexpr std::size_t kSample = 20'000;

std::uint64_t KeyOf(const Pattern& pattern) {
  return static_cast<std::uint64_t>(pattern.repeats) << 44 | static_cast<std::uint64_t>(pattern.age_days) << 22 |
         static_cast<std::uint64_t>(pattern.recency_days);
}

}  // namespace

std::vector<Pattern> Collapse(std::vector<Pattern> patterns) {
  std::sort(patterns.begin(), patterns.end(), [](const Pattern& a, const Pattern& b) { return KeyOf(a) < KeyOf(b); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (kept > 0 && KeyOf(patterns[kept - 1]) == KeyOf(patterns[i])) {
      patterns[kept - 1].customers += patterns[i].customers;
    } else {
      patterns[kept++] = patterns[i];
    }
  }
  patterns.resize(kept);
  return patterns;
}

std::int64_t CountCustomers(std::span<const Pattern> patterns) {
  std::int64_t customers = 0;
  for (const Pattern& pattern : patterns) customers += pattern.customers;
  return customers;
}

double LogGamma(double z) {
  int sign = 0;
  return ::lgamma_r(z, &sign);
}

RisingFactorials::RisingFactorials(double z, int last) : log(last + 1), derivative(last + 1) {
  for (int n = 1; n <= last; ++n) {
    log[n] = log[n - 1] + std::log(z + n - 1);
    derivative[n] = derivative[n - 1] + 1 / (z + n - 1);
  }
}

void ParallelSum(std::size_t count, int threads, std::span<double> sums,
                 const std::function<void(std::size_t, std::size_t, std::span<double>)>& part) {
  const std::size_t slices = std::clamp<std::size_t>(count / kLeastSlice, 1, static_cast<std::size_t>(threads));
  std::vector<std::vector<double>> partial(slices, std::vector<double>(sums.size()));
  const auto run = [&](std::size_t slice) {
    part(count * slice / slices, count * (slice + 1) / slices, partial[slice]);
  };
  std::vector<std::thread> others;
  for (std::size_t slice = 1; slice < slices; ++slice) others.emplace_back(run, slice);
  run(0);
  for (std::thread& other : others) other.join();
  for (const std::vector<double>& own : partial) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += own[i];
  }
}

absl::StatusOr<Maximum> FitToPatterns(const PatternLikelihood& likelihood, std::span<const Pattern> patterns,
                                      const std::vector<std::vector<double>>& starts) {
  const auto over = [&](std::span<const Pattern> some) -> LogLikelihood {
    return [&likelihood, some](std::span<const double> parameters, std::span<double> gradient) {
      return likelihood(some, parameters, gradient);
    };
  };
  const std::size_t step = patterns.size() / kSample;
  if (step < 2) return Maximize(over(patterns), starts);
  std::vector<Pattern> sample;
  for (std::size_t i = step / 2; i < patterns.size(); i += step) sample.push_back(patterns[i]);
  ESNAF_ASSIGN_OR_RETURN(const Maximum rough, Maximize(over(sample), starts));
  Maximum maximum = MaximizeNearby(over(patterns), rough.parameters);
  return maximum.converged ? std::move(maximum) : Maximize(over(patterns), starts);
}

double MeanAge(std::span<const Pattern> patterns, double unit_days) {
  double sum = 0;
  for (const Pattern& pattern : patterns) sum += static_cast<double>(pattern.customers) * pattern.age_days / unit_days;
  return std::max(sum / static_cast<double>(std::max<std::int64_t>(CountCustomers(patterns), 1)), 0.01);
}

}  // namespace esnaf::segmentation
