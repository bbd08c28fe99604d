#include "services/segmentation/value/bgnbd.h"

#include <array>
#include <cmath>

namespace esnaf::segmentation {
namespace {

// More orders than anybody places; ends the sum where parameters make no sense.
constexpr std::int64_t kMostOrders = 2'000'000;
// Of a customer's orders, what is not worth adding.
constexpr double kNothingLeft = 1e-16;

// How much likelier it is, as a logarithm, that a customer became inactive right after the last purchase than that he
// is active still. Nobody can become so in the original form before the first repeat purchase.
double LogOddsInactive(const BgNbd& model, const Timing& timing) {
  const bool original = model.form == BgNbdForm::kOriginal;
  if (original && timing.repeats == 0) return -HUGE_VAL;
  return std::log(model.a) - std::log(model.b + timing.repeats - (original ? 1 : 0)) +
         (model.r + timing.repeats) * std::log((model.alpha + timing.age) / (model.alpha + timing.recency));
}

// log(1 + exp(x)) without overflow.
double LogOnePlusExp(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// Everything about a likelihood that depends on the parameters and one whole number only, looked up instead of
// computed for each pattern.
struct Tables {
  Tables(const BgNbd& model, int most_repeats, int most_days, double unit_days)
      : r(model.r, most_repeats),
        b(model.b, most_repeats + 1),
        ab(model.a + model.b, most_repeats + 1),
        log_time(most_days + 1) {
    for (int day = 0; day <= most_days; ++day) log_time[day] = std::log(model.alpha + day / unit_days);
  }
  RisingFactorials r, b, ab;
  std::vector<double> log_time;
};

// Adds one pattern's log-likelihood and derivatives, times its customers, to {value, r, alpha, a, b}.
void AddPattern(const BgNbd& model, const Tables& tables, const Pattern& pattern, double unit_days,
                std::span<double> sums) {
  const int x = pattern.repeats;
  const bool original = model.form == BgNbdForm::kOriginal;
  // How many times the customer stayed if he is active now.
  const int stays = original ? x : x + 1;
  const double rate = model.r + x;
  const double log_age = tables.log_time[pattern.age_days];
  const double log_recency = tables.log_time[pattern.recency_days];
  const double weight = static_cast<double>(pattern.customers);
  double inactive = 0, log_sum = 0;
  if (stays > 0) {
    const double odds = std::log(model.a / (model.b + stays - 1)) + rate * (log_age - log_recency);
    log_sum = LogOnePlusExp(odds);
    inactive = 1 / (1 + std::exp(-odds));
  }
  const double active = 1 - inactive;
  sums[0] += weight * (tables.r.log[x] + tables.b.log[stays] - tables.ab.log[stays] - rate * log_age + log_sum);
  sums[1] += weight * (tables.r.derivative[x] - active * log_age - inactive * log_recency);
  sums[2] += weight * -rate *
             (active / (model.alpha + pattern.age_days / unit_days) +
              inactive / (model.alpha + pattern.recency_days / unit_days));
  sums[3] += weight * (inactive / model.a - tables.ab.derivative[stays]);
  sums[4] += weight * (tables.b.derivative[stays] - tables.ab.derivative[stays]);
  if (stays > 0) sums[4] -= weight * inactive / (model.b + stays - 1);
}

}  // namespace

double BgNbd::LogLikelihoodOf(const Timing& timing) const {
  const double x = timing.repeats;
  const double stays = form == BgNbdForm::kOriginal ? x : x + 1;
  return LogGamma(r + x) - LogGamma(r) + r * std::log(alpha) + LogGamma(a + b) + LogGamma(b + stays) - LogGamma(b) -
         LogGamma(a + b + stays) - (r + x) * std::log(alpha + timing.age) +
         LogOnePlusExp(LogOddsInactive(*this, timing));
}

double BgNbd::LogLikelihoodOf(std::span<const Pattern> patterns, double unit_days, int threads,
                              std::span<double> gradient) const {
  int most_repeats = 0, most_days = 0;
  for (const Pattern& pattern : patterns) {
    most_repeats = std::max(most_repeats, pattern.repeats);
    most_days = std::max(most_days, pattern.age_days);
  }
  const Tables tables(*this, most_repeats, most_days, unit_days);
  std::array<double, 5> sums{};
  ParallelSum(patterns.size(), threads, sums, [&](std::size_t begin, std::size_t end, std::span<double> own) {
    for (std::size_t i = begin; i < end; ++i) AddPattern(*this, tables, patterns[i], unit_days, own);
  });
  const auto customers = static_cast<double>(CountCustomers(patterns));
  std::copy(sums.begin() + 1, sums.end(), gradient.begin());
  gradient[0] += customers * std::log(alpha);
  gradient[1] += customers * r / alpha;
  return sums[0] + customers * r * std::log(alpha);
}

double BgNbd::ProbabilityActive(const Timing& timing) const {
  return 1 / (1 + std::exp(LogOddsInactive(*this, timing)));
}

double BgNbd::ExpectedOrders(double time) const {
  if (form == BgNbdForm::kOriginal) return ExpectedUntilLeaving(r, alpha, a, b, time);
  return b / (a + b) * ExpectedUntilLeaving(r, alpha, a, b + 1, time);
}

double BgNbd::ExpectedOrders(const Timing& timing, double time) const {
  const double stays = form == BgNbdForm::kOriginal ? timing.repeats : timing.repeats + 1;
  return ProbabilityActive(timing) * ExpectedUntilLeaving(r + timing.repeats, alpha + timing.age, a, b + stays, time);
}

absl::StatusOr<Maximum> FitBgNbd(BgNbdForm form, std::span<const Pattern> patterns, double unit_days, int threads) {
  const double age = MeanAge(patterns, unit_days);
  return FitToPatterns(
      [=](std::span<const Pattern> some, std::span<const double> p, std::span<double> gradient) {
        return BgNbd{form, p[0], p[1], p[2], p[3]}.LogLikelihoodOf(some, unit_days, threads, gradient);
      },
      patterns, {{0.5, age / 4, 0.8, 2.5}, {2, age / 2, 0.3, 6}});
}

double ExpectedUntilLeaving(double r, double alpha, double a, double b, double time) {
  if (time <= 0) return 0;
  const double z = time / (alpha + time);
  // The number of orders that a customer who never left would place is negative binomial.
  double log_probability = -r * std::log1p(time / alpha);
  double more = -std::expm1(log_probability);  // P(more than k)
  double stays = 1;                            // P(stays k times)
  double expected = 0;
  for (std::int64_t k = 0; k < kMostOrders && more > 0; ++k) {
    expected += stays * more;
    const auto n = static_cast<double>(k);
    const double ratio = (r + n) / (n + 1) * z;
    stays *= (b + n) / (a + b + n);
    log_probability += std::log(ratio);
    const double probability = std::exp(log_probability);
    more -= probability;
    // Later ratios lie between this one and z, so what is left is less than a geometric series. `more` alone does not
    // tell: what rounding leaves of it may never vanish.
    const double greatest = std::max(ratio, z);
    if (greatest < 1 && probability * greatest < kNothingLeft * (1 - greatest)) break;
  }
  return expected;
}

}  // namespace esnaf::segmentation
