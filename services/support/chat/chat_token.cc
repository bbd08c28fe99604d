#include "services/support/chat/chat_token.h"

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"

namespace esnaf::support {

// What is signed says what for, so that no other signature of the installation is one of a chat.
std::string ChatTokenOf(const Uuid& chat, std::string_view secret) {
  return Base64UrlEncode(HmacSha256(secret, absl::StrCat("esnaf.chat.token:", chat.ToString())));
}

bool IsChatToken(std::string_view token, const Uuid& chat, std::string_view secret) {
  return ConstantTimeEquals(token, ChatTokenOf(chat, secret));
}

}  // namespace esnaf::support
