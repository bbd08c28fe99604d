#include "services/support/forms/form_token.h"

#include "libs/base/crypto.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kIdBytes = 16, kTimeBytes = 8, kMacBytes = 16;

// What is signed says what for, so that no other signature of the installation is one of a form.
std::string Mac(std::string_view payload, std::string_view form_id, std::string_view secret) {
  std::string text = "esnaf.form.token:";
  text.append(form_id).append(":").append(payload);
  return HmacSha256(secret, text).substr(0, kMacBytes);
}

std::string BytesOf(const Uuid& id) { return {id.bytes().begin(), id.bytes().end()}; }

}  // namespace

std::string SignFormToken(const FormToken& token, std::string_view form_id, std::string_view secret) {
  std::string payload = BytesOf(token.ticket_id);
  const auto seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(token.open_time.time_since_epoch()).count());
  for (int shift = 56; shift >= 0; shift -= 8) payload.push_back(static_cast<char>(seconds >> shift & 0xff));
  return Base64UrlEncode(payload + Mac(payload, form_id, secret));
}

std::optional<FormToken> ReadFormToken(std::string_view text, std::string_view form_id, std::string_view secret) {
  const std::optional<std::string> bytes = Base64UrlDecode(text);
  if (!bytes || bytes->size() != kIdBytes + kTimeBytes + kMacBytes) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(0, kIdBytes + kTimeBytes);
  if (!ConstantTimeEquals(std::string_view(*bytes).substr(kIdBytes + kTimeBytes), Mac(payload, form_id, secret))) {
    return std::nullopt;
  }
  std::array<std::uint8_t, kIdBytes> id{};
  std::copy_n(payload.begin(), kIdBytes, id.begin());
  std::uint64_t seconds = 0;
  for (const char c : payload.substr(kIdBytes)) seconds = seconds << 8 | static_cast<unsigned char>(c);
  return FormToken{Uuid(id), Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)))};
}

std::string FormSession(const Uuid& ticket_id, std::string_view secret) {
  return HexEncode(HmacSha256(secret, "esnaf.form.session:" + BytesOf(ticket_id)).substr(0, kMacBytes));
}

}  // namespace esnaf::support
