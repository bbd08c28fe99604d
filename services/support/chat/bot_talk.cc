#include "services/support/chat/bot_talk.h"

#include <nlohmann/json.hpp>

#include "libs/base/error.h"
#include "libs/base/text.h"
#include "libs/https/standard_webhook.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMostSuggestions = 10;
constexpr std::size_t kMaxSuggestionBytes = 100;

absl::Status BadAnswer(const char* why) { return InvalidField("answer", why); }

}  // namespace

std::string BotQuestion(const Chat& chat, const ChatEvent& question) {
  const nlohmann::json body = {{"type", "chat.message"},
                               {"timestamp", FormatRfc3339(question.create_time)},
                               {"data",
                                {{"chatId", chat.id.ToString()},
                                 {"storeId", chat.store_id},
                                 {"locale", chat.locale},
                                 {"page", chat.page},
                                 {"sequence", question.sequence},
                                 {"messageId", question.message_id ? question.message_id->ToString() : ""},
                                 {"text", question.text}}}};
  return body.dump();
}

absl::StatusOr<std::vector<std::string>> BotHeaders(const std::string& id, Time now, std::string_view body,
                                                    std::string_view secret) {
  const absl::StatusOr<std::string> key = https::ParseWebhookSecret(secret);
  if (!key.ok()) {
    return absl::InvalidArgumentError("the bot's secret is not `whsec_` and the base64 of 24 to 64 bytes");
  }
  return https::WebhookHeaders(*key, id, now, body);
}

absl::StatusOr<BotAnswer> ReadBotAnswer(std::string_view body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return BadAnswer("is no JSON object");
  BotAnswer answer;
  if (const auto reply = json.find("reply"); reply != json.end() && !reply->is_null()) {
    if (!reply->is_string()) return BadAnswer("has a reply that is no text");
    answer.reply = reply->get<std::string>();
  }
  if (answer.reply.size() > kMaxChatTextBytes || !IsCleanUtf8(answer.reply)) {
    return BadAnswer("has a reply that is too long, or no clean UTF-8");
  }
  if (Trim(answer.reply).empty()) answer.reply.clear();
  if (const auto hands = json.find("hand_over"); hands != json.end() && hands->is_boolean()) {
    answer.hand_over = hands->get<bool>();
  }
  if (const auto suggestions = json.find("suggestions"); suggestions != json.end() && suggestions->is_array()) {
    for (const nlohmann::json& suggestion : *suggestions) {
      if (!suggestion.is_string() || answer.suggestions.size() == kMostSuggestions) continue;
      const auto text = suggestion.get<std::string>();
      if (!Trim(text).empty() && text.size() <= kMaxSuggestionBytes && IsCleanUtf8(text)) {
        answer.suggestions.push_back(text);
      }
    }
  }
  if (answer.reply.empty() && !answer.hand_over) return BadAnswer("neither replies nor hands over");
  return answer;
}

}  // namespace esnaf::support
