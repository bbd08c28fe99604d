#pragma once

// The normal forms in which advertising platforms know people again, before hashing. Sources: Google's "Format your
// customer list", Meta's "Customer information parameters".
#include <string>
#include <string_view>

namespace esnaf::audience {

std::string GoogleEmail(std::string_view email);           // trimmed, lower case, no dots before gmail.com
std::string GoogleName(std::string_view name);             // trimmed, lower case
std::string MetaPhone(std::string_view phone);             // digits with the country code, no `+`, no leading zeros
std::string MetaCity(std::string_view city);               // lower case without digits, dots, spaces, `-()`
std::string MetaPostalCode(std::string_view postal_code);  // lower case without spaces, cut at `-`

// The SHA-256 of a normal form in lower-case hexadecimal digits; nothing of nothing.
std::string HashIdentifier(std::string_view normal);

}  // namespace esnaf::audience
