#pragma once

// What a form is sent with: the ticket that it will make and when it was opened, signed by the installation for one
// form.
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::support {

struct FormToken {
  Uuid ticket_id;
  Time open_time;  // in whole seconds
  bool operator==(const FormToken&) const = default;
};

// How long a form may be filled in.
inline constexpr std::chrono::hours kFormTokenTime{24};

// 54 characters of base64url: 16 bytes of id, 8 of the time in seconds, 16 of the HMAC-SHA-256 of both and the form.
std::string SignFormToken(const FormToken& token, std::string_view form_id, std::string_view secret);
// None where nobody with the secret has made it for this form. Whether it has expired is for the caller to ask.
std::optional<FormToken> ReadFormToken(std::string_view text, std::string_view form_id, std::string_view secret);

// The session under which articles are read beside the form; says nothing of the ticket to who does not know it.
std::string FormSession(const Uuid& ticket_id, std::string_view secret);

}  // namespace esnaf::support
