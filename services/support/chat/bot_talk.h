#pragma once

// What a bot is asked and what it answers.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/support/chat/chat.h"

namespace esnaf::support {

// `{"type": "chat.message", "timestamp": …, "data": {"chatId", "storeId", "locale", "page", "sequence", "messageId",
// "text"}}`. Nothing of it says who the visitor is, unless he wrote so.
std::string BotQuestion(const Chat& chat, const ChatEvent& question);

// The headers of Standard Webhooks: webhook-id, webhook-timestamp in seconds and webhook-signature, `v1,` and the
// base64 of the HMAC-SHA-256 of `id.timestamp.body` by the secret's bytes. INVALID_ARGUMENT where the secret is not
// `whsec_` and the base64 of 24 to 64 bytes.
absl::StatusOr<std::vector<std::string>> BotHeaders(const std::string& id, Time now, std::string_view body,
                                                    std::string_view secret);

struct BotAnswer {
  std::string reply;  // empty: none
  bool hand_over = false;
  std::vector<std::string> suggestions;  // at most 10 of 100 bytes; others are left out
};
// Reads `{"reply": …, "hand_over": …, "suggestions": […]}`. INVALID_ARGUMENT where it is none, where the reply is too
// long or no clean UTF-8, and where it neither replies nor hands over.
absl::StatusOr<BotAnswer> ReadBotAnswer(std::string_view body);

}  // namespace esnaf::support
