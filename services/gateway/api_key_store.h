#pragma once

// The SQL of API keys.
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/list_query.h"
#include "libs/postgres/connection.h"
#include "services/gateway/api_key.h"
#include "services/gateway/key_cache.h"

namespace esnaf::gateway {

// What keys can be listed by.
const api::FieldTable& ApiKeyFields();

absl::Status InsertApiKey(postgres::Tx& tx, const ApiKey& key, const std::string& secret_hash);
// NOT_FOUND where there is none.
absl::StatusOr<ApiKey> GetApiKey(postgres::Tx& tx, const Uuid& id);

struct ApiKeyPage {
  std::vector<ApiKey> keys;
  std::string next_page_token;
};
absl::StatusOr<ApiKeyPage> ListApiKeys(postgres::Tx& tx, const api::ListQuery& query, bool show_revoked);

// Revokes a key; one that is revoked already stays as it is. FAILED_PRECONDITION, reason LAST_ADMIN_KEY, where no other
// key of the kind admin would be left; NOT_FOUND.
absl::StatusOr<ApiKey> RevokeApiKey(postgres::Tx& tx, const Uuid& id, Time now);
// Gives a key a new secret; the old one is good until `old_secret_expire_time`. FAILED_PRECONDITION, reason
// API_KEY_REVOKED; NOT_FOUND.
absl::StatusOr<ApiKey> RotateApiKey(postgres::Tx& tx, const Uuid& id, const Secret& secret,
                                    Time old_secret_expire_time);

// Every key that is not revoked, with its hashes.
absl::StatusOr<std::vector<StoredKey>> LoadApiKeys(postgres::Tx& tx);
// Whether there is a key of the kind admin that can still be used. Locks the table against others who ask the same.
absl::StatusOr<bool> LockAndFindAdminKey(postgres::Tx& tx, Time now);

}  // namespace esnaf::gateway
