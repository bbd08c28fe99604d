#include "services/segmentation/value/value_prediction.h"

#include <cmath>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

const PurchaseDays kDays = {{100, 1, 6000}, {130, 1, 3000}, {170, 2, 5000}};
const PurchaseTotals kTotals{
    .orders = 4, .gross_minor = 16'000, .net_minor = 14'000, .cost_minor = 6000, .costed_net_minor = 10'000};

Fit SomeFit() {
  Fit fit;
  fit.frequency.values = {0.243, 4.414, 0.793, 2.426};
  fit.spend = Estimates{.values = {6.25, 3.74, 15.44}};
  fit.population.customers = 100;
  fit.population.repeat_customers = 40;
  fit.population.median_gap_days = 30;
  return fit;
}

CustomerValue Value(const ValueModel& model, const Fit* fit, const PurchaseDays& days = kDays, DayNumber as_of = 190) {
  return ValueCustomer(model, fit, 100, days, kTotals, as_of, 365);
}

TEST_CASE("historic value names each amount by its definition") {
  ValueModel model = DefaultValueModel();
  model.margin_ratio = 0.25;
  const Fit fit = SomeFit();
  const HistoricValue net = Value(model, &fit).historic;
  CHECK(net.value_minor == 14'000);
  CHECK(net.margin_minor == 3500);
  CHECK(net.average_order_minor == 3500);
  CHECK(net.periods == 3);  // 90 days of 30
  CHECK(net.orders_per_period == Approx(4 / 3.0));
  CHECK(net.value_per_period_minor == Approx(14'000 / 3.0));
  // CV / (1 - 40 %) x 25 %
  CHECK(net.lifetime_minor.value() == Approx(14'000 / 3.0 / 0.6 * 0.25));
  model.value_basis = ValueBasis::kGross;
  CHECK(Value(model, &fit).historic.value_minor == 16'000);
  CHECK(Value(model, &fit).historic.margin_minor == 4000);
  CHECK_FALSE(Value(model, nullptr).historic.lifetime_minor);
}

TEST_CASE("a margin comes from costs where they are known, and from the ratio for the rest") {
  ValueModel model = DefaultValueModel();
  model.margin_source = MarginSource::kCost;
  model.margin_ratio = 0.25;
  CHECK(MarginOf(model, kTotals) == 10'000 - 6000 + 4000 * 0.25);
  CHECK(Value(model, nullptr).margin_ratio == Approx(5000 / 14'000.0));
  const PurchaseTotals no_costs{.orders = 1, .gross_minor = 100, .net_minor = 100};
  CHECK(ValueCustomer(model, nullptr, 100, kDays, no_costs, 190, 365).margin_ratio == 0.25);
  const PurchaseTotals loss{
      .orders = 1, .gross_minor = 100, .net_minor = 100, .cost_minor = 300, .costed_net_minor = 100};
  CHECK(ValueCustomer(model, nullptr, 100, kDays, loss, 190, 365).margin_ratio == 0);
}

TEST_CASE("a prediction is the models' for the person's purchases") {
  const ValueModel model = DefaultValueModel();
  const Fit fit = SomeFit();
  const CustomerValue value = Value(model, &fit);
  REQUIRE(value.prediction);
  const FrequencyModel frequency = fit.Frequency(model.kind);
  const Timing timing{2, 10, 90 / 7.0};
  CHECK(value.prediction->probability_active == frequency.ProbabilityActive(timing));
  CHECK(value.prediction->expected_orders == frequency.ExpectedOrders(timing, 365 / 7.0));
  CHECK(value.prediction->spend_from_model);
  CHECK(value.prediction->expected_order_minor == Approx(fit.Spending()->ExpectedMean({2, 40}) * 100));
  CHECK(value.prediction->expected_value_minor ==
        Approx(value.prediction->expected_orders * value.prediction->expected_order_minor));
  CHECK(value.churn_method == ChurnMethod::kModel);
  CHECK(value.churn_probability.value() == 1 - value.prediction->probability_active);
  CHECK(value.next_order_day.value() == 190 + std::ceil(7 * frequency.MedianWait(timing)));
}

TEST_CASE("CLV discounts each period's orders once more than the period before") {
  ValueModel model = DefaultValueModel();
  const FrequencyModel frequency = SomeFit().Frequency(model.kind);
  const Timing timing{2, 10, 13};
  model.discount_rate = 0;
  CHECK(DiscountedOrders(frequency, timing, model, 365) == Approx(frequency.ExpectedOrders(timing, 365 / 7.0)));
  model.discount_rate = 0.1;
  const double first = frequency.ExpectedOrders(timing, 30 / 7.0), second = frequency.ExpectedOrders(timing, 45 / 7.0);
  CHECK(DiscountedOrders(frequency, timing, model, 30) == Approx(first / 1.1));
  CHECK(DiscountedOrders(frequency, timing, model, 45) == Approx(first / 1.1 + (second - first) / 1.21));
  Fit fit = SomeFit();
  const CustomerValue value = Value(model, &fit);
  CHECK(value.prediction->clv_minor < value.prediction->expected_value_minor);
}

TEST_CASE("without a spend model the person's own repeat purchases tell, or the only one") {
  Fit fit = SomeFit();
  fit.spend = std::nullopt;
  const CustomerValue value = Value(DefaultValueModel(), &fit);
  CHECK_FALSE(value.prediction->spend_from_model);
  CHECK(value.prediction->expected_order_minor == 4000);
  CHECK(Value(DefaultValueModel(), &fit, {{100, 1, 6000}}).prediction->expected_order_minor == 6000);
}

TEST_CASE("churn by gaps is a half at the multiple of the gap") {
  CHECK(ChurnByGap(90, 30, 3) == Approx(0.5));
  CHECK(ChurnByGap(0, 30, 3) == 0);
  CHECK(ChurnByGap(180, 30, 3) == Approx(0.75));
  CHECK(ChurnByGap(3, 0, 3) == Approx(0.5));
}

TEST_CASE("who bought too little for the model is judged by gaps: the own ones, else everybody's") {
  const Fit fit = SomeFit();
  const CustomerValue once = Value(DefaultValueModel(), &fit, {{100, 1, 6000}});
  CHECK(once.churn_method == ChurnMethod::kGap);
  CHECK(once.churn_probability.value() == Approx(ChurnByGap(90, 30, 3)));
  CHECK(once.prediction);
  const CustomerValue own = Value(DefaultValueModel(), nullptr);
  CHECK(own.churn_method == ChurnMethod::kGap);
  CHECK(own.churn_probability.value() == Approx(ChurnByGap(20, 35, 3)));
  CHECK(own.next_order_day.value() == 205);
  const CustomerValue nothing = Value(DefaultValueModel(), nullptr, {{100, 1, 6000}});
  CHECK(nothing.churn_method == ChurnMethod::kNone);
  CHECK_FALSE(nothing.churn_probability);
  CHECK_FALSE(nothing.next_order_day);
}

TEST_CASE("purchases after the day of looking change nothing") {
  const Fit fit = SomeFit();
  const CustomerValue value = Value(DefaultValueModel(), &fit, kDays, 150);
  CHECK(value.purchase_days == 2);
  CHECK(value.last_day == 130);
  CHECK(value.median_gap_days == 30);
  CHECK(value.prediction->timing.repeats == 1);
}

}  // namespace
}  // namespace esnaf::segmentation
