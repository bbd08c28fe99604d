#include "services/segmentation/value/value_model.h"

#include <algorithm>
#include <cmath>

#include "libs/base/error.h"
#include "libs/base/money.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr int kMostDays = 3660;
constexpr std::chrono::hours kLeastBetweenFits{1};
constexpr std::chrono::minutes kLeastWhileDoubling{1};

bool IsId(std::string_view id) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !id.empty() && id.size() <= 63 && is_word(id[0]) &&
         std::all_of(id.begin(), id.end(), [&](char c) { return is_word(c) || c == '-' || c == '_'; });
}

}  // namespace

ValueModel DefaultValueModel() {
  ValueModel model;
  model.id = kDefaultValueModelId;
  model.display_name = "Customer value";
  return model;
}

absl::Status ValidateValueModel(const ValueModel& model) {
  FieldViolations violations;
  const auto days = [&](const char* field, int value, int least) {
    if (value < least || value > kMostDays) {
      violations.Add(field, absl::StrFormat("must be %d to %d days", least, kMostDays));
    }
  };
  if (!IsId(model.id)) violations.Add("value_model.id", "must be [a-z0-9][a-z0-9_-]{0,62}");
  if (model.display_name.size() > kLongestName) violations.Add("value_model.display_name", "is longer than 200 bytes");
  if (model.store_id.size() > kLongestName) violations.Add("value_model.store_id", "is longer than 200 bytes");
  if (!model.currency_code.empty() && !Currency::Parse(model.currency_code).ok()) {
    violations.Add("value_model.currency_code", "is no ISO 4217 code");
  }
  if (!TimeZone::Load(model.time_zone).ok()) violations.Add("value_model.time_zone", "is no IANA time zone");
  // Written so that NaN is refused too.
  if (!(model.margin_ratio > 0 && model.margin_ratio <= 1)) {
    violations.Add("value_model.margin_ratio", "is a share of the value: above 0, at most 1");
  }
  if (!(model.discount_rate >= 0 && model.discount_rate <= 1)) {
    violations.Add("value_model.discount_rate", "must be 0 to 1 a period");
  }
  days("value_model.period_days", model.period_days, 1);
  days("value_model.horizon_days", model.horizon_days, 1);
  days("value_model.window_days", model.window_days, 0);
  days("value_model.holdout_days", model.holdout_days, -1);
  days("value_model.refit_days", model.refit_days, 0);
  if (!(model.churn_gap_multiple >= 0.1 && model.churn_gap_multiple <= 100)) {
    violations.Add("value_model.churn_gap_multiple", "must be 0.1 to 100");
  }
  if (model.min_model_orders < 0 || model.min_model_orders > 1000) {
    violations.Add("value_model.min_model_orders", "must be 0 to 1000");
  }
  return violations.ToStatus();
}

double UnitDays(ModelUnit unit) { return unit == ModelUnit::kWeek ? 7 : 1; }

int MinModelOrders(const ValueModel& model) {
  if (model.min_model_orders > 0) return model.min_model_orders;
  return model.kind == ModelKind::kBgNbd ? 2 : 1;
}

int HoldoutDays(const ValueModel& model, int days_of_data) {
  if (model.holdout_days < 0) return 0;
  if (model.holdout_days > 0) return model.holdout_days < days_of_data ? model.holdout_days : 0;
  return days_of_data < 60 ? 0 : std::min(days_of_data / 3, 180);
}

bool NeedsFit(const ValueModel& model, std::int64_t version, const FitAttempt& last, std::int64_t purchases, Time now) {
  if (!last.attempt_time || last.model_version != version) return true;
  const bool grown = purchases > last.purchases + last.purchases / 4;
  if (!last.fit_time) return grown;
  const bool doubled = purchases > last.purchases * 2;
  const Duration least = doubled ? Duration(kLeastWhileDoubling) : Duration(kLeastBetweenFits);
  if (model.refit_days == 0 || now - *last.attempt_time < least) return false;
  return grown || now - *last.fit_time >= std::chrono::days(model.refit_days);
}

}  // namespace esnaf::segmentation
