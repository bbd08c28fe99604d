#pragma once

// Calls of other systems as Standard Webhooks have them: what is posted, how it is signed, when it is tried again.
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/time.h"

namespace esnaf::support {

struct Webhook {
  std::string id;  // as people chose it
  std::string display_name;
  std::string url;
  std::string secret;  // the raw bytes
  bool disabled = false;
  bool operator==(const Webhook&) const = default;
};

// The bytes of `whsec_…`. INVALID_ARGUMENT where it is none, or of less than 24 or more than 64 bytes.
absl::StatusOr<std::string> ParseWebhookSecret(const std::string& text);
// Adds what is wrong, by the names of the contract below `field`.
void CheckWebhook(const Webhook& webhook, bool allow_private, const std::string& field, FieldViolations& violations);

// `v1,…` over `id.timestamp.body`; the timestamp is in seconds since 1970.
std::string SignWebhook(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body);

// How long to wait after the attempt of this number, from 1; none where it is given up.
std::optional<Duration> WebhookDelayAfter(int attempt);

}  // namespace esnaf::support
