#pragma once

// Links that lead back to one thing until a time, signed by the installation.
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf {

struct SignedLink {
  Uuid id;
  Time expire_time;  // in whole seconds
};

// 54 characters of base64url: 16 bytes of id, 8 of the time in seconds, 16 of the HMAC-SHA-256 of `purpose` and both.
// What is signed says what for, so that no other signature of the installation is one of such a link.
std::string SignLink(std::string_view purpose, const SignedLink& link, std::string_view secret);
// None where nobody with the secret has made it for this purpose. Whether it has expired is for the caller to ask.
std::optional<SignedLink> ReadSignedLink(std::string_view purpose, std::string_view token, std::string_view secret);

}  // namespace esnaf
