#include "services/segmentation/value/gamma_gamma.h"

#include <array>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <map>

#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {
namespace {

// What customers with as many repeats have in common.
struct Group {
  double repeats = 0;
  double customers = 0;
  double sum_log_mean = 0;
};

// The likelihood of everybody, with what depends on the number of repeats alone summed up once.
class SpendLikelihood {
 public:
  SpendLikelihood(std::span<const Spend> spends, int threads) : spends_(spends), threads_(threads) {
    std::map<double, Group> groups;
    for (const Spend& spend : spends) {
      Group& group = groups[spend.repeats];
      group.repeats = spend.repeats;
      ++group.customers;
      group.sum_log_mean += std::log(spend.mean);
    }
    for (const auto& [repeats, group] : groups) groups_.push_back(group);
  }

  double operator()(std::span<const double> parameters, std::span<double> gradient) const {
    using boost::math::digamma;
    const double p = parameters[0], q = parameters[1], v = parameters[2];
    double value = 0;
    std::fill(gradient.begin(), gradient.end(), 0);
    for (const Group& group : groups_) {
      const double x = group.repeats, n = group.customers, px = p * x;
      value += n * (LogGamma(px + q) - LogGamma(px) - LogGamma(q) + q * std::log(v) + px * std::log(x)) +
               (px - 1) * group.sum_log_mean;
      gradient[0] += n * x * (digamma(px + q) - digamma(px) + std::log(x)) + x * group.sum_log_mean;
      gradient[1] += n * (digamma(px + q) - digamma(q) + std::log(v));
      gradient[2] += n * q / v;
    }
    // What is left of each customer is (p x + q) log(x m + v).
    std::array<double, 4> sums{};
    ParallelSum(spends_.size(), threads_, sums, [&](std::size_t begin, std::size_t end, std::span<double> own) {
      for (std::size_t i = begin; i < end; ++i) {
        const double x = spends_[i].repeats;
        const double total = x * spends_[i].mean + v;
        const double log_total = std::log(total);
        own[0] += (p * x + q) * log_total;
        own[1] += x * log_total;
        own[2] += log_total;
        own[3] += (p * x + q) / total;
      }
    });
    for (int i = 0; i < 3; ++i) gradient[i] -= sums[i + 1];
    return value - sums[0];
  }

 private:
  std::span<const Spend> spends_;
  int threads_;
  std::vector<Group> groups_;
};

}  // namespace

double GammaGamma::LogLikelihoodOf(const Spend& spend) const {
  std::array<double, 3> gradient{};
  const std::array<double, 3> parameters = {p, q, v};
  return SpendLikelihood({&spend, 1}, 1)(parameters, gradient);
}

double GammaGamma::ExpectedMean(const Spend& spend) const {
  const double weight = p * spend.repeats + q - 1;
  return weight > 0 ? p * (v + spend.repeats * spend.mean) / weight : -1;
}

absl::StatusOr<Maximum> FitGammaGamma(std::span<const Spend> spends, int threads) {
  if (spends.empty()) return absl::FailedPreconditionError("nobody has bought twice");
  double mean = 0;
  for (const Spend& spend : spends) mean += spend.mean / static_cast<double>(spends.size());
  const SpendLikelihood likelihood(spends, threads);
  return Maximize([&](std::span<const double> p, std::span<double> gradient) { return likelihood(p, gradient); },
                  {{2, 3, mean}, {6, 4, mean / 3}});
}

}  // namespace esnaf::segmentation
