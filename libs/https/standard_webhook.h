#pragma once

// How calls of other systems are signed, so that these know by whom they are called: Standard Webhooks 1.0
// (https://www.standardwebhooks.com), with symmetric secrets.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace esnaf::https {

// The raw bytes of `whsec_…`. INVALID_ARGUMENT where it is none, or of less than 24 or more than 64 bytes; the text is
// never told.
absl::StatusOr<std::string> ParseWebhookSecret(std::string_view text);

// `v1,…`: the base64 of an HMAC-SHA-256 over `id.timestamp.body`. The secret is its raw bytes, the timestamp in seconds
// since 1970.
std::string SignWebhook(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body);

// The headers of a call with a JSON body, as Request has them. The id is the same however often the call is tried.
std::vector<std::string> WebhookHeaders(std::string_view secret, std::string_view id, Time now, std::string_view body);

}  // namespace esnaf::https
