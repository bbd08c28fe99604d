#include "services/gateway/api_key_store.h"

#include "libs/base/error.h"

namespace esnaf::gateway {
namespace {

#define ESNAF_KEY_COLUMNS                                                                                      \
  "k.id, k.display_name, k.kind, k.scopes, k.store_ids, k.rate_per_second, k.allowed_origins, k.expire_time, " \
  "k.create_time, k.revoke_time, k.prefix"
constexpr int kFirstColumnAfterKey = 11;

const postgres::Statement kInsert("gateway", "insert_api_key", R"sql(
  INSERT INTO api_key (id, display_name, kind, scopes, store_ids, rate_per_second, allowed_origins, expire_time,
                       create_time, prefix, secret_hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))sql");

const postgres::Statement kGet("gateway", "get_api_key", "SELECT " ESNAF_KEY_COLUMNS " FROM api_key k WHERE k.id = $1");

const postgres::Statement kRevoke("gateway", "revoke_api_key",
                                  "UPDATE api_key k SET revoke_time = coalesce(revoke_time, $2) WHERE id = $1 "
                                  "RETURNING " ESNAF_KEY_COLUMNS);

const postgres::Statement kCountOtherAdmins("gateway", "count_other_admin_keys", R"sql(
  SELECT count(*) FROM api_key
  WHERE kind = 4 AND revoke_time IS NULL AND (expire_time IS NULL OR expire_time > $2) AND id <> $1)sql");

const postgres::Statement kRotate("gateway", "rotate_api_key",
                                  "UPDATE api_key k SET old_secret_hash = secret_hash, old_secret_expire_time = $4, "
                                  "secret_hash = $2, prefix = $3 WHERE id = $1 AND revoke_time IS NULL "
                                  "RETURNING " ESNAF_KEY_COLUMNS);

const postgres::Statement kLoad("gateway", "load_api_keys",
                                "SELECT " ESNAF_KEY_COLUMNS
                                ", secret_hash, old_secret_hash, old_secret_expire_time "
                                "FROM api_key k WHERE revoke_time IS NULL");

// Nobody else may decide in the meantime how many admin keys are left.
const postgres::Statement kLock("gateway", "lock_api_keys", "LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE");

ApiKey ReadKey(const postgres::Row& row) {
  ApiKey key;
  key.id = row.Get<Uuid>(0);
  key.display_name = row.Get<std::string>(1);
  key.kind = static_cast<KeyKind>(row.Get<int>(2));
  key.scopes = row.Get<std::vector<std::string>>(3);
  key.store_ids = row.Get<std::vector<std::string>>(4);
  key.rate_per_second = row.Get<int>(5);
  key.allowed_origins = row.Get<std::vector<std::string>>(6);
  key.expire_time = row.Get<std::optional<Time>>(7);
  key.create_time = row.Get<Time>(8);
  key.revoke_time = row.Get<std::optional<Time>>(9);
  key.prefix = row.Get<std::string>(10);
  return key;
}

absl::StatusOr<std::int64_t> CountOtherAdmins(postgres::Tx& tx, const Uuid& id, Time now) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLock).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result counted, tx.Execute(kCountOtherAdmins, id, now));
  return counted[0].Get<std::int64_t>(0);
}

}  // namespace

const api::FieldTable& ApiKeyFields() {
  // A UUIDv7 sorts by the time of its making.
  static const api::FieldTable kFields{{{.name = "id", .sql = "k.id", .type = api::FieldType::kUuid}}, "k.id"};
  return kFields;
}

absl::Status InsertApiKey(postgres::Tx& tx, const ApiKey& key, const std::string& secret_hash) {
  return tx
      .Execute(kInsert, key.id, key.display_name, static_cast<int>(key.kind), key.scopes, key.store_ids,
               key.rate_per_second, key.allowed_origins, key.expire_time, key.create_time, key.prefix,
               postgres::Bytes{secret_hash})
      .status();
}

absl::StatusOr<ApiKey> GetApiKey(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result found, tx.Execute(kGet, id));
  if (found.empty()) return NotFound("api_key", id.ToString());
  return ReadKey(found[0]);
}

absl::StatusOr<ApiKeyPage> ListApiKeys(postgres::Tx& tx, const api::ListQuery& query, bool show_revoked) {
  const api::SqlQuery sql =
      query.Select(ESNAF_KEY_COLUMNS, "api_key k", "($1 OR k.revoke_time IS NULL)", {show_revoked});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  ApiKeyPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.keys.push_back(ReadKey(rows[i]));
  page.next_page_token = query.NextPageToken(rows, kFirstColumnAfterKey);
  return page;
}

absl::StatusOr<ApiKey> RevokeApiKey(postgres::Tx& tx, const Uuid& id, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const ApiKey key, GetApiKey(tx, id));
  if (key.kind == KeyKind::kAdmin && !key.revoke_time) {
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t others, CountOtherAdmins(tx, id, now));
    if (others == 0) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "LAST_ADMIN_KEY",
                       "this is the last admin key: create another one first");
    }
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result revoked, tx.Execute(kRevoke, id, now));
  return ReadKey(revoked[0]);
}

absl::StatusOr<ApiKey> RotateApiKey(postgres::Tx& tx, const Uuid& id, const Secret& secret,
                                    Time old_secret_expire_time) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rotated,
                         tx.Execute(kRotate, id, postgres::Bytes{secret.hash}, secret.prefix, old_secret_expire_time));
  if (!rotated.empty()) return ReadKey(rotated[0]);
  ESNAF_RETURN_IF_ERROR(GetApiKey(tx, id).status());
  return MakeError(absl::StatusCode::kFailedPrecondition, "API_KEY_REVOKED", "a revoked key gets no new secret");
}

absl::StatusOr<std::vector<StoredKey>> LoadApiKeys(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLoad));
  std::vector<StoredKey> keys;
  keys.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    StoredKey stored;
    stored.key = ReadKey(row);
    stored.secret_hash = row.Get<postgres::Bytes>(kFirstColumnAfterKey).data;
    if (const auto old = row.Get<std::optional<postgres::Bytes>>(kFirstColumnAfterKey + 1))
      stored.old_secret_hash = old->data;
    stored.old_secret_expire_time = row.Get<std::optional<Time>>(kFirstColumnAfterKey + 2);
    keys.push_back(std::move(stored));
  }
  return keys;
}

absl::StatusOr<bool> LockAndFindAdminKey(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t admins, CountOtherAdmins(tx, Uuid(), now));
  return admins > 0;
}

}  // namespace esnaf::gateway
