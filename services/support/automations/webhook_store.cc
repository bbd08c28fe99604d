#include "services/support/automations/webhook_store.h"

#include <nlohmann/json.hpp>

#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

constexpr int kMostWebhooks = 100;
constexpr int kPruneAtOnce = 1000;

#define ESNAF_WEBHOOK_COLUMNS \
  "w.id, w.display_name, w.url, w.secret, w.disabled, w.version, w.create_time, w.update_time "
#define ESNAF_CALL_COLUMNS                                                                           \
  "c.id, c.webhook_id, c.ticket_id, c.type, c.body, c.state, c.attempt_count, c.next_attempt_time, " \
  "c.http_status, c.failure, c.create_time "

const postgres::Statement kCount("support", "count_webhooks", "SELECT count(*) FROM ticket_webhook");
const postgres::Statement kInsert("support", "insert_webhook", R"sql(
INSERT INTO ticket_webhook (id, display_name, url, secret, disabled, version, create_time, update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");
const postgres::Statement kUpdate("support", "update_webhook", R"sql(
UPDATE ticket_webhook SET display_name = $2, url = $3, secret = $4, disabled = $5, version = $6, update_time = $7,
                          pause_until_time = '-infinity'
 WHERE id = $1
)sql");
const postgres::Statement kEndDisabled("support", "end_calls_of_disabled_webhooks", R"sql(
UPDATE ticket_webhook_call c SET state = 3, failure = 'the webhook is disabled'
  FROM ticket_webhook w WHERE w.disabled AND c.webhook_id = w.id AND c.state = 1
)sql");
const postgres::Statement kDelete("support", "delete_webhook", R"sql(
WITH gone AS (DELETE FROM ticket_webhook WHERE id = $1)
UPDATE ticket_webhook_call SET state = 3, failure = 'the webhook was deleted' WHERE webhook_id = $1 AND state = 1
)sql");
const postgres::Statement kGet("support", "get_webhook",
                               "SELECT " ESNAF_WEBHOOK_COLUMNS "FROM ticket_webhook w WHERE w.id = $1");
const postgres::Statement kLock("support", "lock_webhook",
                                "SELECT " ESNAF_WEBHOOK_COLUMNS "FROM ticket_webhook w WHERE w.id = $1 FOR UPDATE");

// The lock makes who deletes the webhook wait, so that no call is left behind.
const postgres::Statement kQueue("support", "queue_webhook_call", R"sql(
INSERT INTO ticket_webhook_call (id, webhook_id, ticket_id, type, body, state, next_attempt_time, failure, create_time)
SELECT $1, w.id, $3, $4, $5, CASE WHEN w.disabled THEN 3 ELSE 1 END, $6,
       CASE WHEN w.disabled THEN 'the webhook is disabled' ELSE '' END, $6
  FROM (SELECT id, disabled FROM ticket_webhook WHERE id = $2 FOR KEY SHARE) w
RETURNING 1
)sql");
// An attempt counts when it begins: what stops the program each time comes to its end as well. The webhook is held by
// its pause, so that it is asked one call at a time, and one that hangs holds up one thread.
const postgres::Statement kClaim("support", "claim_webhook_call", R"sql(
WITH next AS (
  SELECT d.id FROM ticket_webhook v
   CROSS JOIN LATERAL (SELECT e.id, e.next_attempt_time FROM ticket_webhook_call e
                        WHERE e.webhook_id = v.id AND e.state = 1 AND e.next_attempt_time <= $1
                          AND e.attempt_count < $3::int
                        ORDER BY e.next_attempt_time, e.id LIMIT 1) d
   WHERE NOT v.disabled AND v.pause_until_time <= $1
   ORDER BY d.next_attempt_time, d.id LIMIT 1 FOR NO KEY UPDATE OF v SKIP LOCKED),
c AS (
  UPDATE ticket_webhook_call SET next_attempt_time = $2, attempt_count = attempt_count + 1
   WHERE id = (SELECT id FROM next) AND state = 1 AND next_attempt_time <= $1
  RETURNING *)
UPDATE ticket_webhook w SET pause_until_time = $2 FROM c WHERE w.id = c.webhook_id
RETURNING )sql" ESNAF_CALL_COLUMNS ", " ESNAF_WEBHOOK_COLUMNS);
const postgres::Statement kRecord("support", "record_webhook_attempt", R"sql(
UPDATE ticket_webhook_call SET state = $2, next_attempt_time = $4, http_status = $5, failure = $6
 WHERE id = $1 AND state = 1 AND attempt_count = $3
)sql");
const postgres::Statement kRetry("support", "retry_webhook_call", R"sql(
UPDATE ticket_webhook_call SET state = 1, attempt_count = 0, next_attempt_time = $2 WHERE id = $1 AND state = 3
)sql");
const postgres::Statement kEndLost("support", "end_lost_webhook_calls", R"sql(
UPDATE ticket_webhook_call SET state = 3, failure = 'no attempt came to its end'
 WHERE state = 1 AND attempt_count >= $2::int AND next_attempt_time <= $1
)sql");
const postgres::Statement kRelease("support", "release_webhook", R"sql(
UPDATE ticket_webhook SET pause_until_time = $3 WHERE id = $1 AND pause_until_time = $2
)sql");
const postgres::Statement kDisable("support", "disable_webhook", R"sql(
UPDATE ticket_webhook SET disabled = true, version = version + 1, update_time = $2 WHERE id = $1 AND NOT disabled
)sql");
const postgres::Statement kLockCall("support", "lock_webhook_call",
                                    "SELECT " ESNAF_CALL_COLUMNS
                                    "FROM ticket_webhook_call c WHERE c.id = $1 FOR UPDATE");
const postgres::Statement kPrune("support", "prune_webhook_calls", R"sql(
DELETE FROM ticket_webhook_call
 WHERE id IN (SELECT id FROM ticket_webhook_call WHERE create_time < $1 AND state <> 1
               ORDER BY create_time, id LIMIT $2::int)
)sql");

}  // namespace

const char kWebhookColumns[] = ESNAF_WEBHOOK_COLUMNS;
const char kWebhookCallColumns[] = ESNAF_CALL_COLUMNS;

namespace {

WebhookRecord ReadWebhookFrom(const postgres::Row& row, int at) {
  WebhookRecord record;
  record.body = {.id = row.Get<std::string>(at),
                 .display_name = row.Get<std::string>(at + 1),
                 .url = row.Get<std::string>(at + 2),
                 .secret = row.Get<postgres::Bytes>(at + 3).data,
                 .disabled = row.Get<bool>(at + 4)};
  record.version = row.Get<std::int64_t>(at + 5);
  record.create_time = row.Get<Time>(at + 6);
  record.update_time = row.Get<Time>(at + 7);
  return record;
}

}  // namespace

WebhookRecord ReadWebhook(const postgres::Row& row) { return ReadWebhookFrom(row, 0); }

WebhookCall ReadWebhookCall(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .webhook_id = row.Get<std::string>(1),
          .ticket_id = row.Get<Uuid>(2),
          .type = row.Get<std::string>(3),
          .body = row.Get<std::string>(4),
          .state = static_cast<WebhookCallState>(row.Get<int>(5)),
          .attempt_count = row.Get<int>(6),
          .next_attempt_time = row.Get<Time>(7),
          .http_status = row.Get<int>(8),
          .failure = row.Get<std::string>(9),
          .create_time = row.Get<Time>(10)};
}

absl::StatusOr<bool> InsertWebhook(postgres::Tx& tx, const WebhookRecord& record) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result count, tx.Execute(kCount));
  if (count[0].Get<std::int64_t>(0) >= kMostWebhooks) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY", "there are as many as there may be",
                     {{"most", absl::StrCat(kMostWebhooks)}});
  }
  const Webhook& webhook = record.body;
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kInsert, webhook.id, webhook.display_name, webhook.url, postgres::Bytes{webhook.secret},
                 webhook.disabled, record.version, record.create_time, record.update_time));
  return !rows.empty();
}

absl::Status UpdateWebhook(postgres::Tx& tx, const WebhookRecord& record) {
  const Webhook& webhook = record.body;
  ESNAF_RETURN_IF_ERROR(tx.Execute(kUpdate, webhook.id, webhook.display_name, webhook.url,
                                   postgres::Bytes{webhook.secret}, webhook.disabled, record.version,
                                   record.update_time)
                            .status());
  return tx.Execute(kEndDisabled).status();
}

absl::Status DeleteWebhook(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDelete, id).status(); }

absl::StatusOr<WebhookRecord> GetWebhook(postgres::Tx& tx, const std::string& id, bool lock) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(lock ? kLock : kGet, id));
  if (rows.empty()) return NotFound("webhook", id);
  return ReadWebhook(rows[0]);
}

absl::StatusOr<std::string> QueueWebhookCall(postgres::Tx& tx, const std::string& webhook_id, const Uuid& ticket_id,
                                             const std::string& type, const std::string& data, Time now) {
  const nlohmann::json body{{"type", type}, {"timestamp", FormatRfc3339(now)}, {"data", nlohmann::json::parse(data)}};
  const Uuid id = Uuid::NewV7(now);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kQueue, id, webhook_id, ticket_id, type, body.dump(), now));
  return rows.empty() ? "WEBHOOK_NOT_FOUND" : id.ToString();
}

absl::StatusOr<std::optional<ClaimedCall>> ClaimWebhookCall(postgres::Tx& tx, Time now, Time lease) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClaim, now, lease, kMostWebhookAttempts));
  if (rows.empty()) return std::nullopt;
  return ClaimedCall{ReadWebhookCall(rows[0]), ReadWebhookFrom(rows[0], kWebhookCallColumnCount).body};
}

absl::Status RecordAttempt(postgres::Tx& tx, const WebhookCall& call) {
  return tx
      .Execute(kRecord, call.id, static_cast<int>(call.state), call.attempt_count, call.next_attempt_time,
               call.http_status, call.failure)
      .status();
}
absl::Status ReleaseWebhook(postgres::Tx& tx, const std::string& id, Time lease, Time from) {
  return tx.Execute(kRelease, id, lease, from).status();
}
absl::Status DisableWebhook(postgres::Tx& tx, const std::string& id, Time now) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kDisable, id, now).status());
  return tx.Execute(kEndDisabled).status();
}
absl::Status RetryWebhookCall(postgres::Tx& tx, const Uuid& id, Time now) {
  return tx.Execute(kRetry, id, now).status();
}
absl::Status EndLostCalls(postgres::Tx& tx, Time now) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kEndDisabled).status());
  return tx.Execute(kEndLost, now, kMostWebhookAttempts).status();
}

absl::StatusOr<std::optional<WebhookCall>> LockWebhookCall(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockCall, id));
  if (rows.empty()) return std::nullopt;
  return ReadWebhookCall(rows[0]);
}

absl::StatusOr<bool> PruneWebhookCalls(postgres::Tx& tx, Time before) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result gone, tx.Execute(kPrune, before, kPruneAtOnce));
  return gone.affected_rows() == kPruneAtOnce;
}

const api::FieldTable& WebhookCallFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{.fields = {{.name = "webhook_id", .sql = "c.webhook_id"},
                                                  {.name = "ticket_id", .sql = "c.ticket_id", .type = Type::kUuid},
                                                  {.name = "state",
                                                   .sql = "c.state",
                                                   .type = Type::kEnum,
                                                   .enum_values = {{"WAITING", "1"}, {"DONE", "2"}, {"DEAD", "3"}}},
                                                  {.name = "create_time", .sql = "c.create_time", .type = Type::kTime}},
                                       .id_sql = "c.id"};
  return kFields;
}

}  // namespace esnaf::support
