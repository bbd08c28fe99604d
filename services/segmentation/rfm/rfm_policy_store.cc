#include "services/segmentation/rfm/rfm_policy_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/rfm/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

const postgres::Statement kInsertPolicy("segmentation", "insert_policy", R"sql(
WITH inserted AS (
  INSERT INTO rfm_policy (id, body, version, create_time, update_time) VALUES ($1, $2, 1, $3, $3)
  ON CONFLICT (id) DO NOTHING RETURNING id, body, create_time
), first AS (
  INSERT INTO rfm_policy_version (policy_id, version, state, body, base_version, create_time, actor)
  SELECT id, 1, 2, body, 0, create_time, $4 FROM inserted
)
SELECT 1 FROM inserted
)sql");

const postgres::Statement kGetPolicy("segmentation", "get_policy", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count, write_cursor, count_until
  FROM rfm_policy WHERE id = $1
)sql");

const postgres::Statement kLockPolicy("segmentation", "lock_policy", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count, write_cursor, count_until
  FROM rfm_policy WHERE id = $1 FOR UPDATE
)sql");

const postgres::Statement kListPolicies("segmentation", "list_policies", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count, write_cursor, count_until
  FROM rfm_policy ORDER BY id
)sql");

const postgres::Statement kLockPolicies("segmentation", "lock_policies", R"sql(
SELECT body, version, create_time, update_time, active_body, active_version, as_of_time, compute_time,
       scored_count, touched_count, change_count, write_cursor, count_until
  FROM rfm_policy ORDER BY id FOR UPDATE
)sql");

// A new version takes the number behind all that were given, drafts included.
const postgres::Statement kUpdatePolicy("segmentation", "update_policy", R"sql(
WITH next AS (
  SELECT max(version) + 1 AS version FROM rfm_policy_version WHERE policy_id = $1
), retired AS (
  UPDATE rfm_policy_version SET state = 3 WHERE policy_id = $1 AND state = 2
), added AS (
  INSERT INTO rfm_policy_version (policy_id, version, state, body, base_version, create_time, actor)
  SELECT $1, version, 2, $2, 0, $3, $4 FROM next
)
UPDATE rfm_policy SET body = $2, version = next.version, update_time = $3 FROM next WHERE id = $1
RETURNING rfm_policy.version
)sql");

// A draft that is saved again keeps its number.
const postgres::Statement kSaveDraft("segmentation", "save_draft", R"sql(
WITH updated AS (
  UPDATE rfm_policy_version v SET body = $2, base_version = p.version, create_time = $3, actor = $4
    FROM rfm_policy p WHERE p.id = $1 AND v.policy_id = $1 AND v.state = 1
  RETURNING v.version, v.state, v.body, v.base_version, v.create_time, v.actor
), inserted AS (
  INSERT INTO rfm_policy_version (policy_id, version, state, body, base_version, create_time, actor)
  SELECT $1, (SELECT max(version) + 1 FROM rfm_policy_version WHERE policy_id = $1), 1, $2, version, $3, $4
    FROM rfm_policy WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM updated)
  RETURNING version, state, body, base_version, create_time, actor
)
SELECT * FROM updated UNION ALL SELECT * FROM inserted
)sql");

const postgres::Statement kDeleteDraft("segmentation", "delete_draft", R"sql(
DELETE FROM rfm_policy_version WHERE policy_id = $1 AND state = 1
)sql");

const postgres::Statement kFindVersion("segmentation", "find_version", R"sql(
SELECT version, state, body, base_version, create_time, actor FROM rfm_policy_version
 WHERE policy_id = $1 AND CASE WHEN $2::bigint = 0 THEN state = 1 ELSE version = $2 END
)sql");

const postgres::Statement kSetActive("segmentation", "set_active", R"sql(
UPDATE rfm_policy SET active_body = $2, active_version = $3, as_of_time = $4, compute_time = $5,
                      scored_count = $6, touched_count = 0, count_until = $7, write_cursor = $8
 WHERE id = $1
)sql");

const postgres::Statement kSetWritten("segmentation", "set_written", R"sql(
UPDATE rfm_policy SET write_cursor = $2, change_count = $3 WHERE id = $1
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
    active.count_until = row.Get<std::optional<Time>>(12).value_or(Reference::Now(active.as_of).count_until);
  }
  record.scored_count = row.Get<std::int64_t>(8);
  record.touched_count = row.Get<std::int64_t>(9);
  record.change_count = row.Get<std::int64_t>(10);
  record.write_cursor = row.Get<std::optional<Uuid>>(11);
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

const char kVersionColumns[] = "v.version, v.state, v.body, v.base_version, v.create_time, v.actor";

absl::StatusOr<PolicyVersion> ReadVersion(const postgres::Row& row) {
  PolicyVersion version;
  version.version = row.Get<std::int64_t>(0);
  version.state = static_cast<VersionState>(row.Get<int>(1));
  ESNAF_ASSIGN_OR_RETURN(version.policy, PolicyFromJson(row.Text(2)));
  version.base_version = row.Get<std::int64_t>(3);
  version.create_time = row.Get<Time>(4);
  version.actor = row.Get<std::string>(5);
  return version;
}

absl::StatusOr<bool> InsertPolicy(postgres::Tx& tx, const Policy& policy, Time now, std::string_view actor) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertPolicy, policy.id, PolicyToJson(policy), now, std::string(actor)));
  return !rows.empty();
}

absl::StatusOr<PolicyRecord> GetPolicy(postgres::Tx& tx, const std::string& id) { return ReadOne(kGetPolicy, tx, id); }
absl::StatusOr<PolicyRecord> LockPolicy(postgres::Tx& tx, const std::string& id) {
  return ReadOne(kLockPolicy, tx, id);
}
absl::StatusOr<std::vector<PolicyRecord>> ListPolicies(postgres::Tx& tx) { return ReadAll(kListPolicies, tx); }
absl::StatusOr<std::vector<PolicyRecord>> LockPolicies(postgres::Tx& tx) { return ReadAll(kLockPolicies, tx); }

absl::StatusOr<std::int64_t> UpdatePolicy(postgres::Tx& tx, const Policy& policy, Time now, std::string_view actor) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kUpdatePolicy, policy.id, PolicyToJson(policy), now, std::string(actor)));
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<PolicyVersion> SaveDraft(postgres::Tx& tx, const Policy& policy, Time now, std::string_view actor) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kSaveDraft, policy.id, PolicyToJson(policy), now, std::string(actor)));
  return ReadVersion(rows[0]);
}

absl::Status DeleteDraft(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDeleteDraft, id).status(); }

absl::StatusOr<std::optional<PolicyVersion>> FindVersion(postgres::Tx& tx, const std::string& id,
                                                         std::int64_t version) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindVersion, id, version));
  if (rows.empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(PolicyVersion found, ReadVersion(rows[0]));
  return found;
}

absl::Status SetActive(postgres::Tx& tx, const ActivePolicy& active, std::int64_t scored_count) {
  return tx
      .Execute(kSetActive, active.policy.id, ActiveToJson(active.policy, active.thresholds), active.version,
               active.as_of, active.compute_time, scored_count, active.count_until, Uuid())
      .status();
}

absl::Status SetWritten(postgres::Tx& tx, const PolicyRecord& record) {
  return tx.Execute(kSetWritten, record.policy.id, record.write_cursor, record.change_count).status();
}

absl::Status CountTouched(postgres::Tx& tx, const std::string& id, std::int64_t touched, std::int64_t change_count) {
  return tx.Execute(kCountTouched, id, touched, change_count).status();
}

}  // namespace esnaf::segmentation
