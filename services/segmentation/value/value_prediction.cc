#include "services/segmentation/value/value_prediction.h"

#include <algorithm>
#include <cmath>

namespace esnaf::segmentation {
namespace {

constexpr double kFarthestDays = 3650;
// From so many purchases on the person's own gaps say more than everybody's.
constexpr std::size_t kOwnGaps = 2;

// The margin ratio that predictions use: the model's, or what the person's orders have left where their costs are
// known.
double RatioFor(const ValueModel& model, const PurchaseTotals& totals) {
  if (model.margin_source == MarginSource::kRatio || totals.costed_net_minor <= 0 || totals.net_minor <= 0) {
    return model.margin_ratio;
  }
  return std::clamp(MarginOf(model, totals) / static_cast<double>(totals.net_minor), 0.0, 1.0);
}

// The person's own median gap, or everybody's.
std::optional<double> GapToJudgeBy(const std::vector<std::int32_t>& gaps, const Fit* fit) {
  if (gaps.size() >= kOwnGaps) return Median(gaps);
  return fit != nullptr ? fit->population.median_gap_days : std::nullopt;
}

HistoricValue HistoricOf(const ValueModel& model, const Fit* fit, const PurchaseTotals& totals, int days_since_first,
                         double margin_ratio) {
  HistoricValue historic;
  historic.totals = totals;
  historic.value_minor = model.value_basis == ValueBasis::kNet ? totals.net_minor : totals.gross_minor;
  historic.margin_minor = std::llround(MarginOf(model, totals));
  const auto value = static_cast<double>(historic.value_minor);
  const auto orders = static_cast<double>(std::max<std::int64_t>(totals.orders, 1));
  historic.average_order_minor = value / orders;
  historic.periods = std::max(1.0, static_cast<double>(days_since_first) / model.period_days);
  historic.orders_per_period = orders / historic.periods;
  historic.value_per_period_minor = historic.average_order_minor * historic.orders_per_period;
  if (fit != nullptr && fit->population.RepeatRate() < 1) {
    historic.lifetime_minor = historic.value_per_period_minor / (1 - fit->population.RepeatRate()) * margin_ratio;
  }
  return historic;
}

Prediction Predict(const ValueModel& model, const Fit& fit, double minor_per_unit, std::span<const PurchaseDay> days,
                   const CustomerValue& value, int horizon_days) {
  const double unit_days = UnitDays(model.unit);
  const FrequencyModel frequency = fit.Frequency(model.kind);
  Prediction prediction;
  prediction.timing = PatternAsOf(days, value.as_of)->In(unit_days);
  prediction.probability_active = frequency.ProbabilityActive(prediction.timing);
  prediction.expected_orders = frequency.ExpectedOrders(prediction.timing, horizon_days / unit_days);
  const std::optional<Spend> spend = SpendAsOf(days, value.as_of, minor_per_unit);
  if (const auto spending = fit.Spending()) {
    prediction.spend_from_model = true;
    prediction.expected_order_minor = spending->ExpectedMean(spend.value_or(Spend{})) * minor_per_unit;
  } else if (spend) {
    prediction.expected_order_minor = spend->mean * minor_per_unit;
  } else {
    prediction.expected_order_minor = static_cast<double>(days.front().value_minor);
  }
  prediction.expected_value_minor = prediction.expected_orders * prediction.expected_order_minor;
  prediction.clv_minor = DiscountedOrders(frequency, prediction.timing, model, horizon_days) *
                         prediction.expected_order_minor * value.margin_ratio;
  return prediction;
}

}  // namespace

double MarginOf(const ValueModel& model, const PurchaseTotals& totals) {
  if (model.margin_source == MarginSource::kRatio) {
    return static_cast<double>(model.value_basis == ValueBasis::kNet ? totals.net_minor : totals.gross_minor) *
           model.margin_ratio;
  }
  return static_cast<double>(totals.costed_net_minor - totals.cost_minor) +
         static_cast<double>(totals.net_minor - totals.costed_net_minor) * model.margin_ratio;
}

double ChurnByGap(double days_since, double gap_days, double multiple) {
  // Purchases on successive days have the least gap there is.
  return -std::expm1(-std::log(2.0) * days_since / (multiple * std::max(gap_days, 1.0)));
}

double DiscountedOrders(const FrequencyModel& frequency, const Timing& timing, const ValueModel& model,
                        int horizon_days) {
  const double unit_days = UnitDays(model.unit);
  double sum = 0, before = 0, factor = 1;
  for (int day = 0; day < horizon_days;) {
    day = std::min(day + model.period_days, horizon_days);
    factor /= 1 + model.discount_rate;
    const double until = frequency.ExpectedOrders(timing, day / unit_days);
    sum += (until - before) * factor;
    before = until;
  }
  return sum;
}

CustomerValue ValueCustomer(const ValueModel& model, const Fit* fit, double minor_per_unit,
                            std::span<const PurchaseDay> days, const PurchaseTotals& totals, DayNumber as_of,
                            int horizon_days) {
  const Pattern pattern = PatternAsOf(days, as_of).value_or(Pattern{});
  const std::vector<std::int32_t> gaps = GapsAsOf(days, as_of);
  CustomerValue value;
  value.as_of = as_of;
  value.first_day = days.front().day;
  value.last_day = value.first_day + pattern.recency_days;
  value.purchase_days = pattern.repeats + 1;
  value.mean_gap_days = Mean(gaps);
  value.median_gap_days = Median(gaps);
  value.margin_ratio = RatioFor(model, totals);
  value.historic = HistoricOf(model, fit, totals, pattern.age_days, value.margin_ratio);
  const std::optional<double> gap = GapToJudgeBy(gaps, fit);
  std::optional<double> wait_days;
  if (fit != nullptr) {
    value.prediction = Predict(model, *fit, minor_per_unit, days, value, horizon_days);
    wait_days =
        pattern.age_days + UnitDays(model.unit) * fit->Frequency(model.kind).MedianWait(value.prediction->timing);
  } else if (gap) {
    wait_days = pattern.recency_days + std::max(*gap, 1.0);
  }
  if (wait_days && *wait_days - pattern.age_days < kFarthestDays) {
    value.next_order_day = value.first_day + static_cast<DayNumber>(std::ceil(*wait_days));
  }
  if (value.prediction && value.purchase_days >= MinModelOrders(model)) {
    value.churn_method = ChurnMethod::kModel;
    value.churn_probability = 1 - value.prediction->probability_active;
  } else if (gap) {
    value.churn_method = ChurnMethod::kGap;
    value.churn_probability = ChurnByGap(as_of - value.last_day, *gap, model.churn_gap_multiple);
  }
  return value;
}

}  // namespace esnaf::segmentation
