#include "libs/hooks/hook_store.h"

#include <nlohmann/json.hpp>

namespace esnaf::hooks {
namespace {

const postgres::Statement kInsertConnection("hooks", "insert_connection", R"sql(
INSERT INTO hook_connection (id, connector, store_id, secrets, create_time)
VALUES ($1::uuid, $2::text, $3::text, $4::jsonb, $5::timestamptz)
ON CONFLICT (connector, store_id) DO NOTHING
)sql");

const postgres::Statement kFindConnection("hooks", "find_connection", R"sql(
SELECT c.id, c.connector, c.store_id, c.secrets, c.create_time
  FROM hook_connection c WHERE c.connector = $1::text AND c.store_id = $2::text
)sql");

const postgres::Statement kDeleteConnection("hooks", "delete_connection", R"sql(
WITH gone AS (
  DELETE FROM hook_connection
   WHERE connector = $1::text AND id = $2::uuid AND (cardinality($3::text[]) = 0 OR store_id = ANY ($3::text[]))
  RETURNING connector, store_id, secrets
), kept AS (
  INSERT INTO ended_hook_connection (connector, store_id, secrets, end_time)
  SELECT g.connector, g.store_id, g.secrets, $4::timestamptz FROM gone g
   WHERE EXISTS (SELECT FROM hook_delivery d
                  WHERE d.connector = g.connector AND d.store_id = g.store_id AND d.state = 1)
  ON CONFLICT (connector, store_id) DO UPDATE SET secrets = excluded.secrets, end_time = excluded.end_time
)
SELECT FROM gone
)sql");

const postgres::Statement kFindSecrets("hooks", "find_secrets", R"sql(
SELECT secrets FROM (
  SELECT 0 AS rank, secrets FROM hook_connection WHERE connector = $1::text AND store_id = $2::text
  UNION ALL
  SELECT 1, secrets FROM ended_hook_connection WHERE connector = $1::text AND store_id = $2::text
) AS known ORDER BY rank LIMIT 1
)sql");

const postgres::Statement kForgetEnded("hooks", "forget_ended_connections", R"sql(
DELETE FROM ended_hook_connection e
 WHERE e.end_time < $1::timestamptz
    OR NOT EXISTS (SELECT FROM hook_delivery d
                    WHERE d.connector = e.connector AND d.store_id = e.store_id AND d.state = 1)
)sql");

const postgres::Statement kInsertDeliveries("hooks", "insert_deliveries", R"sql(
INSERT INTO hook_delivery (id, connector, store_id, external_id, payload, receive_time, state, next_attempt_time)
SELECT p.id, $4::text, $5::text, p.external_id, p.payload, $6::timestamptz, 1, $6::timestamptz
  FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS p (id, external_id, payload)
 ORDER BY p.external_id
ON CONFLICT (connector, store_id, external_id) DO NOTHING
)sql");

const postgres::Statement kClaim("hooks", "claim_delivery", R"sql(
UPDATE hook_delivery d SET attempt_count = attempt_count + 1, next_attempt_time = $3::timestamptz
 WHERE id = (SELECT id FROM hook_delivery
              WHERE state = 1 AND next_attempt_time <= $2::timestamptz AND connector = $1::text
              ORDER BY next_attempt_time, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, connector, store_id, external_id, receive_time, attempt_count, payload
)sql");

const postgres::Statement kLockPending("hooks", "lock_pending",
                                       "SELECT FROM hook_delivery WHERE id = $1::uuid AND state = 1 FOR UPDATE");

const postgres::Statement kFinish("hooks", "finish_delivery", R"sql(
UPDATE hook_delivery
   SET state = $2::smallint, finish_time = $3::timestamptz, message = $4::text, subject_id = $5::text,
       -- What was handled is not read again, and people have a right to be forgotten.
       payload = CASE WHEN $2::smallint = 2 THEN ''::bytea ELSE payload END
 WHERE id = $1::uuid AND state = 1
)sql");

const postgres::Statement kPostpone("hooks", "postpone_delivery", R"sql(
UPDATE hook_delivery SET next_attempt_time = $2::timestamptz, message = $3::text WHERE id = $1::uuid AND state = 1
)sql");

#define ESNAF_DELIVERY_COLUMNS                                                                              \
  " d.id, d.connector, d.store_id, d.external_id, d.receive_time, d.attempt_count, d.state, d.finish_time," \
  " d.next_attempt_time, d.message, d.subject_id "
constexpr int kDeliveryColumnCount = 11;

const postgres::Statement kRevive("hooks", "revive_delivery", R"sql(
UPDATE hook_delivery d SET state = 1, attempt_count = 0, next_attempt_time = $3::timestamptz, finish_time = NULL
 WHERE d.connector = $1::text AND d.id = $2::uuid AND d.state = 3
   AND (cardinality($4::text[]) = 0 OR d.store_id = ANY ($4::text[]))
RETURNING)sql" ESNAF_DELIVERY_COLUMNS);

const postgres::Statement kDeliveryExists("hooks", "delivery_exists", R"sql(
SELECT FROM hook_delivery d
 WHERE d.connector = $1::text AND d.id = $2::uuid AND (cardinality($3::text[]) = 0 OR d.store_id = ANY ($3::text[]))
)sql");

const postgres::Statement kForgetDone("hooks", "forget_done", R"sql(
DELETE FROM hook_delivery WHERE id IN (
  SELECT id FROM hook_delivery WHERE state = 2 AND finish_time < $1::timestamptz ORDER BY finish_time LIMIT 1000)
)sql");

const postgres::Statement kForgetDead("hooks", "forget_dead", R"sql(
DELETE FROM hook_delivery WHERE id IN (
  SELECT id FROM hook_delivery WHERE state = 3 AND finish_time < $1::timestamptz LIMIT 1000)
)sql");

const postgres::Statement kCountDead("hooks", "count_dead", "SELECT count(*) FROM hook_delivery WHERE state = 3");

Secrets ReadSecrets(std::string_view text) { return nlohmann::json::parse(text).get<Secrets>(); }

Connection ReadConnection(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .connector = row.Get<std::string>(1),
          .store_id = row.Get<std::string>(2),
          .secrets = ReadSecrets(row.Text(3)),
          .create_time = row.Get<Time>(4)};
}

// The columns that a claim and a list have in common.
Delivery ReadDelivery(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .connector = row.Get<std::string>(1),
          .store_id = row.Get<std::string>(2),
          .external_id = row.Get<std::string>(3),
          .payload = {},
          .receive_time = row.Get<Time>(4),
          .attempt_count = row.Get<int>(5)};
}

DeliveryRecord ReadRecord(const postgres::Row& row) {
  return {.delivery = ReadDelivery(row),
          .state = static_cast<DeliveryState>(row.Get<int>(6)),
          .finish_time = row.Get<std::optional<Time>>(7),
          .next_attempt_time = row.Get<Time>(8),
          .message = row.Get<std::string>(9),
          .subject_id = row.Get<std::string>(10)};
}

}  // namespace

absl::StatusOr<bool> InsertConnection(postgres::Tx& tx, const Connection& connection) {
  const nlohmann::json secrets = connection.secrets;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result inserted,
                         tx.Execute(kInsertConnection, connection.id, connection.connector, connection.store_id,
                                    secrets.dump(), connection.create_time));
  return inserted.affected_rows() > 0;
}

absl::StatusOr<std::optional<Connection>> FindConnection(postgres::Tx& tx, const std::string& connector,
                                                         const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindConnection, connector, store_id));
  if (rows.empty()) return std::optional<Connection>();
  return std::optional(ReadConnection(rows[0]));
}

absl::StatusOr<bool> DeleteConnection(postgres::Tx& tx, const std::string& connector, const Uuid& id,
                                      const std::vector<std::string>& stores, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result deleted, tx.Execute(kDeleteConnection, connector, id, stores, now));
  return !deleted.empty();
}

absl::StatusOr<Secrets> FindSecrets(postgres::Tx& tx, const std::string& connector, const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindSecrets, connector, store_id));
  return rows.empty() ? Secrets() : ReadSecrets(rows[0].Text(0));
}

const api::FieldTable& ConnectionFields() {
  static const api::FieldTable kFields{{{"store_id", "c.store_id", api::FieldType::kText}}, "c.id"};
  return kFields;
}

absl::StatusOr<ConnectionPage> ListConnections(postgres::Tx& tx, const api::ListQuery& query,
                                               const std::string& connector, const std::vector<std::string>& stores) {
  const api::SqlQuery sql = query.Select(
      "c.id, c.connector, c.store_id, c.secrets, c.create_time", "hook_connection c",
      "c.connector = $1 AND (cardinality($2::text[]) = 0 OR c.store_id = ANY ($2::text[]))", {connector, stores});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  ConnectionPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.connections.push_back(ReadConnection(rows[i]));
  page.next_page_token = query.NextPageToken(rows, 5);
  return page;
}

absl::Status InsertDeliveries(postgres::Tx& tx, const std::string& connector, const std::string& store_id,
                              const std::vector<Parcel>& parcels, Time receive_time) {
  if (parcels.empty()) return absl::OkStatus();
  std::vector<Uuid> ids;
  std::vector<std::string> external_ids;
  std::vector<postgres::Bytes> payloads;
  for (const Parcel& parcel : parcels) {
    ids.push_back(Uuid::NewV7(receive_time));
    external_ids.push_back(parcel.external_id);
    payloads.push_back({parcel.payload});
  }
  return tx.Execute(kInsertDeliveries, ids, external_ids, payloads, connector, store_id, receive_time).status();
}

absl::StatusOr<std::optional<Delivery>> ClaimDelivery(postgres::Tx& tx, const std::string& connector, Time now,
                                                      Time lease_until) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClaim, connector, now, lease_until));
  if (rows.empty()) return std::optional<Delivery>();
  Delivery delivery = ReadDelivery(rows[0]);
  delivery.payload = rows[0].Get<postgres::Bytes>(6).data;
  return std::optional(std::move(delivery));
}

absl::StatusOr<bool> LockPending(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockPending, id));
  return !rows.empty();
}

absl::Status FinishDelivery(postgres::Tx& tx, const Uuid& id, DeliveryState state, const Outcome& outcome, Time now) {
  return tx.Execute(kFinish, id, static_cast<int>(state), now, outcome.message, outcome.subject_id).status();
}

absl::Status PostponeDelivery(postgres::Tx& tx, const Uuid& id, Time next_attempt_time, const std::string& message) {
  return tx.Execute(kPostpone, id, next_attempt_time, message).status();
}

absl::StatusOr<std::optional<DeliveryRecord>> ReviveDelivery(postgres::Tx& tx, const std::string& connector,
                                                             const Uuid& id, const std::vector<std::string>& stores,
                                                             Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kRevive, connector, id, now, stores));
  if (rows.empty()) return std::optional<DeliveryRecord>();
  return std::optional(ReadRecord(rows[0]));
}

absl::StatusOr<bool> DeliveryExists(postgres::Tx& tx, const std::string& connector, const Uuid& id,
                                    const std::vector<std::string>& stores) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kDeliveryExists, connector, id, stores));
  return !rows.empty();
}

const api::FieldTable& DeliveryFields() {
  static const api::FieldTable kFields{{{"receive_time", "d.receive_time", api::FieldType::kTime}}, "d.id"};
  return kFields;
}

absl::StatusOr<DeliveryPage> ListDeliveries(postgres::Tx& tx, const api::ListQuery& query, const std::string& connector,
                                            int state, const std::vector<std::string>& stores) {
  const api::SqlQuery sql = query.Select(ESNAF_DELIVERY_COLUMNS, "hook_delivery d",
                                         // As a number of its own, so that the index of the dead ones is used.
                                         absl::StrCat("d.connector = $1 AND (cardinality($2::text[]) = 0 OR "
                                                      "d.store_id = ANY ($2::text[]))",
                                                      state == 0 ? "" : absl::StrCat(" AND d.state = ", state)),
                                         {connector, stores});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  DeliveryPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.deliveries.push_back(ReadRecord(rows[i]));
  page.next_page_token = query.NextPageToken(rows, kDeliveryColumnCount);
  return page;
}

absl::StatusOr<std::int64_t> ForgetDone(postgres::Tx& tx, Time before) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result forgotten, tx.Execute(kForgetDone, before));
  return forgotten.affected_rows();
}

absl::StatusOr<std::int64_t> ForgetDead(postgres::Tx& tx, Time before) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result forgotten, tx.Execute(kForgetDead, before));
  return forgotten.affected_rows();
}

absl::Status ForgetEndedConnections(postgres::Tx& tx, Time before) { return tx.Execute(kForgetEnded, before).status(); }

absl::StatusOr<std::int64_t> CountDead(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountDead));
  return rows[0].Get<std::int64_t>(0);
}

}  // namespace esnaf::hooks
