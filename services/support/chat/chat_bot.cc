#include "services/support/chat/chat_bot.h"

#include <fstream>
#include <sstream>

#include "libs/base/absl_compat.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/https/https.h"

namespace esnaf::support {
namespace {

// Longer than any bot may take.
constexpr std::chrono::seconds kLease{60};
constexpr std::size_t kMostAnswerBytes = 64 * 1024;

struct Asked {
  Chat chat;
  ChatSettings settings;
  std::optional<ChatEvent> question;
};

absl::StatusOr<std::optional<Asked>> Claim(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(std::optional<Chat> chat, ClaimForBot(tx, now, now + kLease));
  if (!chat) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(ChatSettingsRecord record, GetChatSettings(tx, chat->store_id));
  ESNAF_ASSIGN_OR_RETURN(std::optional<ChatEvent> question, NextQuestion(tx, chat->id, chat->bot_sequence));
  return std::optional(Asked{*std::move(chat), std::move(record.body), std::move(question)});
}

}  // namespace

absl::StatusOr<std::string> ChatBot::Secret(const std::string& file) const {
  std::ifstream stream(secrets_folder_ + "/" + file);
  std::ostringstream text;
  text << stream.rdbuf();
  if (secrets_folder_.empty() || !stream) {
    return absl::UnavailableError(absl::StrCat("the secret file ", file, " cannot be read"));
  }
  return std::string(Trim(text.view()));
}

absl::StatusOr<BotAnswer> ChatBot::Ask(const ChatSettings& settings, const Chat& chat, const ChatEvent& question,
                                       Time now) const {
  if (settings.bot_url.empty()) return absl::UnavailableError("the store has no bot any more");
  ESNAF_ASSIGN_OR_RETURN(const std::string secret, Secret(settings.bot_secret_file));
  const std::string body = BotQuestion(chat, question);
  ESNAF_ASSIGN_OR_RETURN(std::vector<std::string> headers,
                         BotHeaders(question.message_id->ToString(), now, body, secret));
  ESNAF_ASSIGN_OR_RETURN(const https::Answer answer, https::Ask({.url = settings.bot_url,
                                                                 .headers = std::move(headers),
                                                                 .body = body,
                                                                 .timeout = settings.bot_timeout,
                                                                 .most_answer_bytes = kMostAnswerBytes,
                                                                 .public_only = !private_addresses_}));
  if (answer.status != 200) return absl::UnavailableError(absl::StrCat("the bot answers HTTP ", answer.status));
  return ReadBotAnswer(answer.body);
}

absl::StatusOr<bool> ChatBot::AnswerNext(postgres::Connection& connection, const Clock& clock) {
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Asked> asked,
                         connection.Run({}, [&](postgres::Tx& tx) { return Claim(tx, clock.Now()); }));
  if (!asked) return false;
  absl::StatusOr<BotAnswer> answer = BotAnswer{};
  if (asked->question) {
    answer = Ask(asked->settings, asked->chat, *asked->question, clock.Now());
    if (!answer.ok()) {
      LogWarning("a chat's bot gave no answer", {{"store", asked->chat.store_id},
                                                 {"chat", asked->chat.id.ToString()},
                                                 {"why", ToStd(answer.status().message())}});
      // People are asked instead.
      answer = BotAnswer{.hand_over = true};
    }
  }
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) {
    return desk_.PutBotAnswer(tx, asked->chat.id, asked->question, *answer, clock.Now());
  }));
  hub_.Wake();
  return true;
}

}  // namespace esnaf::support
