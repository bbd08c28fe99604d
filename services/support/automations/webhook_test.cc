// Goal: calls go to addresses that carry secrets alone, and are tried again ever more seldom.
#include "services/support/automations/webhook.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

TEST_CASE("addresses are https without passwords", "[unit]") {
  const auto mistake = [](const std::string& url, bool allow_private = false) {
    FieldViolations violations;
    CheckWebhook({.id = "erp", .display_name = "", .url = url, .secret = "x"}, allow_private, "webhook", violations);
    const auto fields = ErrorFields(violations.ToStatus());
    return fields.empty() ? std::string() : fields.front().first;
  };
  CHECK(mistake("https://example.com/hook").empty());
  CHECK(mistake("http://example.com/hook") == "webhook.url");
  CHECK(mistake("http://127.0.0.1:80/hook", true).empty());
  CHECK(mistake("https://me:secret@example.com/") == "webhook.url");
  CHECK(mistake("https://example.com/\r\nX: y") == "webhook.url");
  CHECK(mistake("file:///etc/passwd", true) == "webhook.url");
}

TEST_CASE("attempts come ever more seldom, and end", "[unit]") {
  CHECK(WebhookDelayAfter(1) == 5s);
  Duration before{0};
  int attempts = 1;
  for (; WebhookDelayAfter(attempts); ++attempts) {
    CHECK(*WebhookDelayAfter(attempts) > before);
    before = *WebhookDelayAfter(attempts);
  }
  CHECK(attempts == kMostWebhookAttempts);
  CHECK_FALSE(WebhookDelayAfter(0));
}

}  // namespace
}  // namespace esnaf::support
