#include "services/segmentation/value/value_wire.h"

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

const Time kTime = ParseRfc3339("2026-03-10T12:00:00Z").value();

ValueModel EveryField() {
  return {.id = "izmir",
          .display_name = "İzmir",
          .store_id = "izmir",
          .currency_code = "TRY",
          .kind = ModelKind::kParetoNbd,
          .unit = ModelUnit::kDay,
          .time_zone = "Europe/London",
          .value_basis = ValueBasis::kGross,
          .margin_source = MarginSource::kCost,
          .margin_ratio = 0.3,
          .discount_rate = 0,
          .period_days = 7,
          .horizon_days = 90,
          .window_days = 400,
          .holdout_days = -1,
          .refit_days = 0,
          .churn_gap_multiple = 2.5,
          .min_model_orders = 3};
}

FitRecord SomeFit() {
  FitRecord record{.number = 4, .model = EveryField(), .model_version = 2, .as_of = kTime, .fit_time = kTime};
  record.duration_ms = 17;
  Fit& fit = record.fit;
  fit.as_of = DayNumberOf(ParseDate("2026-03-10").value());
  fit.patterns = 9;
  fit.frequency = {{0.1 + 0.2, 1.0 / 3, 1e-9, 12345.678}, {0.1, 0.2, 0.3, 0.4}, -9582.429206, true, 40};
  fit.spend = Estimates{{6.25, 3.74, 15.44}, {}, -4055.9, true, 20};
  fit.holdout = Holdout{.calibration_end = fit.as_of - 30,
                        .days = 30,
                        .estimates = {{1, 2, 3, 4}, {}, -5, false, 30},
                        .bins = {{0, 20, 1.5, 2}, {7, 10, 3.25, 3}},
                        .mean_absolute_error = 0.7};
  fit.population = {.customers = 40,
                    .repeat_customers = 20,
                    .purchase_days = 90,
                    .orders = 100,
                    .value_minor = 123'456,
                    .median_gap_days = 30,
                    .mean_gap_days = 31.5,
                    .first_day = fit.as_of - 300,
                    .last_day = fit.as_of - 1};
  return record;
}

TEST_CASE("a model goes over the wire and into storage and comes back") {
  for (const ValueModel& model : {DefaultValueModel(), EveryField()}) {
    ESNAF_REQUIRE_VALUE(const ValueModel back, ValueModelFromProto(ValueModelToProto(model)));
    CHECK(back == model);
    ESNAF_REQUIRE_VALUE(const ValueModel stored, ValueModelFromJson(ValueModelToJson(model)));
    CHECK(stored == model);
  }
}

TEST_CASE("what is not given is filled in") {
  v1::ValueModel message;
  message.set_id("default");
  message.set_display_name("Customer value");
  ESNAF_REQUIRE_VALUE(const ValueModel model, ValueModelFromProto(message));
  CHECK(model == DefaultValueModel());
  message.set_kind(static_cast<v1::ValueModelKind>(9));
  CHECK_STATUS_IS(ValueModelFromProto(message), absl::StatusCode::kInvalidArgument, "value_model.kind");
}

TEST_CASE("a fit comes back from storage to the last bit") {
  const FitRecord fit = SomeFit();
  ESNAF_REQUIRE_VALUE(const FitRecord back, FitFromJson(FitToJson(fit)));
  CHECK(back.number == 4);
  CHECK(back.model == fit.model);
  CHECK(back.model_version == 2);
  CHECK(back.as_of == fit.as_of);
  CHECK(back.duration_ms == 17);
  CHECK(back.fit == fit.fit);
  CHECK_STATUS_IS(FitFromJson("{}"), absl::StatusCode::kInternal, "");
  CHECK_STATUS_IS(FitFromJson("no JSON"), absl::StatusCode::kInternal, "cannot be read");
}

TEST_CASE("a fit names its parameters") {
  const v1::ValueModelFit message = FitToProto(SomeFit());
  REQUIRE(message.frequency().parameters_size() == 4);
  CHECK(message.frequency().parameters(3).name() == "beta");
  CHECK(message.frequency().parameters(3).standard_error() == 0.4);
  CHECK(message.spend().parameters(2).name() == "v");
  CHECK_FALSE(message.spend().parameters(2).has_standard_error());
  CHECK(message.repeat_rate() == 0.5);
  CHECK(message.value().currency_code() == "TRY");
}

TEST_CASE("an update sets what it names, and what it names and does not give goes back") {
  const v1::ValueModel known = ValueModelToProto(EveryField());
  v1::UpdateValueModelRequest update;
  update.mutable_value_model()->set_id("izmir");
  update.mutable_value_model()->set_margin_ratio(0.5);
  ESNAF_REQUIRE_VALUE(v1::ValueModel merged, MergeValueModel(known, update));
  CHECK(merged.margin_ratio() == 0.5);
  CHECK(merged.period_days() == 7);
  update.mutable_update_mask()->add_paths("refit_days");
  update.mutable_update_mask()->add_paths("period_days");
  const auto reset = MergeValueModel(known, update);
  REQUIRE_OK(reset);
  merged = *reset;
  CHECK(merged.margin_ratio() == 0.3);
  ESNAF_REQUIRE_VALUE(const ValueModel model, ValueModelFromProto(merged));
  CHECK(model.refit_days == 7);
  CHECK(model.period_days == 30);
  update.mutable_update_mask()->add_paths("shoe_size");
  CHECK_STATUS_IS(MergeValueModel(known, update), absl::StatusCode::kInvalidArgument, "update_mask");
}

TEST_CASE("a value is told with its definition, and a total only where there is a prediction") {
  CustomerValue value{.as_of = 20'000, .first_day = 19'000, .last_day = 19'500, .purchase_days = 3};
  value.historic.margin_minor = 1000;
  const v1::ValueDefinition definition = DefinitionToProto(EveryField(), 4, 0.25, 60, kTime);
  v1::ContactValue message = ContactValueToProto("id", definition, value);
  CHECK(message.definition().fit_number() == 4);
  CHECK(message.definition().value_basis() == v1::VALUE_BASIS_GROSS);
  CHECK(message.historic().margin().minor() == 1000);
  CHECK_FALSE(message.has_total_clv());
  CHECK_FALSE(message.has_churn_probability());
  CHECK(message.expected_next_purchase_date().empty());
  value.prediction = Prediction{.probability_active = 0.75, .clv_minor = 499.6};
  value.churn_method = ChurnMethod::kModel;
  value.churn_probability = 0.25;
  value.next_order_day = 20'010;
  message = ContactValueToProto("id", definition, value);
  CHECK(message.predicted().clv().minor() == 500);
  CHECK(message.total_clv().minor() == 1500);
  CHECK(message.churn_method() == v1::CHURN_METHOD_MODEL);
  CHECK(message.expected_next_purchase_date() == "2024-10-14");
}

TEST_CASE("months are written as their year and number") {
  CHECK(MonthToText(0) == "1970-01");
  CHECK(MonthFromText("2026-03", "f").value() == 56 * 12 + 2);
  CHECK(MonthToText(MonthFromText("1997-12", "f").value()) == "1997-12");
  CHECK_STATUS_IS(MonthFromText("2026-13", "from_month"), absl::StatusCode::kInvalidArgument, "from_month");
  CHECK_STATUS_IS(MonthFromText("March", "from_month"), absl::StatusCode::kInvalidArgument, "from_month");
}

}  // namespace
}  // namespace esnaf::segmentation
