// Goal: a bot knows by whom it is asked, and what it answers is read or refused, never guessed.
#include "services/support/chat/bot_talk.h"

#include <nlohmann/json.hpp>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;

TEST_CASE("requests are signed as Standard Webhooks says") {
  // The example of the specification's libraries.
  const auto headers = BotHeaders("msg_p5jXN8AQM9LWM0D4loKWxJek", *ParseRfc3339("2021-02-25T15:02:10Z"),
                                  R"({"test": 2432232314})", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  REQUIRE_OK(headers);
  CHECK(*headers == std::vector<std::string>{"Content-Type: application/json",
                                             "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
                                             "webhook-timestamp: 1614265330",
                                             "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="});
}

TEST_CASE("a secret that is none signs nothing") {
  for (const char* secret : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!"}) {
    CAPTURE(secret);
    CHECK_STATUS_IS(BotHeaders("m", Time(), "{}", secret).status(), StatusCode::kInvalidArgument, "");
  }
}

TEST_CASE("a bot is told what was asked and where, and not who asks") {
  Chat chat{.id = Uuid::FromName("chat", "1"),
            .store_id = "tr",
            .visitor_name = "Ayşe",
            .visitor_email = "ayse@example.com",
            .page = "/sepet",
            .locale = "tr"};
  const ChatEvent question{.sequence = 3,
                           .text = "Kargom \"nerede\"?",
                           .message_id = Uuid::FromName("message", "1"),
                           .create_time = *ParseRfc3339("2026-11-23T09:00:00Z")};
  const std::string body = BotQuestion(chat, question);
  const auto json = nlohmann::json::parse(body);
  CHECK(json["type"] == "chat.message");
  CHECK(json["data"]["text"] == "Kargom \"nerede\"?");
  CHECK(json["data"]["sequence"] == 3);
  CHECK(json["data"]["chatId"] == chat.id.ToString());
  CHECK(body.find("ayse@example.com") == std::string::npos);
  CHECK(body.find("Ayşe") == std::string::npos);
}

TEST_CASE("what a bot answers is read") {
  auto answer = ReadBotAnswer(R"({"reply": "Yolda", "suggestions": ["Evet", " ", 7, "Hayır"], "more": 1})");
  REQUIRE_OK(answer);
  CHECK(answer->reply == "Yolda");
  CHECK_FALSE(answer->hand_over);
  CHECK(answer->suggestions == std::vector<std::string>{"Evet", "Hayır"});
  answer = ReadBotAnswer(R"({"reply": null, "hand_over": true})");
  REQUIRE_OK(answer);
  CHECK(answer->reply.empty());
  CHECK(answer->hand_over);
}

TEST_CASE("what is no answer of a bot is refused") {
  for (const std::string& body :
       {std::string("merhaba"), std::string("[]"), std::string("{}"), std::string(R"({"reply": 7})"),
        std::string(R"({"reply": "  "})"), R"({"reply": ")" + std::string(4001, 'x') + R"("})"}) {
    CAPTURE(body);
    CHECK_STATUS_IS(ReadBotAnswer(body).status(), StatusCode::kInvalidArgument, "");
  }
}

}  // namespace
}  // namespace esnaf::support
