#include "libs/hooks/connector.h"

#include <algorithm>

#include "libs/base/crypto.h"
#include "libs/base/error.h"

namespace esnaf::hooks {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decoded, `+` as a space; what is no escape stays as it is.
std::string DecodeQuery(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string Request::QueryValue(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    if (DecodeQuery(part.substr(0, equals)) != name) continue;
    return equals == part.size() ? std::string() : DecodeQuery(part.substr(equals + 1));
  }
  return {};
}

std::string_view SecretOf(const Secrets& secrets, const std::string& name) {
  const auto secret = secrets.find(name);
  return secret == secrets.end() ? std::string_view() : std::string_view(secret->second);
}

bool Matches(std::string_view text, const Secrets& secrets, const std::string& name) {
  const std::string_view kept = SecretOf(secrets, name);
  // The digests are compared, so that not even the secret's length shows.
  return ConstantTimeEquals(Sha256Hex(text), kept) && !kept.empty();
}

absl::Status NotVerified() {
  return MakeError(absl::StatusCode::kUnauthenticated, "HOOK_NOT_VERIFIED",
                   "the request is not signed, or its key is not the one of this connection");
}

absl::StatusOr<std::string> Connector::Fetch(const Delivery&, const Secrets&) { return std::string(); }

}  // namespace esnaf::hooks
