#include "libs/base/signed_link.h"

#include <algorithm>
#include <array>

#include "libs/base/crypto.h"

namespace esnaf {
namespace {

constexpr std::size_t kIdBytes = 16, kTimeBytes = 8, kMacBytes = 16;

std::string Mac(std::string_view purpose, std::string_view payload, std::string_view secret) {
  return HmacSha256(secret, std::string(purpose) + ":" + std::string(payload)).substr(0, kMacBytes);
}

}  // namespace

std::string SignLink(std::string_view purpose, const SignedLink& link, std::string_view secret) {
  std::string payload(link.id.bytes().begin(), link.id.bytes().end());
  const auto seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(link.expire_time.time_since_epoch()).count());
  for (int shift = 56; shift >= 0; shift -= 8) payload.push_back(static_cast<char>(seconds >> shift & 0xff));
  return Base64UrlEncode(payload + Mac(purpose, payload, secret));
}

std::optional<SignedLink> ReadSignedLink(std::string_view purpose, std::string_view token, std::string_view secret) {
  const std::optional<std::string> bytes = Base64UrlDecode(token);
  if (!bytes || bytes->size() != kIdBytes + kTimeBytes + kMacBytes) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(0, kIdBytes + kTimeBytes);
  if (!ConstantTimeEquals(std::string_view(*bytes).substr(kIdBytes + kTimeBytes), Mac(purpose, payload, secret))) {
    return std::nullopt;
  }
  std::array<std::uint8_t, kIdBytes> id{};
  std::copy_n(payload.begin(), kIdBytes, id.begin());
  std::uint64_t seconds = 0;
  for (const char c : payload.substr(kIdBytes)) seconds = seconds << 8 | static_cast<unsigned char>(c);
  return SignedLink{Uuid(id), Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)))};
}

}  // namespace esnaf
