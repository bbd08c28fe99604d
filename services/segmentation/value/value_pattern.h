#pragma once

// How often, until when and for how long somebody has bought: all that the models of buying look at. Pure: no SQL, no
// clock, no protobuf.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "services/segmentation/value/value_optimizer.h"

namespace esnaf::segmentation {

// One customer's purchases in the terms of Fader and Hardie, times in a model's unit (days or weeks).
struct Timing {
  double repeats = 0;  // x: purchase days after the first
  double recency = 0;  // t_x: from the first purchase to the last; 0 without repeats
  double age = 0;      // T: from the first purchase to the moment of looking
};

// Customers with equal purchases. Times are whole days.
struct Pattern {
  std::int32_t repeats = 0;
  std::int32_t recency_days = 0;
  std::int32_t age_days = 0;
  std::int64_t customers = 1;

  // In units of so many days.
  Timing In(double unit_days) const {
    return {static_cast<double>(repeats), recency_days / unit_days, age_days / unit_days};
  }
  bool operator==(const Pattern&) const = default;
};

// Each pattern once, with how many customers have it, in ascending order: the cost of a likelihood grows with the
// patterns and not with the customers.
std::vector<Pattern> Collapse(std::vector<Pattern> patterns);

std::int64_t CountCustomers(std::span<const Pattern> patterns);

// log Gamma(z) of a positive z. Unlike std::lgamma safe in threads.
double LogGamma(double z);

// log Gamma(z + n) - log Gamma(z) and its derivative by z, for every whole n up to `last`, as running sums: exact, and
// without special functions.
struct RisingFactorials {
  RisingFactorials(double z, int last);
  std::vector<double> log;         // sum of log(z + k) over k < n
  std::vector<double> derivative;  // sum of 1 / (z + k) over k < n
};

// Adds up `part(begin, end, sums)` over slices of [0, count) on up to `threads` threads. Each adds to its own `sums`,
// which begin as zeros; the order in which they are joined is fixed, so a result can be repeated to the last bit.
void ParallelSum(std::size_t count, int threads, std::span<double> sums,
                 const std::function<void(std::size_t begin, std::size_t end, std::span<double> sums)>& part);

// The log-likelihood of patterns at positive parameters; writes its derivatives.
using PatternLikelihood = std::function<double(std::span<const Pattern> patterns, std::span<const double> parameters,
                                               std::span<double> gradient)>;

// Fits parameters to collapsed patterns. Many patterns are searched by a sample of them, so that all are looked at only
// for the last steps.
absl::StatusOr<Maximum> FitToPatterns(const PatternLikelihood& likelihood, std::span<const Pattern> patterns,
                                      const std::vector<std::vector<double>>& starts);

// The mean age of customers, in units; at least a hundredth of one.
double MeanAge(std::span<const Pattern> patterns, double unit_days);

}  // namespace esnaf::segmentation
