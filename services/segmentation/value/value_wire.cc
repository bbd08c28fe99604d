#include "services/segmentation/value/value_wire.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

// Our own enums begin with what stands for the messages' unspecified, whose numbers are one higher.
template <typename Own, typename Message>
absl::StatusOr<Own> EnumFromProto(Message value, int last, std::string_view field) {
  if (value < 0 || value > last) return InvalidField(field, "is no such value");
  return static_cast<Own>(std::max(0, static_cast<int>(value) - 1));
}
template <typename Message, typename Own>
Message EnumToProto(Own value) {
  return static_cast<Message>(static_cast<int>(value) + 1);
}

v1::ValueBasis BasisToProto(ValueBasis basis) {
  return basis == ValueBasis::kNet ? v1::VALUE_BASIS_NET : v1::VALUE_BASIS_GROSS;
}

void SetMoney(std::int64_t minor, const std::string& currency_code, api::v1::Money* money) {
  money->set_minor(minor);
  money->set_currency_code(currency_code);
}
void SetMoney(double minor, const std::string& currency_code, api::v1::Money* money) {
  SetMoney(static_cast<std::int64_t>(std::llround(minor)), currency_code, money);
}

std::string DayText(DayNumber day) { return FormatDate(DateOf(day)); }

absl::StatusOr<DayNumber> DayFromText(const std::string& text) {
  ESNAF_ASSIGN_OR_RETURN(const Date date, ParseDate(text));
  return DayNumberOf(date);
}

template <typename Names>
void SetEstimates(const Estimates& estimates, const Names& names, v1::ValueEstimates* message) {
  for (std::size_t i = 0; i < estimates.values.size(); ++i) {
    v1::ValueParameter* parameter = message->add_parameters();
    parameter->set_name(std::string(names[i]));
    parameter->set_value(estimates.values[i]);
    if (i < estimates.standard_errors.size()) parameter->set_standard_error(estimates.standard_errors[i]);
  }
  message->set_log_likelihood(estimates.log_likelihood);
  message->set_converged(estimates.converged);
  message->set_customer_count(estimates.customers);
}

absl::StatusOr<Estimates> EstimatesFromProto(const v1::ValueEstimates& message, int parameters) {
  if (message.parameters_size() != parameters) return absl::InternalError("a stored fit lacks parameters");
  Estimates estimates;
  for (const v1::ValueParameter& parameter : message.parameters()) {
    estimates.values.push_back(parameter.value());
    if (parameter.has_standard_error()) estimates.standard_errors.push_back(parameter.standard_error());
  }
  estimates.log_likelihood = message.log_likelihood();
  estimates.converged = message.converged();
  estimates.customers = message.customer_count();
  return estimates;
}

void SetHoldout(const Holdout& holdout, ModelKind kind, v1::ValueHoldout* message) {
  message->set_calibration_end_date(DayText(holdout.calibration_end));
  message->set_holdout_days(holdout.days);
  SetEstimates(holdout.estimates, ParameterNames(kind), message->mutable_estimates());
  for (const HoldoutBin& bin : holdout.bins) {
    v1::HoldoutBin* out = message->add_bins();
    out->set_repeat_count(bin.repeats);
    out->set_customer_count(bin.customers);
    out->set_expected_purchases(bin.expected);
    out->set_actual_purchases(bin.actual);
  }
  message->set_mean_absolute_error(holdout.mean_absolute_error);
}

absl::StatusOr<Holdout> HoldoutFromProto(const v1::ValueHoldout& message) {
  Holdout holdout;
  ESNAF_ASSIGN_OR_RETURN(holdout.calibration_end, DayFromText(message.calibration_end_date()));
  holdout.days = message.holdout_days();
  ESNAF_ASSIGN_OR_RETURN(holdout.estimates, EstimatesFromProto(message.estimates(), 4));
  for (const v1::HoldoutBin& bin : message.bins()) {
    holdout.bins.push_back(
        {bin.repeat_count(), bin.customer_count(), bin.expected_purchases(), bin.actual_purchases()});
  }
  holdout.mean_absolute_error = message.mean_absolute_error();
  return holdout;
}

void SetHistoric(const CustomerValue& value, const std::string& currency, v1::HistoricValue* message) {
  const HistoricValue& historic = value.historic;
  message->set_order_count(historic.totals.orders);
  message->set_purchase_count(value.purchase_days);
  message->set_first_purchase_date(DayText(value.first_day));
  message->set_last_purchase_date(DayText(value.last_day));
  if (value.mean_gap_days) message->set_mean_gap_days(*value.mean_gap_days);
  if (value.median_gap_days) message->set_median_gap_days(*value.median_gap_days);
  SetMoney(historic.totals.gross_minor, currency, message->mutable_gross());
  SetMoney(historic.totals.net_minor, currency, message->mutable_net());
  SetMoney(historic.margin_minor, currency, message->mutable_margin());
  SetMoney(historic.totals.cost_minor, currency, message->mutable_known_cost());
  SetMoney(historic.average_order_minor, currency, message->mutable_average_order_value());
  message->set_period_count(historic.periods);
  message->set_orders_per_period(historic.orders_per_period);
  SetMoney(historic.value_per_period_minor, currency, message->mutable_value_per_period());
  if (historic.lifetime_minor) {
    SetMoney(*historic.lifetime_minor, currency, message->mutable_simple_lifetime_value());
  }
}

void SetPredicted(const Prediction& prediction, const std::string& currency, v1::PredictedValue* message) {
  message->set_repeat_count(static_cast<std::int32_t>(prediction.timing.repeats));
  message->set_recency(prediction.timing.recency);
  message->set_age(prediction.timing.age);
  message->set_probability_active(prediction.probability_active);
  message->set_expected_purchases(prediction.expected_orders);
  SetMoney(prediction.expected_order_minor, currency, message->mutable_expected_purchase_value());
  message->set_spend_from_model(prediction.spend_from_model);
  SetMoney(prediction.expected_value_minor, currency, message->mutable_expected_value());
  SetMoney(prediction.clv_minor, currency, message->mutable_clv());
}

}  // namespace

absl::StatusOr<ValueModel> ValueModelFromProto(const v1::ValueModel& message) {
  ValueModel model;
  model.id = message.id();
  model.display_name = message.display_name();
  model.store_id = message.store_id();
  model.currency_code = message.currency_code();
  ESNAF_ASSIGN_OR_RETURN(model.kind,
                         EnumFromProto<ModelKind>(message.kind(), v1::VALUE_MODEL_KIND_PARETO_NBD, "value_model.kind"));
  if (message.time_unit() != v1::VALUE_TIME_UNIT_UNSPECIFIED) {
    ESNAF_ASSIGN_OR_RETURN(
        model.unit, EnumFromProto<ModelUnit>(message.time_unit(), v1::VALUE_TIME_UNIT_WEEK, "value_model.time_unit"));
  }
  if (!message.time_zone().empty()) model.time_zone = message.time_zone();
  ESNAF_ASSIGN_OR_RETURN(model.value_basis, EnumFromProto<ValueBasis>(message.value_basis(), v1::VALUE_BASIS_GROSS,
                                                                      "value_model.value_basis"));
  ESNAF_ASSIGN_OR_RETURN(
      model.margin_source,
      EnumFromProto<MarginSource>(message.margin_source(), v1::VALUE_MARGIN_SOURCE_COST, "value_model.margin_source"));
  if (message.margin_ratio() != 0) model.margin_ratio = message.margin_ratio();
  if (message.has_discount_rate()) model.discount_rate = message.discount_rate();
  if (message.period_days() != 0) model.period_days = message.period_days();
  if (message.horizon_days() != 0) model.horizon_days = message.horizon_days();
  model.window_days = message.window_days();
  model.holdout_days = message.holdout_days();
  if (message.has_refit_days()) model.refit_days = message.refit_days();
  if (message.churn_gap_multiple() != 0) model.churn_gap_multiple = message.churn_gap_multiple();
  model.min_model_orders = message.min_model_orders();
  return model;
}

v1::ValueModel ValueModelToProto(const ValueModel& model) {
  v1::ValueModel message;
  message.set_id(model.id);
  message.set_display_name(model.display_name);
  message.set_store_id(model.store_id);
  message.set_currency_code(model.currency_code);
  message.set_kind(EnumToProto<v1::ValueModelKind>(model.kind));
  message.set_time_unit(EnumToProto<v1::ValueTimeUnit>(model.unit));
  message.set_time_zone(model.time_zone);
  message.set_value_basis(BasisToProto(model.value_basis));
  message.set_margin_source(EnumToProto<v1::ValueMarginSource>(model.margin_source));
  message.set_margin_ratio(model.margin_ratio);
  message.set_discount_rate(model.discount_rate);
  message.set_period_days(model.period_days);
  message.set_horizon_days(model.horizon_days);
  message.set_window_days(model.window_days);
  message.set_holdout_days(model.holdout_days);
  message.set_refit_days(model.refit_days);
  message.set_churn_gap_multiple(model.churn_gap_multiple);
  message.set_min_model_orders(model.min_model_orders);
  return message;
}

v1::ValueModel ValueModelRecordToProto(const ValueModelRecord& record) {
  v1::ValueModel message = ValueModelToProto(record.model);
  message.set_fit_number(record.fit_number);
  if (record.last.fit_time) *message.mutable_fit_time() = api::ToProto(*record.last.fit_time);
  message.set_version(record.version);
  *message.mutable_create_time() = api::ToProto(record.create_time);
  *message.mutable_update_time() = api::ToProto(record.update_time);
  message.set_etag(absl::StrCat(record.version));
  return message;
}

absl::StatusOr<v1::ValueModel> MergeValueModel(const v1::ValueModel& known,
                                               const v1::UpdateValueModelRequest& request) {
  v1::ValueModel merged = known;
  ESNAF_RETURN_IF_ERROR(api::MergeByMask(api::ExpandMask(request.update_mask(), request.value_model()),
                                         request.value_model(), "model", merged));
  merged.set_id(known.id());
  return merged;
}

std::string ValueModelToJson(const ValueModel& model) { return api::ToStoredJson(ValueModelToProto(model)); }

absl::StatusOr<ValueModel> ValueModelFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::ValueModel message, api::FromStoredJson<v1::ValueModel>(json));
  return ValueModelFromProto(message);
}

std::string FitToJson(const FitRecord& record) { return api::ToStoredJson(FitToProto(record)); }

absl::StatusOr<FitRecord> FitFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::ValueModelFit message, api::FromStoredJson<v1::ValueModelFit>(json));
  return FitFromProto(message);
}

v1::ValueModelFit FitToProto(const FitRecord& record) {
  const Fit& fit = record.fit;
  const Population& population = fit.population;
  v1::ValueModelFit message;
  message.set_model_id(record.model.id);
  message.set_number(record.number);
  *message.mutable_model() = ValueModelToProto(record.model);
  message.mutable_model()->set_version(record.model_version);
  *message.mutable_as_of_time() = api::ToProto(record.as_of);
  *message.mutable_fit_time() = api::ToProto(record.fit_time);
  message.set_duration_ms(record.duration_ms);
  message.set_first_purchase_date(DayText(population.first_day));
  message.set_last_purchase_date(DayText(population.last_day));
  message.set_customer_count(population.customers);
  message.set_repeat_customer_count(population.repeat_customers);
  message.set_purchase_count(population.purchase_days);
  message.set_order_count(population.orders);
  SetMoney(population.value_minor, record.model.currency_code, message.mutable_value());
  message.set_pattern_count(fit.patterns);
  message.set_repeat_rate(population.RepeatRate());
  if (population.median_gap_days) message.set_median_gap_days(*population.median_gap_days);
  if (population.mean_gap_days) message.set_mean_gap_days(*population.mean_gap_days);
  SetEstimates(fit.frequency, ParameterNames(record.model.kind), message.mutable_frequency());
  if (fit.spend) SetEstimates(*fit.spend, std::array<std::string_view, 3>{"p", "q", "v"}, message.mutable_spend());
  if (fit.holdout) SetHoldout(*fit.holdout, record.model.kind, message.mutable_holdout());
  return message;
}

absl::StatusOr<FitRecord> FitFromProto(const v1::ValueModelFit& message) {
  FitRecord record;
  record.number = message.number();
  ESNAF_ASSIGN_OR_RETURN(record.model, ValueModelFromProto(message.model()));
  record.model_version = message.model().version();
  ESNAF_ASSIGN_OR_RETURN(record.as_of, api::FromProto(message.as_of_time(), "as_of_time"));
  ESNAF_ASSIGN_OR_RETURN(record.fit_time, api::FromProto(message.fit_time(), "fit_time"));
  record.duration_ms = message.duration_ms();
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(record.model.time_zone));
  Fit& fit = record.fit;
  fit.as_of = DayNumberOf(zone.LocalDate(record.as_of));
  fit.patterns = message.pattern_count();
  ESNAF_ASSIGN_OR_RETURN(fit.frequency, EstimatesFromProto(message.frequency(), 4));
  if (message.has_spend()) {
    ESNAF_ASSIGN_OR_RETURN(fit.spend, EstimatesFromProto(message.spend(), 3));
  }
  if (message.has_holdout()) {
    ESNAF_ASSIGN_OR_RETURN(fit.holdout, HoldoutFromProto(message.holdout()));
  }
  Population& population = fit.population;
  population.customers = message.customer_count();
  population.repeat_customers = message.repeat_customer_count();
  population.purchase_days = message.purchase_count();
  population.orders = message.order_count();
  population.value_minor = message.value().minor();
  if (message.has_median_gap_days()) population.median_gap_days = message.median_gap_days();
  if (message.has_mean_gap_days()) population.mean_gap_days = message.mean_gap_days();
  ESNAF_ASSIGN_OR_RETURN(population.first_day, DayFromText(message.first_purchase_date()));
  ESNAF_ASSIGN_OR_RETURN(population.last_day, DayFromText(message.last_purchase_date()));
  return record;
}

v1::ValueDefinition DefinitionToProto(const ValueModel& model, std::int64_t fit_number, double margin_ratio,
                                      int horizon_days, Time as_of) {
  v1::ValueDefinition message;
  message.set_model_id(model.id);
  message.set_fit_number(fit_number);
  message.set_kind(EnumToProto<v1::ValueModelKind>(model.kind));
  message.set_value_basis(BasisToProto(model.value_basis));
  message.set_margin_source(EnumToProto<v1::ValueMarginSource>(model.margin_source));
  message.set_margin_ratio(margin_ratio);
  message.set_discount_rate(model.discount_rate);
  message.set_period_days(model.period_days);
  message.set_horizon_days(horizon_days);
  message.set_window_days(model.window_days);
  message.set_time_zone(model.time_zone);
  message.set_store_id(model.store_id);
  message.set_currency_code(model.currency_code);
  *message.mutable_as_of_time() = api::ToProto(as_of);
  return message;
}

v1::ContactValue ContactValueToProto(std::string_view contact_id, const v1::ValueDefinition& definition,
                                     const CustomerValue& value) {
  const std::string& currency = definition.currency_code();
  v1::ContactValue message;
  message.set_contact_id(std::string(contact_id));
  *message.mutable_definition() = definition;
  SetHistoric(value, currency, message.mutable_historic());
  if (value.prediction) {
    SetPredicted(*value.prediction, currency, message.mutable_predicted());
    SetMoney(message.historic().margin().minor() + message.predicted().clv().minor(), currency,
             message.mutable_total_clv());
  }
  if (value.churn_probability) message.set_churn_probability(*value.churn_probability);
  message.set_churn_method(static_cast<v1::ChurnMethod>(value.churn_method));
  if (value.next_order_day) message.set_expected_next_purchase_date(DayText(*value.next_order_day));
  return message;
}

v1::ContactValueSummary ListedToProto(const ListedValue& value) {
  v1::ContactValueSummary message;
  message.set_contact_id(value.contact_id.ToString());
  message.set_clv_minor(value.clv_minor);
  message.set_expected_purchases(value.expected_purchases);
  message.set_churn_probability(value.churn_probability);
  message.set_churn_method(static_cast<v1::ChurnMethod>(value.churn_method));
  message.set_value_minor(value.value_minor);
  message.set_purchase_count(value.purchase_count);
  message.set_last_purchase_date(DayText(value.last_day));
  return message;
}

std::string MonthToText(MonthNumber month) {
  const std::chrono::year_month year_month = YearMonthOf(month);
  return absl::StrFormat("%04d-%02d", static_cast<int>(year_month.year()), static_cast<unsigned>(year_month.month()));
}

absl::StatusOr<MonthNumber> MonthFromText(std::string_view text, std::string_view field) {
  const absl::StatusOr<Date> first = ParseDate(absl::StrCat(std::string(text), "-01"));
  if (!first.ok()) return InvalidField(field, "is no month like 2026-01");
  return MonthOf(DayNumberOf(*first));
}

v1::RetentionCohorts RetentionToProto(const v1::ValueDefinition& definition, const Retention& retention) {
  const auto rate = [](std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  v1::RetentionCohorts message;
  *message.mutable_definition() = definition;
  message.set_lapse_days(retention.lapse_days);
  message.set_customer_count(retention.customers);
  message.set_repeat_customer_count(retention.repeat_customers);
  message.set_repeat_rate(rate(retention.repeat_customers, retention.customers));
  if (retention.median_gap_days) message.set_median_gap_days(*retention.median_gap_days);
  if (retention.mean_gap_days) message.set_mean_gap_days(*retention.mean_gap_days);
  for (const Cohort& cohort : retention.cohorts) {
    v1::RetentionCohort* out = message.add_cohorts();
    out->set_month(MonthToText(cohort.month));
    out->set_customer_count(cohort.customers);
    out->set_repeat_customer_count(cohort.repeat_customers);
    out->set_repeat_rate(rate(cohort.repeat_customers, cohort.customers));
    out->mutable_active_counts()->Add(cohort.active.begin(), cohort.active.end());
    out->mutable_value_minors()->Add(cohort.value_minor.begin(), cohort.value_minor.end());
  }
  for (const RetentionMonth& month : retention.months) {
    v1::RetentionMonth* out = message.add_months();
    out->set_month(MonthToText(month.month));
    out->set_buyer_count(month.buyers);
    out->set_new_customer_count(month.new_customers);
    out->set_active_at_start_count(month.active_at_start);
    out->set_lapsed_at_start_count(month.lapsed_at_start);
    out->set_lapsed_count(month.lapsed);
    out->set_won_back_count(month.won_back);
    if (const auto churn = month.ChurnRate()) out->set_churn_rate(*churn);
    if (const auto win_back = month.WinBackRate()) out->set_win_back_rate(*win_back);
  }
  return message;
}

}  // namespace esnaf::segmentation
