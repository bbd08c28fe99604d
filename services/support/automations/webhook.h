#pragma once

// Calls of other systems as Standard Webhooks have them: where they go, and when they are tried again.
#include <optional>
#include <string>

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

// Adds what is wrong, by the names of the contract below `field`.
void CheckWebhook(const Webhook& webhook, bool allow_private, const std::string& field, FieldViolations& violations);

inline constexpr int kMostWebhookAttempts = 10;
// How long to wait after the attempt of this number, from 1; none where it is given up.
std::optional<Duration> WebhookDelayAfter(int attempt);

}  // namespace esnaf::support
