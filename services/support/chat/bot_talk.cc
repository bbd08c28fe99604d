#include "services/support/chat/bot_talk.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kLeastSecretBytes = 24, kMostSecretBytes = 64;
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
  std::string key;
  if (!secret.starts_with(kSecretPrefix) || !absl::Base64Unescape(ToAbsl(secret.substr(kSecretPrefix.size())), &key) ||
      key.size() < kLeastSecretBytes || key.size() > kMostSecretBytes) {
    return absl::InvalidArgumentError("the bot's secret is not `whsec_` and the base64 of 24 to 64 bytes");
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string mac = HmacSha256(key, absl::StrCat(id, ".", seconds, ".", std::string(body)));
  return std::vector<std::string>{"Content-Type: application/json", "webhook-id: " + id,
                                  absl::StrCat("webhook-timestamp: ", seconds),
                                  "webhook-signature: v1," + absl::Base64Escape(mac)};
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
