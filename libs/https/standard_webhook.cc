#include "libs/https/standard_webhook.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"

namespace esnaf::https {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kLeastSecretBytes = 24;
constexpr std::size_t kMostSecretBytes = 64;

}  // namespace

absl::StatusOr<std::string> ParseWebhookSecret(std::string_view text) {
  std::string bytes;
  const bool is_one = text.starts_with(kSecretPrefix) &&
                      absl::Base64Unescape(ToAbsl(text.substr(kSecretPrefix.size())), &bytes) &&
                      bytes.size() >= kLeastSecretBytes && bytes.size() <= kMostSecretBytes;
  if (!is_one) return absl::InvalidArgumentError("is not `whsec_` and the base64 of 24 to 64 bytes");
  // A copy: GCC 12 takes the moved text for one out of bounds when it optimizes.
  return absl::StatusOr<std::string>(absl::in_place, bytes);
}

std::string SignWebhook(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
  return "v1," + absl::Base64Escape(HmacSha256(secret, absl::StrCat(ToAbsl(id), ".", timestamp, ".", ToAbsl(body))));
}

std::vector<std::string> WebhookHeaders(std::string_view secret, std::string_view id, Time now, std::string_view body) {
  const std::int64_t timestamp = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return {"Content-Type: application/json", absl::StrCat("webhook-id: ", ToAbsl(id)),
          absl::StrCat("webhook-timestamp: ", timestamp),
          "webhook-signature: " + SignWebhook(secret, id, timestamp, body)};
}

}  // namespace esnaf::https
