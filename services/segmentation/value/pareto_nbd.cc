#include "services/segmentation/value/pareto_nbd.h"

#include <array>
#include <cmath>

namespace esnaf::segmentation {
namespace {

// Gauss and Legendre's nodes and weights of order 12 on [-1, 1], the positive half.
constexpr std::array<double, 6> kNodes = {0.1252334085114689, 0.3678314989981802, 0.5873179542866175,
                                          0.7699026741943047, 0.9041172563704749, 0.9815606342467193};
constexpr std::array<double, 6> kWeights = {0.2491470458134028, 0.2334925365383548, 0.2031674267230659,
                                            0.1600783285433462, 0.1069393259953184, 0.0471753363865118};
// Below e^-40 of its greatest value an integrand adds nothing.
constexpr double kNothing = -40;

// The integral of f(t) = ((alpha+t)/(alpha+t_x))^-(r+x) ((beta+t)/(beta+t_x))^-(s+1) over [t_x, T], and of f times what
// its derivatives have in common.
struct Integrals {
  double one = 0;
  double log_alpha = 0, inverse_alpha = 0;  // f log((alpha+t)/(alpha+t_x)), f / (alpha+t)
  double log_beta = 0, inverse_beta = 0;
};

// Integrates over u, where t + m = (t_x + m) e^u and m is the lesser of alpha and beta: there f is smooth at every
// scale. A panel is so short that f changes by no more than e^8 on it, and no singularity (|Im u| = pi) is near.
Integrals Integrate(const ParetoNbd& model, const Timing& timing) {
  const double rate = model.r + timing.repeats, leave = model.s + 1;
  const double from_alpha = model.alpha + timing.recency, from_beta = model.beta + timing.recency;
  const bool alpha_is_less = model.alpha <= model.beta;
  const double least = alpha_is_less ? from_alpha : from_beta;
  const double other = alpha_is_less ? from_beta : from_alpha;
  const double end = std::log1p((timing.age - timing.recency) / least);
  // How steeply log f falls at u.
  const auto slope = [&](double u) {
    const double moved = least * std::exp(u);
    const double share = moved / (other - least + moved);
    return alpha_is_less ? rate + leave * share : leave + rate * share;
  };
  Integrals sums;
  double level = 0;
  for (double begin = 0; begin < end && level > kNothing;) {
    double length = std::min({2.5, 8 / slope(begin), end - begin});
    length = std::min(length, 8 / slope(begin + length));
    for (int node = 0; node < 12; ++node) {
      const double position = node < 6 ? 1 + kNodes[node] : 1 - kNodes[node - 6];
      const double u = begin + length / 2 * position;
      const double passed = least * std::expm1(u);
      const double log_other = std::log1p(passed / other);
      const double log_alpha = alpha_is_less ? u : log_other;
      const double log_beta = alpha_is_less ? log_other : u;
      // dt = (t + m) du
      const double value =
          length / 2 * kWeights[node % 6] * (least + passed) * std::exp(-rate * log_alpha - leave * log_beta);
      sums.one += value;
      sums.log_alpha += value * log_alpha;
      sums.log_beta += value * log_beta;
      sums.inverse_alpha += value / (from_alpha + passed);
      sums.inverse_beta += value / (from_beta + passed);
      // The last node of the first half is the one nearest to the panel's end.
      if (node == 5) level = u - rate * log_alpha - leave * log_beta;
    }
    begin += length;
  }
  return sums;
}

// The likelihood relative to its factor at the last purchase, in the two ways in which it can have come about.
struct Ways {
  Integrals integrals;
  double log_alpha = 0, log_beta = 0;  // log((alpha+T)/(alpha+t_x)), log((beta+T)/(beta+t_x))
  double active = 0;                   // still active at T
  double left = 0;                     // left between t_x and T
};

Ways WaysOf(const ParetoNbd& model, const Timing& timing) {
  Ways ways;
  ways.integrals = Integrate(model, timing);
  const double passed = timing.age - timing.recency;
  ways.log_alpha = std::log1p(passed / (model.alpha + timing.recency));
  ways.log_beta = std::log1p(passed / (model.beta + timing.recency));
  ways.active = std::exp(-(model.r + timing.repeats) * ways.log_alpha - model.s * ways.log_beta);
  ways.left = model.s / (model.beta + timing.recency) * ways.integrals.one;
  return ways;
}

// Adds one pattern's log-likelihood and derivatives, times its customers, to {value, r, alpha, s, beta}. What is the
// same for all patterns (the logs of alpha and beta) is left out.
void AddPattern(const ParetoNbd& model, const RisingFactorials& rising, const Pattern& pattern, double unit_days,
                std::span<double> sums) {
  const Timing timing = pattern.In(unit_days);
  const Ways ways = WaysOf(model, timing);
  const Integrals& i = ways.integrals;
  const double x = timing.repeats;
  const double alpha = model.alpha + timing.recency, beta = model.beta + timing.recency;
  const double log_alpha = std::log(alpha), log_beta = std::log(beta);
  const double both = ways.active + ways.left;
  const double weight = static_cast<double>(pattern.customers);
  const double factor = model.s / beta;
  sums[0] += weight * (rising.log[pattern.repeats] - (model.r + x) * log_alpha - model.s * log_beta + std::log(both));
  sums[1] += weight * (rising.derivative[pattern.repeats] - log_alpha -
                       (ways.active * ways.log_alpha + factor * i.log_alpha) / both);
  sums[2] += weight * -(model.r + x) *
             (1 / alpha + (ways.active * (1 / (model.alpha + timing.age) - 1 / alpha) +
                           factor * (i.inverse_alpha - i.one / alpha)) /
                              both);
  sums[3] += weight * (-log_beta + (i.one / beta - ways.active * ways.log_beta - factor * i.log_beta) / both);
  sums[4] += weight * (-model.s / beta + (-model.s * ways.active * (1 / (model.beta + timing.age) - 1 / beta) -
                                          ways.left / beta - factor * (model.s + 1) * (i.inverse_beta - i.one / beta)) /
                                             both);
}

// (1 - (1 + t/from)^-power) / power, also where the power is zero or negative.
double Discounted(double power, double from, double time) {
  const double log = std::log1p(time / from);
  return std::abs(power * log) < 1e-12 ? log : -std::expm1(-power * log) / power;
}

}  // namespace

double ParetoNbd::LogLikelihoodOf(const Timing& timing) const {
  const Ways ways = WaysOf(*this, timing);
  const double x = timing.repeats;
  return LogGamma(r + x) - LogGamma(r) + r * std::log(alpha) + s * std::log(beta) -
         (r + x) * std::log(alpha + timing.recency) - s * std::log(beta + timing.recency) +
         std::log(ways.active + ways.left);
}

double ParetoNbd::LogLikelihoodOf(std::span<const Pattern> patterns, double unit_days, int threads,
                                  std::span<double> gradient) const {
  int most_repeats = 0;
  for (const Pattern& pattern : patterns) most_repeats = std::max(most_repeats, pattern.repeats);
  const RisingFactorials rising(r, most_repeats);
  std::array<double, 5> sums{};
  ParallelSum(patterns.size(), threads, sums, [&](std::size_t begin, std::size_t end, std::span<double> own) {
    for (std::size_t i = begin; i < end; ++i) AddPattern(*this, rising, patterns[i], unit_days, own);
  });
  const auto customers = static_cast<double>(CountCustomers(patterns));
  std::copy(sums.begin() + 1, sums.end(), gradient.begin());
  gradient[0] += customers * std::log(alpha);
  gradient[1] += customers * r / alpha;
  gradient[2] += customers * std::log(beta);
  gradient[3] += customers * s / beta;
  return sums[0] + customers * (r * std::log(alpha) + s * std::log(beta));
}

double ParetoNbd::ProbabilityActive(const Timing& timing) const {
  const Ways ways = WaysOf(*this, timing);
  return ways.active / (ways.active + ways.left);
}

double ParetoNbd::ExpectedOrders(double time) const { return r / alpha * beta * Discounted(s - 1, beta, time); }

double ParetoNbd::ExpectedOrders(const Timing& timing, double time) const {
  const double since = beta + timing.age;
  return ProbabilityActive(timing) * (r + timing.repeats) / (alpha + timing.age) * since *
         Discounted(s - 1, since, time);
}

absl::StatusOr<Maximum> FitParetoNbd(std::span<const Pattern> patterns, double unit_days, int threads) {
  const double age = MeanAge(patterns, unit_days);
  return FitToPatterns(
      [=](std::span<const Pattern> some, std::span<const double> p, std::span<double> gradient) {
        return ParetoNbd{p[0], p[1], p[2], p[3]}.LogLikelihoodOf(some, unit_days, threads, gradient);
      },
      patterns, {{0.6, age / 3, 0.6, age / 3}, {1.5, age / 2, 0.3, age * 2}});
}

}  // namespace esnaf::segmentation
