#pragma once

// Between API keys and their messages.
#include "absl/status/statusor.h"
#include "esnaf/gateway/v1/keys.pb.h"
#include "services/gateway/api_key.h"

namespace esnaf::gateway {

v1::ApiKey ToProto(const ApiKey& key);
// What a caller may say of a new key; output-only fields are ignored. INVALID_ARGUMENT under `api_key.…`.
absl::StatusOr<ApiKey> FromProto(const v1::ApiKey& message);

}  // namespace esnaf::gateway
