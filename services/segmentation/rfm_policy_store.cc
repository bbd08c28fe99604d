#include "services/segmentation/rfm_policy_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

const postgres::Statement kInsertPolicy("segmentation", "insert_policy", R"sql(
INSERT INTO rfm_policy (id, body, version, create_time, update_time) VALUES ($1, $2, 1, $3, $3)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");

const postgres::Statement kGetPolicy("segmentation", "get_policy", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count
  FROM rfm_policy WHERE id = $1
)sql");

const postgres::Statement kLockPolicy("segmentation", "lock_policy", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count
  FROM rfm_policy WHERE id = $1 FOR UPDATE
)sql");

const postgres::Statement kListPolicies("segmentation", "list_policies", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count
  FROM rfm_policy ORDER BY id
)sql");

const postgres::Statement kLockPolicies("segmentation", "lock_policies", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count
  FROM rfm_policy ORDER BY id FOR UPDATE
)sql");

const postgres::Statement kUpdatePolicy("segmentation", "update_policy", R"sql(
UPDATE rfm_policy SET body = $2, version = $3, update_time = $4 WHERE id = $1
)sql");

const postgres::Statement kSetActive("segmentation", "set_active", R"sql(
UPDATE rfm_policy SET active_body = $2, active_version = $3, as_of_time = $4, compute_time = $5,
                      scored_count = $6, touched_count = 0, change_count = $7
 WHERE id = $1
)sql");

const postgres::Statement kCountTouched("segmentation", "count_touched", R"sql(
UPDATE rfm_policy SET touched_count = touched_count + $2, change_count = $3 WHERE id = $1
)sql");

absl::StatusOr<PolicyRecord> ReadRecord(const postgres::Row& row) {
  PolicyRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.policy, PolicyFromJson(row.Text(0)));
  record.version = row.Get<std::int64_t>(1);
  record.create_time = row.Get<Time>(2);
  record.update_time = row.Get<Time>(3);
  if (!row.IsNull(4)) {
    ActivePolicy& active = record.active.emplace();
    ESNAF_RETURN_IF_ERROR(ReadActiveJson(row.Text(4), active));
    active.version = row.Get<std::int64_t>(5);
    active.as_of = row.Get<Time>(6);
    active.compute_time = row.Get<Time>(7);
  }
  record.scored_count = row.Get<std::int64_t>(8);
  record.touched_count = row.Get<std::int64_t>(9);
  record.change_count = row.Get<std::int64_t>(10);
  return record;
}

absl::StatusOr<PolicyRecord> ReadOne(const postgres::Statement& statement, postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("rfm_policy", id);
  return ReadRecord(rows[0]);
}

absl::StatusOr<std::vector<PolicyRecord>> ReadAll(const postgres::Statement& statement, postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement));
  std::vector<PolicyRecord> records;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(PolicyRecord record, ReadRecord(rows[i]));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

absl::StatusOr<bool> InsertPolicy(postgres::Tx& tx, const Policy& policy, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kInsertPolicy, policy.id, PolicyToJson(policy), now));
  return !rows.empty();
}

absl::StatusOr<PolicyRecord> GetPolicy(postgres::Tx& tx, const std::string& id) { return ReadOne(kGetPolicy, tx, id); }
absl::StatusOr<PolicyRecord> LockPolicy(postgres::Tx& tx, const std::string& id) {
  return ReadOne(kLockPolicy, tx, id);
}
absl::StatusOr<std::vector<PolicyRecord>> ListPolicies(postgres::Tx& tx) { return ReadAll(kListPolicies, tx); }
absl::StatusOr<std::vector<PolicyRecord>> LockPolicies(postgres::Tx& tx) { return ReadAll(kLockPolicies, tx); }

absl::Status UpdatePolicy(postgres::Tx& tx, const Policy& policy, std::int64_t version, Time now) {
  return tx.Execute(kUpdatePolicy, policy.id, PolicyToJson(policy), version, now).status();
}

absl::Status SetActive(postgres::Tx& tx, const ActivePolicy& active, std::int64_t scored_count,
                       std::int64_t change_count) {
  return tx
      .Execute(kSetActive, active.policy.id, ActiveToJson(active.policy, active.thresholds), active.version,
               active.as_of, active.compute_time, scored_count, change_count)
      .status();
}

absl::Status CountTouched(postgres::Tx& tx, const std::string& id, std::int64_t touched, std::int64_t change_count) {
  return tx.Execute(kCountTouched, id, touched, change_count).status();
}

}  // namespace esnaf::segmentation
