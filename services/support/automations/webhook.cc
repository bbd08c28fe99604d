#include "services/support/automations/webhook.h"

#include "services/support/names.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxUrlBytes = 2000;
constexpr Duration kDelays[] = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
static_assert(std::size(kDelays) + 1 == kMostWebhookAttempts);

}  // namespace

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

std::optional<Duration> WebhookDelayAfter(int attempt) {
  if (attempt < 1 || attempt > static_cast<int>(std::size(kDelays))) return std::nullopt;
  return kDelays[attempt - 1];
}

}  // namespace esnaf::support
