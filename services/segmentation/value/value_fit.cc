#include "services/segmentation/value/value_fit.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/value/bgnbd.h"
#include "services/segmentation/value/pareto_nbd.h"

namespace esnaf::segmentation {
namespace {

constexpr std::int64_t kLeastRepeatCustomers = 10;
constexpr int kHoldoutBins = 8;

BgNbd AsBgNbd(const FrequencyModel& model) {
  const auto& p = model.parameters;
  return {model.kind == ModelKind::kBgNbd ? BgNbdForm::kOriginal : BgNbdForm::kModified, p[0], p[1], p[2], p[3]};
}

ParetoNbd AsParetoNbd(const FrequencyModel& model) {
  const auto& p = model.parameters;
  return {p[0], p[1], p[2], p[3]};
}

Estimates EstimatesOf(Maximum maximum, std::int64_t customers) {
  return {std::move(maximum.parameters), std::move(maximum.standard_errors), maximum.log_likelihood, maximum.converged,
          customers};
}

FrequencyModel ModelOf(ModelKind kind, const Estimates& estimates) {
  FrequencyModel model{kind, {}};
  std::copy_n(estimates.values.begin(), model.parameters.size(), model.parameters.begin());
  return model;
}

// The value at which half of what was counted lies below; of an even number the mean of the two middle ones.
std::optional<double> MedianOfCounts(const std::vector<std::int64_t>& counts, std::int64_t total) {
  if (total == 0) return std::nullopt;
  const auto at = [&](std::int64_t index) {
    std::size_t value = 0;
    for (std::int64_t seen = counts[0]; seen <= index; seen += counts[value]) ++value;
    return static_cast<double>(value);
  };
  return (at((total - 1) / 2) + at(total / 2)) / 2;
}

}  // namespace

double FrequencyModel::ProbabilityActive(const Timing& timing) const {
  return kind == ModelKind::kParetoNbd ? AsParetoNbd(*this).ProbabilityActive(timing)
                                       : AsBgNbd(*this).ProbabilityActive(timing);
}

double FrequencyModel::ExpectedOrders(double time) const {
  return kind == ModelKind::kParetoNbd ? AsParetoNbd(*this).ExpectedOrders(time) : AsBgNbd(*this).ExpectedOrders(time);
}

double FrequencyModel::ExpectedOrders(const Timing& timing, double time) const {
  return kind == ModelKind::kParetoNbd ? AsParetoNbd(*this).ExpectedOrders(timing, time)
                                       : AsBgNbd(*this).ExpectedOrders(timing, time);
}

double FrequencyModel::MedianWait(const Timing& timing) const {
  return (parameters[1] + timing.age) * std::expm1(std::log(2.0) / (parameters[0] + timing.repeats));
}

std::array<std::string_view, 4> ParameterNames(ModelKind kind) {
  if (kind == ModelKind::kParetoNbd) return {"r", "alpha", "s", "beta"};
  return {"r", "alpha", "a", "b"};
}

absl::StatusOr<Maximum> FitFrequency(ModelKind kind, std::span<const Pattern> patterns, double unit_days, int threads) {
  if (kind == ModelKind::kParetoNbd) return FitParetoNbd(patterns, unit_days, threads);
  return FitBgNbd(kind == ModelKind::kBgNbd ? BgNbdForm::kOriginal : BgNbdForm::kModified, patterns, unit_days,
                  threads);
}

double Population::RepeatRate() const {
  return customers == 0 ? 0 : static_cast<double>(repeat_customers) / static_cast<double>(customers);
}

FrequencyModel Fit::Frequency(ModelKind kind) const { return ModelOf(kind, frequency); }

std::optional<GammaGamma> Fit::Spending() const {
  if (!spend) return std::nullopt;
  return GammaGamma{spend->values[0], spend->values[1], spend->values[2]};
}

Fitter::Fitter(const ValueModel& model, DayNumber as_of, int holdout_days, double minor_per_unit, int threads)
    : kind_(model.kind),
      unit_days_(UnitDays(model.unit)),
      as_of_(as_of),
      holdout_days_(holdout_days),
      minor_per_unit_(minor_per_unit),
      threads_(threads),
      gaps_(1) {}

void Fitter::Add(std::span<const PurchaseDay> days) {
  const std::optional<Pattern> pattern = PatternAsOf(days, as_of_);
  if (!pattern) return;
  const DayNumber first = days.front().day;
  patterns_.push_back(*pattern);
  if (const auto spend = SpendAsOf(days, as_of_, minor_per_unit_)) spends_.push_back(*spend);
  for (const std::int32_t gap : GapsAsOf(days, as_of_)) {
    if (gaps_.size() <= static_cast<std::size_t>(gap)) gaps_.resize(static_cast<std::size_t>(gap) + 1);
    ++gaps_[static_cast<std::size_t>(gap)];
  }
  if (holdout_days_ > 0) {
    if (const auto earlier = PatternAsOf(days, as_of_ - holdout_days_)) {
      held_out_.push_back({*earlier, pattern->repeats - earlier->repeats});
    }
  }
  population_.first_day = population_.customers == 0 ? first : std::min(population_.first_day, first);
  population_.last_day = std::max(population_.last_day, first + pattern->recency_days);
  ++population_.customers;
  if (pattern->repeats > 0) ++population_.repeat_customers;
  population_.purchase_days += pattern->repeats + 1;
  for (const PurchaseDay& day : days.first(static_cast<std::size_t>(pattern->repeats) + 1)) {
    population_.orders += day.orders;
    population_.value_minor += day.value_minor;
  }
}

absl::StatusOr<Fit> Fitter::Run() {
  if (population_.repeat_customers < kLeastRepeatCustomers) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "TOO_LITTLE_DATA",
                     "fewer than ten customers have bought on two days",
                     {{"repeat_customers", absl::StrCat(population_.repeat_customers)}});
  }
  Fit fit{.as_of = as_of_};
  const std::vector<Pattern> patterns = Collapse(std::move(patterns_));
  fit.patterns = static_cast<std::int64_t>(patterns.size());
  ESNAF_ASSIGN_OR_RETURN(Maximum frequency, FitFrequency(kind_, patterns, unit_days_, threads_));
  fit.frequency = EstimatesOf(std::move(frequency), population_.customers);
  ESNAF_ASSIGN_OR_RETURN(Maximum spend, FitGammaGamma(spends_, threads_));
  // With q up to 1 the population's mean is infinite, and nobody's spend can be drawn towards it.
  if (spend.converged && spend.parameters[1] > 1) {
    fit.spend = EstimatesOf(std::move(spend), static_cast<std::int64_t>(spends_.size()));
  }
  const std::int64_t gaps = population_.purchase_days - population_.customers;
  double gap_sum = 0;
  for (std::size_t gap = 0; gap < gaps_.size(); ++gap) {
    gap_sum += static_cast<double>(gap) * static_cast<double>(gaps_[gap]);
  }
  population_.median_gap_days = MedianOfCounts(gaps_, gaps);
  population_.mean_gap_days = gap_sum / static_cast<double>(gaps);
  fit.population = population_;
  if (holdout_days_ > 0) {
    absl::StatusOr<Holdout> holdout = CheckHoldout();
    if (holdout.ok()) {
      fit.holdout = *std::move(holdout);
    } else if (holdout.status().code() != absl::StatusCode::kFailedPrecondition) {
      return holdout.status();
    }
  }
  return fit;
}

absl::StatusOr<Holdout> Fitter::CheckHoldout() const {
  std::vector<Pattern> patterns;
  std::int64_t repeat_customers = 0;
  for (const HeldOut& customer : held_out_) {
    patterns.push_back(customer.pattern);
    if (customer.pattern.repeats > 0) ++repeat_customers;
  }
  if (repeat_customers < kLeastRepeatCustomers) return absl::FailedPreconditionError("too little to calibrate by");
  Holdout holdout{.calibration_end = as_of_ - holdout_days_, .days = holdout_days_};
  ESNAF_ASSIGN_OR_RETURN(Maximum maximum, FitFrequency(kind_, Collapse(std::move(patterns)), unit_days_, threads_));
  holdout.estimates = EstimatesOf(std::move(maximum), static_cast<std::int64_t>(held_out_.size()));
  const FrequencyModel model = ModelOf(kind_, holdout.estimates);
  for (int repeats = 0; repeats < kHoldoutBins; ++repeats) holdout.bins.push_back({.repeats = repeats});
  double error = 0;
  // Neighbours that are alike are predicted once.
  std::vector<HeldOut> sorted = held_out_;
  const auto key = [](const HeldOut& h) {
    return std::tuple(h.pattern.repeats, h.pattern.age_days, h.pattern.recency_days);
  };
  std::sort(sorted.begin(), sorted.end(), [&](const HeldOut& a, const HeldOut& b) { return key(a) < key(b); });
  double expected = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || key(sorted[i]) != key(sorted[i - 1])) {
      expected = model.ExpectedOrders(sorted[i].pattern.In(unit_days_), holdout_days_ / unit_days_);
    }
    HoldoutBin& bin = holdout.bins[static_cast<std::size_t>(std::min(sorted[i].pattern.repeats, kHoldoutBins - 1))];
    ++bin.customers;
    bin.expected += expected;
    bin.actual += sorted[i].actual;
    error += std::abs(expected - sorted[i].actual);
  }
  std::erase_if(holdout.bins, [](const HoldoutBin& bin) { return bin.customers == 0; });
  holdout.mean_absolute_error = error / static_cast<double>(sorted.size());
  return holdout;
}

}  // namespace esnaf::segmentation
