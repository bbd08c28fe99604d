// Goal: calls are signed as receivers of Standard Webhooks verify them.
#include "libs/https/standard_webhook.h"

#include "libs/testing/catch.h"

namespace esnaf::https {
namespace {

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST_CASE("the published sample has its signature", "[unit]") {
  const auto secret = ParseWebhookSecret(kSecret);
  REQUIRE_OK(secret);
  const std::string signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  CHECK(SignWebhook(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") == signature);
  CHECK(WebhookHeaders(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", *ParseRfc3339("2021-02-25T15:02:10.9Z"),
                       R"({"test": 2432232314})") ==
        std::vector<std::string>{"Content-Type: application/json", "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
                                 "webhook-timestamp: 1614265330", "webhook-signature: " + signature});
}

TEST_CASE("secrets are of the form and length of the standard", "[unit]") {
  for (const std::string& text :
       {std::string(), std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), std::string("whsec_"),
        std::string("whsec_c2hvcnQ="), std::string("whsec_!"), "whsec_" + std::string(88, 'A')}) {
    CAPTURE(text);
    CHECK_STATUS_IS(ParseWebhookSecret(text).status(), absl::StatusCode::kInvalidArgument, "24 to 64");
  }
}

}  // namespace
}  // namespace esnaf::https
