#include "services/segmentation/value/value_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/value/cohort_retention.h"
#include "services/segmentation/value/value_fitter.h"
#include "services/segmentation/value/value_ledger_store.h"
#include "services/segmentation/value/value_list_store.h"
#include "services/segmentation/value/value_model_store.h"
#include "services/segmentation/value/value_wire.h"

namespace esnaf::segmentation {
namespace {

constexpr int kMostHorizonDays = 3660;
constexpr MonthNumber kMonthsShown = 12;
constexpr MonthNumber kMostMonths = 60;

const api::FieldTable& ListedFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "clv_minor", .sql = "v.clv_minor", .type = api::FieldType::kInteger},
                 {.name = "churn_probability", .sql = "v.churn_probability", .type = api::FieldType::kNumber},
                 {.name = "expected_purchases", .sql = "v.expected_purchases", .type = api::FieldType::kNumber},
                 {.name = "value_minor", .sql = "v.value_minor", .type = api::FieldType::kInteger},
                 {.name = "purchase_count", .sql = "v.purchase_count", .type = api::FieldType::kInteger}},
      .id_sql = "v.contact_id"};
  return kFields;
}

const api::FieldTable& FitFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "number", .sql = "f.number", .type = api::FieldType::kInteger}}, .id_sql = "f.id"};
  return kFields;
}

std::string ModelIdOf(const std::string& requested) {
  return requested.empty() ? std::string(kDefaultValueModelId) : requested;
}

// A key that is limited to stores sees the models of these alone: one of all stores tells what others sell.
bool MaySee(const runtime::Call& call, const ValueModel& model) { return call.caller().MaySee(model.store_id); }

absl::StatusOr<ValueModelRecord> Visible(const runtime::Call& call, absl::StatusOr<ValueModelRecord> record) {
  if (record.ok() && !MaySee(call, record->model)) return NotFound("value_model", record->model.id);
  return record;
}

// A model with a fit, both of stores that the caller may see: a fit follows the model as it was.
absl::StatusOr<FittedModel> VisibleFitted(const runtime::Call& call, postgres::Tx& tx, const std::string& id,
                                          std::int64_t fit_number) {
  ESNAF_ASSIGN_OR_RETURN(FittedModel fitted, GetFittedModel(tx, id, fit_number));
  if (!MaySee(call, fitted.record.model) || (fitted.fit && !MaySee(call, fitted.fit->model))) {
    return NotFound("value_model", id);
  }
  return fitted;
}

const ValueModel& FollowedModel(const FittedModel& fitted) {
  return fitted.fit ? fitted.fit->model : fitted.record.model;
}

// As of the time that a request names, or of now.
absl::StatusOr<Reference> ReferenceOf(const runtime::Call& call, bool given, const google::protobuf::Timestamp& time) {
  if (!given) return Reference::Now(call.now());
  ESNAF_ASSIGN_OR_RETURN(const Time as_of, api::FromProto(time, "as_of_time"));
  if (as_of > call.now()) return InvalidField("as_of_time", "is in the future");
  return Reference::At(as_of);
}

// The months that a request asks for, both included.
struct Months {
  MonthNumber from = 0;
  MonthNumber to = 0;
};

absl::StatusOr<Months> MonthsOf(const v1::GetRetentionCohortsRequest& request, DayNumber today) {
  Months months{.to = MonthOf(today)};
  if (!request.to_month().empty()) {
    ESNAF_ASSIGN_OR_RETURN(months.to, MonthFromText(request.to_month(), "to_month"));
  }
  months.from = months.to - kMonthsShown + 1;
  if (!request.from_month().empty()) {
    ESNAF_ASSIGN_OR_RETURN(months.from, MonthFromText(request.from_month(), "from_month"));
  }
  if (months.to > MonthOf(today)) return InvalidField("to_month", "is in the future");
  if (months.from > months.to) return InvalidField("from_month", "is after to_month");
  if (months.to - months.from > kMostMonths)
    return InvalidField("from_month", "is more than 60 months before to_month");
  return months;
}

}  // namespace

runtime::RpcService ValueService::Rpcs() {
  runtime::RpcService rpc("esnaf.segmentation.v1.ValueService");
  rpc.Unary("GetContactValue", this, &ValueService::GetContactValue);
  rpc.Unary("ListContactValues", this, &ValueService::ListContactValues);
  rpc.Unary("CreateValueModel", this, &ValueService::CreateValueModel);
  rpc.Unary("GetValueModel", this, &ValueService::GetValueModel);
  rpc.Unary("ListValueModels", this, &ValueService::ListValueModels);
  rpc.Unary("UpdateValueModel", this, &ValueService::UpdateValueModel);
  rpc.Unary("FitValueModel", this, &ValueService::FitValueModel);
  rpc.Unary("ListValueModelFits", this, &ValueService::ListValueModelFits);
  rpc.Unary("GetRetentionCohorts", this, &ValueService::GetRetentionCohorts);
  return rpc;
}

absl::StatusOr<v1::ContactValue> ValueService::GetContactValue(runtime::Call& call,
                                                               const v1::GetContactValueRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  ESNAF_ASSIGN_OR_RETURN(const Reference reference, ReferenceOf(call, request.has_as_of_time(), request.as_of_time()));
  if (request.horizon_days() < 0 || request.horizon_days() > kMostHorizonDays) {
    return InvalidField("horizon_days", "must be 1 to 3660 days, or 0 for the model's");
  }
  if (request.fit_number() < 0) return InvalidField("fit_number", "is negative");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ContactValue> {
    ESNAF_ASSIGN_OR_RETURN(const FittedModel fitted,
                           VisibleFitted(call, tx, ModelIdOf(request.model_id()), request.fit_number()));
    ESNAF_ASSIGN_OR_RETURN(const Reading reading,
                           ReadingOf(tx, FollowedModel(fitted), reference.as_of, reference.count_until));
    ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, identity::CanonicalOf(tx, contact));
    ESNAF_ASSIGN_OR_RETURN(const PersonLedger person, LedgerOf(tx, reading.filter, reading.model.time_zone, canonical));
    if (!PatternAsOf(person.days, reading.as_of)) return NotFound("contact_value", request.contact_id());
    const int horizon_days = request.horizon_days() > 0 ? request.horizon_days() : reading.model.horizon_days;
    const CustomerValue value =
        ValueCustomer(reading.model, fitted.fit ? &fitted.fit->fit : nullptr, reading.minor_per_unit, person.days,
                      person.totals, reading.as_of, horizon_days);
    return ContactValueToProto(canonical.ToString(),
                               DefinitionToProto(reading.model, fitted.fit ? fitted.fit->number : 0, value.margin_ratio,
                                                 horizon_days, reference.as_of),
                               value);
  });
}

absl::StatusOr<v1::ListContactValuesResponse> ValueService::ListContactValues(
    runtime::Call& call, const v1::ListContactValuesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, ListedFields(), {.default_order = "clv_minor desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListContactValuesResponse> {
    const std::string id = ModelIdOf(request.model_id());
    ESNAF_ASSIGN_OR_RETURN(const ValueModelRecord record, Visible(call, segmentation::GetValueModel(tx, id)));
    v1::ListContactValuesResponse response;
    if (!record.list.list_time) return response;
    ESNAF_ASSIGN_OR_RETURN(const FittedModel fitted, VisibleFitted(call, tx, id, record.list.fit_number));
    *response.mutable_definition() =
        DefinitionToProto(fitted.fit->model, fitted.fit->number, fitted.fit->model.margin_ratio,
                          fitted.fit->model.horizon_days, *record.list.list_time);
    // Who was merged into somebody else since is no person of his own any more.
    const api::SqlQuery select =
        query.Select(kListedColumns, "contact_value v",
                     "v.model_id = $1 AND v.list_number = $2 "
                     "AND NOT EXISTS (SELECT 1 FROM contact_alias a WHERE a.original = v.contact_id)",
                     {id, record.list.number});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_values() = ListedToProto(ReadListed(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kListedColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ValueModel> ValueService::CreateValueModel(runtime::Call& call,
                                                              const v1::CreateValueModelRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const ValueModel model, ValueModelFromProto(request.value_model()));
  ESNAF_RETURN_IF_ERROR(ValidateValueModel(model));
  if (!MaySee(call, model)) return InvalidField("value_model.store_id", "is a store that the key is not for");
  using Answer = absl::StatusOr<v1::ValueModel>;
  return call.Mutate<v1::ValueModel>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertValueModel(tx, model, call.now()));
    if (!inserted) {
      return MakeError(absl::StatusCode::kAlreadyExists, "VALUE_MODEL_ALREADY_EXISTS",
                       "there is a model of value with this id", {{"id", model.id}});
    }
    ESNAF_ASSIGN_OR_RETURN(const ValueModelRecord record, segmentation::GetValueModel(tx, model.id));
    return ValueModelRecordToProto(record);
  });
}

absl::StatusOr<v1::ValueModel> ValueService::GetValueModel(runtime::Call& call,
                                                           const v1::GetValueModelRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ValueModel> {
    ESNAF_ASSIGN_OR_RETURN(const ValueModelRecord record, Visible(call, segmentation::GetValueModel(tx, request.id())));
    return ValueModelRecordToProto(record);
  });
}

absl::StatusOr<v1::ListValueModelsResponse> ValueService::ListValueModels(runtime::Call& call,
                                                                          const v1::ListValueModelsRequest&) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListValueModelsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<ValueModelRecord> records, segmentation::ListValueModels(tx));
    v1::ListValueModelsResponse response;
    for (const ValueModelRecord& record : records) {
      if (MaySee(call, record.model)) *response.add_value_models() = ValueModelRecordToProto(record);
    }
    return response;
  });
}

absl::StatusOr<v1::ValueModel> ValueService::UpdateValueModel(runtime::Call& call,
                                                              const v1::UpdateValueModelRequest& request) {
  using Answer = absl::StatusOr<v1::ValueModel>;
  return call.Mutate<v1::ValueModel>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(ValueModelRecord record, Visible(call, LockValueModel(tx, request.value_model().id())));
    const std::string& etag = request.value_model().etag();
    if (!etag.empty() && etag != absl::StrCat(record.version)) {
      return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the model has changed since it was read",
                       {{"id", record.model.id}});
    }
    ESNAF_ASSIGN_OR_RETURN(const v1::ValueModel merged, MergeValueModel(ValueModelToProto(record.model), request));
    ESNAF_ASSIGN_OR_RETURN(ValueModel model, ValueModelFromProto(merged));
    ESNAF_RETURN_IF_ERROR(ValidateValueModel(model));
    if (!MaySee(call, model)) return InvalidField("value_model.store_id", "is a store that the key is not for");
    if (model != record.model) {
      record.model = std::move(model);
      record.update_time = call.now();
      ESNAF_RETURN_IF_ERROR(segmentation::UpdateValueModel(tx, record.model, ++record.version, record.update_time));
    }
    return ValueModelRecordToProto(record);
  });
}

absl::StatusOr<v1::ValueModelFit> ValueService::FitValueModel(runtime::Call& call,
                                                              const v1::FitValueModelRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Reference reference, ReferenceOf(call, request.has_as_of_time(), request.as_of_time()));
  using Answer = absl::StatusOr<v1::ValueModelFit>;
  return call.Mutate<v1::ValueModelFit>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const ValueModelRecord record, Visible(call, segmentation::GetValueModel(tx, request.id())));
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t purchases, CountPurchases(tx));
    ESNAF_ASSIGN_OR_RETURN(FitRecord fit, RunFit(tx, record, reference.as_of, reference.count_until, call.now()));
    ESNAF_ASSIGN_OR_RETURN(const FitRecord stored, AppendFit(tx, std::move(fit), purchases));
    return FitToProto(stored);
  });
}

absl::StatusOr<v1::ListValueModelFitsResponse> ValueService::ListValueModelFits(
    runtime::Call& call, const v1::ListValueModelFitsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, FitFields(), {.default_order = "number desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListValueModelFitsResponse> {
    ESNAF_RETURN_IF_ERROR(Visible(call, segmentation::GetValueModel(tx, request.id())).status());
    const api::SqlQuery select = query.Select(kFitColumns, "value_fit f", "f.model_id = $1", {request.id()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListValueModelFitsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const FitRecord fit, FitFromJson(rows[i].Text(0)));
      if (MaySee(call, fit.model)) *response.add_fits() = FitToProto(fit);
    }
    response.set_next_page_token(query.NextPageToken(rows, kFitColumnCount));
    return response;
  });
}

absl::StatusOr<v1::RetentionCohorts> ValueService::GetRetentionCohorts(runtime::Call& call,
                                                                       const v1::GetRetentionCohortsRequest& request) {
  if (request.lapse_days() < 0 || request.lapse_days() > kMostHorizonDays) {
    return InvalidField("lapse_days", "must be 1 to 3660 days, or 0 for a multiple of the median gap");
  }
  const Reference reference = Reference::Now(call.now());
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RetentionCohorts> {
    ESNAF_ASSIGN_OR_RETURN(ValueModelRecord record,
                           Visible(call, segmentation::GetValueModel(tx, ModelIdOf(request.model_id()))));
    // Cohorts are by the first purchase, so all purchases count.
    record.model.window_days = 0;
    ESNAF_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(tx, record.model, reference.as_of, reference.count_until));
    ESNAF_ASSIGN_OR_RETURN(const Months months, MonthsOf(request, reading.as_of));
    RetentionBuilder builder(reading.as_of);
    ESNAF_RETURN_IF_ERROR(ForEachLedger(tx, reading.filter, reading.model.time_zone, [&](const PersonLedger& person) {
      builder.Add(person.days);
      return absl::OkStatus();
    }));
    return RetentionToProto(
        DefinitionToProto(reading.model, 0, reading.model.margin_ratio, reading.model.horizon_days, reference.as_of),
        builder.Build(months.from, months.to, request.lapse_days(), reading.model.churn_gap_multiple));
  });
}

}  // namespace esnaf::segmentation
