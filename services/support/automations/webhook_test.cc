// Goal: calls are signed as receivers of Standard Webhooks verify them, and are tried again as these say.
#include "services/support/automations/webhook.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST_CASE("the published sample has its signature", "[unit]") {
  const auto secret = ParseWebhookSecret(kSecret);
  REQUIRE_OK(secret);
  CHECK(SignWebhook(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("secrets are of the form and length of the standard", "[unit]") {
  CHECK_FALSE(ParseWebhookSecret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").ok());
  CHECK_FALSE(ParseWebhookSecret("whsec_c2hvcnQ=").ok());
  CHECK_FALSE(ParseWebhookSecret("whsec_!").ok());
  CHECK_FALSE(ParseWebhookSecret("whsec_" + std::string(88, 'A')).ok());
}

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
  CHECK(attempts == 10);
  CHECK_FALSE(WebhookDelayAfter(0));
}

}  // namespace
}  // namespace esnaf::support
