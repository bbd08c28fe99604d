#pragma once

// By what a visitor proves that a chat is his own: the chat's id, signed by the installation.
#include <string>
#include <string_view>

#include "libs/base/uuid.h"

namespace esnaf::support {

// 43 characters of base64url: the HMAC-SHA-256 of the id. Nobody without the secret can make it, and it is kept
// nowhere.
std::string ChatTokenOf(const Uuid& chat, std::string_view secret);
// In a time that tells nothing of the right one.
bool IsChatToken(std::string_view token, const Uuid& chat, std::string_view secret);

}  // namespace esnaf::support
