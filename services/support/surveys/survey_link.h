#pragma once

// The links by which people answer: an invitation's id and when the link expires, signed by the installation.
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::support {

struct SurveyLink {
  Uuid invitation_id;
  Time expire_time;  // in whole seconds
  bool operator==(const SurveyLink&) const = default;
};

// 54 characters of base64url: 16 bytes of id, 8 of the time in seconds, 16 of the HMAC-SHA-256 of both.
std::string SignLink(const SurveyLink& link, std::string_view secret);
// None where nobody with the secret has made it. Whether it has expired is for the caller to ask.
std::optional<SurveyLink> ReadLink(std::string_view token, std::string_view secret);

}  // namespace esnaf::support
