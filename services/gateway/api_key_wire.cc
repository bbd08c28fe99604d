#include "services/gateway/api_key_wire.h"

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::gateway {

v1::ApiKey ToProto(const ApiKey& key) {
  v1::ApiKey message;
  message.set_id(key.id.ToString());
  message.set_display_name(key.display_name);
  message.set_kind(static_cast<v1::ApiKeyKind>(key.kind));
  message.mutable_scopes()->Add(key.scopes.begin(), key.scopes.end());
  message.mutable_store_ids()->Add(key.store_ids.begin(), key.store_ids.end());
  message.set_rate_per_second(key.rate_per_second);
  message.mutable_allowed_origins()->Add(key.allowed_origins.begin(), key.allowed_origins.end());
  if (key.expire_time) *message.mutable_expire_time() = api::ToProto(*key.expire_time);
  *message.mutable_create_time() = api::ToProto(key.create_time);
  if (key.revoke_time) *message.mutable_revoke_time() = api::ToProto(*key.revoke_time);
  message.set_prefix(key.prefix);
  return message;
}

absl::StatusOr<ApiKey> FromProto(const v1::ApiKey& message) {
  ApiKey key;
  key.display_name = message.display_name();
  if (message.kind() < v1::API_KEY_KIND_PUBLISHABLE || message.kind() > v1::API_KEY_KIND_ADMIN) {
    return InvalidField("api_key.kind", "is missing, or none of the kinds");
  }
  key.kind = static_cast<KeyKind>(message.kind());
  key.scopes.assign(message.scopes().begin(), message.scopes().end());
  key.store_ids.assign(message.store_ids().begin(), message.store_ids().end());
  key.rate_per_second = message.rate_per_second();
  key.allowed_origins.assign(message.allowed_origins().begin(), message.allowed_origins().end());
  if (message.has_expire_time()) {
    ESNAF_ASSIGN_OR_RETURN(key.expire_time, api::FromProto(message.expire_time(), "api_key.expire_time"));
  }
  return key;
}

}  // namespace esnaf::gateway
