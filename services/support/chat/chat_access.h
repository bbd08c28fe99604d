#pragma once

// Whose chats a caller may touch, and what a visitor says of himself.
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/identity/identity.h"
#include "libs/runtime/call.h"
#include "services/support/chat/chat.h"

namespace esnaf::support {

// Whether somebody speaks as the visitor: who gives a token, and who is not of the firm and therefore has to.
bool SpeaksAsVisitor(const runtime::Call& call, const std::string& token);

// NOT_FOUND where the chat is of a store that the caller does not see, PERMISSION_DENIED with the reason
// `CHAT_TOKEN_INVALID` where a visitor's token is not the chat's.
absl::Status CheckChatAccess(const runtime::Call& call, const Chat& chat, const std::string& token,
                             const std::string& secret);

struct ChatVisitor {
  std::string name;
  std::string email;  // normalized; empty: not said
  std::string phone;
};
// Normalized. INVALID_ARGUMENT naming `visitor_name`, `visitor_email` or `visitor_phone`.
absl::StatusOr<ChatVisitor> ReadVisitor(const std::string& name, const std::string& email, const std::string& phone);
// By what the visitor can be found; none where he said nothing of the kind. Nothing of it is verified.
std::optional<identity::IdentitySet> RequesterOf(const ChatVisitor& visitor);

// INVALID_ARGUMENT naming `text` or `client_message_id`.
absl::Status CheckChatText(const std::string& text, const std::string& client_message_id);

}  // namespace esnaf::support
