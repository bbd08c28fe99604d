#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace esnaf {

// Bytes of the operating system's generator. Ends the process where there is none: nothing safe could follow.
std::string RandomBytes(std::size_t count);
std::string Sha256(std::string_view data);     // 32 raw bytes
std::string Sha256Hex(std::string_view data);  // 64 lower-case digits
// HMAC-SHA-256 of RFC 2104: 32 raw bytes.
std::string HmacSha256(std::string_view key, std::string_view data);
std::string HexEncode(std::string_view data);
std::string Base64UrlEncode(std::string_view data);                 // without padding
std::optional<std::string> Base64UrlDecode(std::string_view text);  // nullopt unless it is what the encoder makes
// Whether two secrets are equal, in a time that does not depend on where they differ.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace esnaf
