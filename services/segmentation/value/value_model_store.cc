#include "services/segmentation/value/value_model_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/value/value_wire.h"

namespace esnaf::segmentation {

const char kFitColumns[] = "f.body";

namespace {

const postgres::Statement kInsertModel("segmentation", "insert_value_model", R"sql(
INSERT INTO value_model (id, body, version, create_time, update_time) VALUES ($1, $2, 1, $3, $3)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");

const postgres::Statement kGetModel("segmentation", "get_value_model", R"sql(
SELECT body, version, create_time, update_time, fit_number, fit_time, attempt_time, attempt_version, attempt_purchases,
       list_number, list_fit_number, list_time, list_attempt_time
  FROM value_model WHERE id = $1
)sql");

const postgres::Statement kLockModel("segmentation", "lock_value_model", R"sql(
SELECT body, version, create_time, update_time, fit_number, fit_time, attempt_time, attempt_version, attempt_purchases,
       list_number, list_fit_number, list_time, list_attempt_time
  FROM value_model WHERE id = $1 FOR UPDATE
)sql");

const postgres::Statement kListModels("segmentation", "list_value_models", R"sql(
SELECT body, version, create_time, update_time, fit_number, fit_time, attempt_time, attempt_version, attempt_purchases,
       list_number, list_fit_number, list_time, list_attempt_time
  FROM value_model ORDER BY id
)sql");

const postgres::Statement kUpdateModel("segmentation", "update_value_model", R"sql(
UPDATE value_model SET body = $2, version = $3, update_time = $4 WHERE id = $1
)sql");

const postgres::Statement kGetFitted("segmentation", "get_fitted_value_model", R"sql(
SELECT m.body, m.version, m.create_time, m.update_time, m.fit_number, m.fit_time, m.attempt_time, m.attempt_version,
       m.attempt_purchases, m.list_number, m.list_fit_number, m.list_time, m.list_attempt_time, f.body
  FROM value_model m
  LEFT JOIN value_fit f ON f.model_id = m.id AND f.number = CASE WHEN $2::bigint = 0 THEN m.fit_number ELSE $2 END
 WHERE m.id = $1
)sql");

const postgres::Statement kAppendFit("segmentation", "append_value_fit", R"sql(
INSERT INTO value_fit (model_id, number, id, body, fit_time) VALUES ($1, $2, $3, $4, $5)
)sql");

const postgres::Statement kSetFit("segmentation", "set_value_fit", R"sql(
UPDATE value_model SET fit_number = $2, fit_time = $3, attempt_time = $3, attempt_version = $4, attempt_purchases = $5
 WHERE id = $1
)sql");

const postgres::Statement kClaimFit("segmentation", "claim_value_fit", R"sql(
UPDATE value_model SET attempt_time = $2, attempt_version = $3, attempt_purchases = $4
 WHERE id = $1 AND attempt_time IS NOT DISTINCT FROM $5::timestamptz RETURNING 1
)sql");

const postgres::Statement kClaimList("segmentation", "claim_value_list", R"sql(
UPDATE value_model SET list_attempt_time = $2
 WHERE id = $1 AND list_attempt_time IS NOT DISTINCT FROM $3::timestamptz RETURNING 1
)sql");

absl::StatusOr<ValueModelRecord> ReadRecord(const postgres::Row& row) {
  ValueModelRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.model, ValueModelFromJson(row.Text(0)));
  record.version = row.Get<std::int64_t>(1);
  record.create_time = row.Get<Time>(2);
  record.update_time = row.Get<Time>(3);
  record.fit_number = row.Get<std::int64_t>(4);
  record.last = {.fit_time = row.Get<std::optional<Time>>(5),
                 .attempt_time = row.Get<std::optional<Time>>(6),
                 .model_version = row.Get<std::int64_t>(7),
                 .purchases = row.Get<std::int64_t>(8)};
  record.list = {.number = row.Get<std::int64_t>(9),
                 .fit_number = row.Get<std::int64_t>(10),
                 .list_time = row.Get<std::optional<Time>>(11),
                 .attempt_time = row.Get<std::optional<Time>>(12)};
  return record;
}

absl::StatusOr<ValueModelRecord> ReadOne(const postgres::Statement& statement, postgres::Tx& tx,
                                         const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("value_model", id);
  return ReadRecord(rows[0]);
}

}  // namespace

absl::StatusOr<bool> InsertValueModel(postgres::Tx& tx, const ValueModel& model, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kInsertModel, model.id, ValueModelToJson(model), now));
  return !rows.empty();
}

absl::StatusOr<ValueModelRecord> GetValueModel(postgres::Tx& tx, const std::string& id) {
  return ReadOne(kGetModel, tx, id);
}

absl::StatusOr<ValueModelRecord> LockValueModel(postgres::Tx& tx, const std::string& id) {
  return ReadOne(kLockModel, tx, id);
}

absl::StatusOr<std::vector<ValueModelRecord>> ListValueModels(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListModels));
  std::vector<ValueModelRecord> records;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(ValueModelRecord record, ReadRecord(rows[i]));
    records.push_back(std::move(record));
  }
  return records;
}

absl::Status UpdateValueModel(postgres::Tx& tx, const ValueModel& model, std::int64_t version, Time now) {
  return tx.Execute(kUpdateModel, model.id, ValueModelToJson(model), version, now).status();
}

absl::StatusOr<FittedModel> GetFittedModel(postgres::Tx& tx, const std::string& id, std::int64_t fit_number) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetFitted, id, fit_number));
  if (rows.empty()) return NotFound("value_model", id);
  FittedModel fitted;
  ESNAF_ASSIGN_OR_RETURN(fitted.record, ReadRecord(rows[0]));
  if (!rows[0].IsNull(13)) {
    ESNAF_ASSIGN_OR_RETURN(fitted.fit, FitFromJson(rows[0].Text(13)));
  } else if (fit_number != 0) {
    return NotFound("value_model_fit", absl::StrCat(id, "/", fit_number));
  }
  return fitted;
}

absl::StatusOr<FitRecord> AppendFit(postgres::Tx& tx, FitRecord record, std::int64_t purchases) {
  ESNAF_ASSIGN_OR_RETURN(const ValueModelRecord model, LockValueModel(tx, record.model.id));
  record.number = model.fit_number + 1;
  ESNAF_RETURN_IF_ERROR(tx.Execute(kAppendFit, record.model.id, record.number, Uuid::NewV7(record.fit_time),
                                   FitToJson(record), record.fit_time)
                            .status());
  ESNAF_RETURN_IF_ERROR(
      tx.Execute(kSetFit, record.model.id, record.number, record.fit_time, record.model_version, purchases).status());
  return record;
}

absl::StatusOr<bool> ClaimFit(postgres::Tx& tx, const ValueModelRecord& record, std::int64_t purchases, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClaimFit, record.model.id, now, record.version,
                                                                 purchases, record.last.attempt_time));
  return !rows.empty();
}

absl::StatusOr<bool> ClaimList(postgres::Tx& tx, const ValueModelRecord& record, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kClaimList, record.model.id, now, record.list.attempt_time));
  return !rows.empty();
}

}  // namespace esnaf::segmentation
