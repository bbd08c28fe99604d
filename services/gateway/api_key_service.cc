#include "services/gateway/api_key_service.h"

#include "libs/api/convert.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "services/gateway/api_key_store.h"
#include "services/gateway/api_key_wire.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kLongestGraceSeconds = 30 * 24 * 3600;

v1::CreateApiKeyResponse WithSecret(const ApiKey& key, const Secret& secret) {
  v1::CreateApiKeyResponse response;
  *response.mutable_api_key() = ToProto(key);
  response.set_secret(secret.text);
  return response;
}

}  // namespace

runtime::RpcService ApiKeyService::Rpcs() {
  runtime::RpcService rpc("esnaf.gateway.v1.ApiKeyService");
  rpc.Unary("CreateApiKey", this, &ApiKeyService::CreateApiKey)
      .Unary("GetApiKey", this, &ApiKeyService::GetApiKey)
      .Unary("ListApiKeys", this, &ApiKeyService::ListApiKeys)
      .Unary("RevokeApiKey", this, &ApiKeyService::RevokeApiKey)
      .Unary("RotateApiKey", this, &ApiKeyService::RotateApiKey);
  return rpc;
}

// Not by Call::Mutate, whose record of the answer would keep the secret in the database. Whoever did not get the answer
// revokes the key that they find in the list and creates another one.
absl::StatusOr<v1::CreateApiKeyResponse> ApiKeyService::CreateApiKey(runtime::Call& call,
                                                                     const v1::CreateApiKeyRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(ApiKey key, FromProto(request.api_key()));
  ESNAF_RETURN_IF_ERROR(ValidateNewKey(key, call.now()));
  const Secret secret = MakeSecret(RandomBytes(kSecretBytes));
  key.id = Uuid::NewV7(call.now());
  key.create_time = call.now();
  key.prefix = secret.prefix;
  ESNAF_RETURN_IF_ERROR(call.connection().Run({.deadline = call.info().deadline},
                                              [&](postgres::Tx& tx) { return InsertApiKey(tx, key, secret.hash); }));
  ESNAF_RETURN_IF_ERROR(registry_.Reload(call.connection()));
  return WithSecret(key, secret);
}

absl::StatusOr<v1::ApiKey> ApiKeyService::GetApiKey(runtime::Call& call, const v1::GetApiKeyRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const ApiKey key, call.Read([&](postgres::Tx& tx) { return gateway::GetApiKey(tx, id); }));
  return ToProto(key);
}

absl::StatusOr<v1::ListApiKeysResponse> ApiKeyService::ListApiKeys(runtime::Call& call,
                                                                   const v1::ListApiKeysRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const auto query,
                         api::ListQuery::Parse(request, ApiKeyFields(), {.default_order = "id desc"}));
  ESNAF_ASSIGN_OR_RETURN(const ApiKeyPage page, call.Read([&](postgres::Tx& tx) {
    return gateway::ListApiKeys(tx, query, request.show_revoked());
  }));
  v1::ListApiKeysResponse response;
  for (const ApiKey& key : page.keys) *response.add_api_keys() = ToProto(key);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::ApiKey> ApiKeyService::RevokeApiKey(runtime::Call& call, const v1::RevokeApiKeyRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const ApiKey key,
                         call.connection().Run({.deadline = call.info().deadline}, [&](postgres::Tx& tx) {
                           return gateway::RevokeApiKey(tx, id, call.now());
                         }));
  ESNAF_RETURN_IF_ERROR(registry_.Reload(call.connection()));
  return ToProto(key);
}

absl::StatusOr<v1::CreateApiKeyResponse> ApiKeyService::RotateApiKey(runtime::Call& call,
                                                                     const v1::RotateApiKeyRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  if (request.grace_seconds() < 0 || request.grace_seconds() > kLongestGraceSeconds) {
    return InvalidField("grace_seconds", "is outside 0 to 2592000 (30 days)");
  }
  const Secret secret = MakeSecret(RandomBytes(kSecretBytes));
  const Time old_until = call.now() + std::chrono::seconds(request.grace_seconds());
  ESNAF_ASSIGN_OR_RETURN(const ApiKey key,
                         call.connection().Run({.deadline = call.info().deadline}, [&](postgres::Tx& tx) {
                           return gateway::RotateApiKey(tx, id, secret, old_until);
                         }));
  ESNAF_RETURN_IF_ERROR(registry_.Reload(call.connection()));
  return WithSecret(key, secret);
}

}  // namespace esnaf::gateway
