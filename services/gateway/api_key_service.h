#pragma once

// The handlers of ApiKeyService.
#include "esnaf/gateway/v1/keys.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/gateway/key_registry.h"

namespace esnaf::gateway {

class ApiKeyService {
 public:
  // The registry outlives the service.
  explicit ApiKeyService(KeyRegistry& registry) : registry_(registry) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::CreateApiKeyResponse> CreateApiKey(runtime::Call& call, const v1::CreateApiKeyRequest& request);
  absl::StatusOr<v1::ApiKey> GetApiKey(runtime::Call& call, const v1::GetApiKeyRequest& request);
  absl::StatusOr<v1::ListApiKeysResponse> ListApiKeys(runtime::Call& call, const v1::ListApiKeysRequest& request);
  absl::StatusOr<v1::ApiKey> RevokeApiKey(runtime::Call& call, const v1::RevokeApiKeyRequest& request);
  absl::StatusOr<v1::CreateApiKeyResponse> RotateApiKey(runtime::Call& call, const v1::RotateApiKeyRequest& request);

 private:
  KeyRegistry& registry_;
};

}  // namespace esnaf::gateway
