#include "services/support/automations/webhook.h"

#include "absl/strings/escaping.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"
#include "libs/base/text.h"
#include "services/support/names.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxUrlBytes = 2000;
constexpr char kSecretPrefix[] = "whsec_";
constexpr Duration kDelays[] = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};

}  // namespace

absl::StatusOr<std::string> ParseWebhookSecret(const std::string& text) {
  std::string bytes;
  const bool is_one = text.starts_with(kSecretPrefix) &&
                      absl::Base64Unescape(text.substr(sizeof kSecretPrefix - 1), &bytes) && bytes.size() >= 24 &&
                      bytes.size() <= 64;
  if (!is_one) return absl::InvalidArgumentError("is not `whsec_` and the base64 of 24 to 64 bytes");
  return bytes;
}

void CheckWebhook(const Webhook& webhook, bool allow_private, const std::string& field, FieldViolations& violations) {
  CheckNames(webhook.id, webhook.display_name, field, violations);
  const std::string& url = webhook.url;
  const bool has_scheme = url.starts_with("https://") || (allow_private && url.starts_with("http://"));
  const auto is_plain = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!has_scheme || url.size() > kMaxUrlBytes || !std::all_of(url.begin(), url.end(), is_plain)) {
    violations.Add(field + ".url", absl::StrCat("is no address `https://…` of at most ", kMaxUrlBytes, " bytes"));
  } else if (url.find('@') != std::string::npos) {
    violations.Add(field + ".url", "holds a name or password");
  }
}

std::string SignWebhook(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
  const std::string signed_text = std::string(id) + "." + std::to_string(timestamp) + "." + std::string(body);
  return "v1," + absl::Base64Escape(HmacSha256(secret, signed_text));
}

std::optional<Duration> WebhookDelayAfter(int attempt) {
  if (attempt < 1 || attempt > static_cast<int>(std::size(kDelays))) return std::nullopt;
  return kDelays[attempt - 1];
}

}  // namespace esnaf::support
