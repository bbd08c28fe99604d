#include "libs/audience/ad_identifiers.h"

#include "libs/base/crypto.h"
#include "libs/base/text.h"

namespace esnaf::audience {
namespace {

std::string Without(std::string_view text, std::string_view characters) {
  std::string kept;
  for (const char c : text) {
    if (characters.find(c) == std::string_view::npos) kept += c;
  }
  return kept;
}

}  // namespace

std::string GoogleEmail(std::string_view email) {
  std::string normal = LowerCase(Trim(email));
  const std::size_t at = normal.find('@');
  if (at == std::string::npos) return normal;
  const std::string domain = normal.substr(at);
  if (domain != "@gmail.com" && domain != "@googlemail.com") return normal;
  return Without(std::string_view(normal).substr(0, at), ".") + domain;
}

std::string GoogleName(std::string_view name) { return LowerCase(Trim(name)); }

std::string MetaPhone(std::string_view phone) {
  std::string digits = Without(phone, "+ -()");
  for (int i = 0; i < 2 && digits.starts_with('0'); ++i) digits.erase(0, 1);
  return digits;
}

std::string MetaCity(std::string_view city) { return Without(LowerCase(Trim(city)), "0123456789. -()"); }

std::string MetaPostalCode(std::string_view postal_code) {
  const std::string lower = LowerCase(Without(postal_code, " "));
  return lower.substr(0, lower.find('-'));
}

std::string HashIdentifier(std::string_view normal) { return normal.empty() ? std::string() : Sha256Hex(normal); }

}  // namespace esnaf::audience
