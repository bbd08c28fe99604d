#pragma once

// What one customer was worth and is expected to be. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <optional>

#include "services/segmentation/value/value_fit.h"
#include "services/segmentation/value/value_history.h"
#include "services/segmentation/value/value_model.h"

namespace esnaf::segmentation {

// The money of a person's orders, in minor units of the model's currency.
struct PurchaseTotals {
  std::int64_t orders = 0;            // those that count on the model's basis
  std::int64_t gross_minor = 0;       // sales that were not cancelled
  std::int64_t net_minor = 0;         // after discounts and refunds, and returns without their order
  std::int64_t cost_minor = 0;        // of what stayed sold, where it is known
  std::int64_t costed_net_minor = 0;  // the net of the orders whose cost is known
  bool operator==(const PurchaseTotals&) const = default;
};

// What was, each number by its own definition.
struct HistoricValue {
  PurchaseTotals totals;
  std::int64_t value_minor = 0;    // net or gross, by the model's basis
  std::int64_t margin_minor = 0;   // see MarginOf
  double average_order_minor = 0;  // value / orders
  double periods = 0;              // of the model's length since the first purchase, at least 1
  double orders_per_period = 0;
  double value_per_period_minor = 0;  // CV: average order x orders per period
  // CLTV as shops commonly compute it: CV / churn x margin ratio, churn being 1 - the repeat rate of all customers.
  // None without a fit, or where everybody has come back.
  std::optional<double> lifetime_minor;
};

enum class ChurnMethod {
  kNone,   // nothing to tell by: one purchase, and nobody's gaps are known
  kModel,  // 1 - P(active)
  kGap,    // see ChurnByGap
};

// What is to be expected from a day on.
struct Prediction {
  Timing timing;  // in the model's unit
  double probability_active = 0;
  double expected_orders = 0;     // purchase days within the horizon
  bool spend_from_model = false;  // else it is the mean of the person's own purchases
  double expected_order_minor = 0;
  double expected_value_minor = 0;  // expected orders x expected value of one, not discounted
  double clv_minor = 0;             // see DiscountedOrders; times the value of one and the margin ratio
};

struct CustomerValue {
  DayNumber as_of = 0;
  DayNumber first_day = 0;
  DayNumber last_day = 0;
  std::int32_t purchase_days = 0;
  std::optional<double> mean_gap_days;
  std::optional<double> median_gap_days;
  double margin_ratio = 0;  // that predictions use
  HistoricValue historic;
  std::optional<Prediction> prediction;  // none without a fit
  ChurnMethod churn_method = ChurnMethod::kNone;
  std::optional<double> churn_probability;
  // When every second of such customers would have ordered again, were none of them to leave; without a fit the last
  // purchase and a median gap. None where that is more than ten years ahead, or nothing is known.
  std::optional<DayNumber> next_order_day;
};

// The margin of what was sold: net less cost for the orders whose cost is known (where the model asks for costs), the
// ratio of the rest.
double MarginOf(const ValueModel& model, const PurchaseTotals& totals);

// 1 - 2^(-days / (multiple x gap)): a half when the days since the last purchase reach the multiple of the gap.
double ChurnByGap(double days_since, double gap_days, double multiple);

// The expected orders of each period of the horizon, divided by (1 + rate)^i for the i-th; the last may be shorter.
double DiscountedOrders(const FrequencyModel& frequency, const Timing& timing, const ValueModel& model,
                        int horizon_days);

// Values a person whose purchases (at least one up to then) and totals these are, as of a day. `fit` may be null.
CustomerValue ValueCustomer(const ValueModel& model, const Fit* fit, double minor_per_unit,
                            std::span<const PurchaseDay> days, const PurchaseTotals& totals, DayNumber as_of,
                            int horizon_days);

}  // namespace esnaf::segmentation
