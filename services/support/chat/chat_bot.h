#pragma once

// Asks stores' bots what visitors ask. What is asked next is kept with the chat, so a question survives a crash and may
// be asked twice, under the same webhook-id; the answer is put in once.
#include <string>

#include "absl/status/statusor.h"
#include "services/support/chat/bot_talk.h"
#include "services/support/chat/chat_desk.h"
#include "services/support/chat/chat_hub.h"

namespace esnaf::support {

class ChatBot {
 public:
  // `secrets_folder` has the bots' secrets, one a file. `private_addresses` says whether bots may be at addresses of
  // private networks and of this machine. Desk and hub outlive it.
  ChatBot(ChatDesk& desk, ChatHub& hub, std::string secrets_folder, bool private_addresses)
      : desk_(desk), hub_(hub), secrets_folder_(std::move(secrets_folder)), private_addresses_(private_addresses) {}

  // Asks what was asked first, and puts the answer in; hands over to people where there is none. A worker's step: false
  // where nothing is to be asked.
  absl::StatusOr<bool> AnswerNext(postgres::Connection& connection, const Clock& clock);

 private:
  absl::StatusOr<BotAnswer> Ask(const ChatSettings& settings, const Chat& chat, const ChatEvent& question,
                                Time now) const;
  absl::StatusOr<std::string> Secret(const std::string& file) const;

  ChatDesk& desk_;
  ChatHub& hub_;
  const std::string secrets_folder_;
  const bool private_addresses_;
};

}  // namespace esnaf::support
