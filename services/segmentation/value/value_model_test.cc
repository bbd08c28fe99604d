#include "services/segmentation/value/value_model.h"

#include <cmath>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

const Time kNow = ParseRfc3339("2026-03-10T12:00:00Z").value();

std::vector<std::string> BadFields(const ValueModel& model) {
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(ValidateValueModel(model))) fields.push_back(field);
  return fields;
}

TEST_CASE("the default model is allowed") { CHECK_OK(ValidateValueModel(DefaultValueModel())); }

TEST_CASE("every field that is not allowed is named") {
  ValueModel model = DefaultValueModel();
  model.id = "Not Allowed";
  model.currency_code = "lira";
  model.time_zone = "Mars";
  model.margin_ratio = std::nan("");
  model.discount_rate = -0.1;
  model.period_days = 0;
  model.horizon_days = 4000;
  model.window_days = -1;
  model.holdout_days = -2;
  model.refit_days = -1;
  model.churn_gap_multiple = 0;
  model.min_model_orders = -1;
  CHECK(BadFields(model) == std::vector<std::string>{"value_model.id", "value_model.currency_code",
                                                     "value_model.time_zone", "value_model.margin_ratio",
                                                     "value_model.discount_rate", "value_model.period_days",
                                                     "value_model.horizon_days", "value_model.window_days",
                                                     "value_model.holdout_days", "value_model.refit_days",
                                                     "value_model.churn_gap_multiple", "value_model.min_model_orders"});
}

TEST_CASE("churn of those who bought once is BG/NBD's to tell only where the model says so") {
  ValueModel model = DefaultValueModel();
  CHECK(MinModelOrders(model) == 2);
  model.kind = ModelKind::kParetoNbd;
  CHECK(MinModelOrders(model) == 1);
  model.min_model_orders = 4;
  CHECK(MinModelOrders(model) == 4);
}

TEST_CASE("a third of the data is held out, not too much and not of too little") {
  ValueModel model = DefaultValueModel();
  CHECK(HoldoutDays(model, 59) == 0);
  CHECK(HoldoutDays(model, 90) == 30);
  CHECK(HoldoutDays(model, 5000) == 180);
  model.holdout_days = 273;
  CHECK(HoldoutDays(model, 546) == 273);
  CHECK(HoldoutDays(model, 273) == 0);
  model.holdout_days = -1;
  CHECK(HoldoutDays(model, 5000) == 0);
}

TEST_CASE("a model is fitted when it never was, has changed, is old, or knows much less than there is") {
  ValueModel model = DefaultValueModel();
  CHECK(NeedsFit(model, 1, {}, 0, kNow));
  FitAttempt last{.fit_time = kNow - std::chrono::hours(2),
                  .attempt_time = kNow - std::chrono::hours(2),
                  .model_version = 1,
                  .purchases = 100};
  CHECK_FALSE(NeedsFit(model, 1, last, 125, kNow));
  CHECK(NeedsFit(model, 1, last, 126, kNow));
  CHECK(NeedsFit(model, 2, last, 100, kNow));
  CHECK(NeedsFit(model, 1, last, 100, kNow + std::chrono::days(7)));
  model.refit_days = 0;
  CHECK_FALSE(NeedsFit(model, 1, last, 10'000, kNow + std::chrono::days(700)));
  model.refit_days = 7;
  last.attempt_time = kNow - std::chrono::minutes(2);
  CHECK_FALSE(NeedsFit(model, 1, last, 200, kNow));
  // The first fit fell into an import: its list would hold but a few for an hour.
  CHECK(NeedsFit(model, 1, last, 201, kNow));
  last.attempt_time = kNow - std::chrono::seconds(50);
  CHECK_FALSE(NeedsFit(model, 1, last, 10'000, kNow));
}

TEST_CASE("where there was too little to fit by, growth is enough to try again") {
  const ValueModel model = DefaultValueModel();
  const FitAttempt last{.attempt_time = kNow - std::chrono::seconds(5), .model_version = 1, .purchases = 8};
  CHECK_FALSE(NeedsFit(model, 1, last, 10, kNow + std::chrono::days(30)));
  CHECK(NeedsFit(model, 1, last, 11, kNow));
  const FitAttempt empty{.attempt_time = kNow, .model_version = 1};
  CHECK(NeedsFit(model, 1, empty, 1, kNow));
}

}  // namespace
}  // namespace esnaf::segmentation
