#include "libs/mail/reply_address.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/text.h"

namespace esnaf::mail {
namespace {

constexpr std::size_t kSignatureBytes = 10;

std::string Sign(std::string_view mailbox, std::int64_t ticket_number, std::string_view key) {
  const std::string signed_text = absl::StrCat("esnaf-reply-address\n", std::string(mailbox), "\n", ticket_number);
  return HexEncode(HmacSha256(key, signed_text).substr(0, kSignatureBytes));
}

}  // namespace

std::string ReplyAddress(std::string_view mailbox, std::int64_t ticket_number, std::string_view key) {
  const std::size_t at = mailbox.rfind('@');
  if (at == std::string_view::npos) return std::string(mailbox);
  return absl::StrCat(std::string(mailbox.substr(0, at)), "+", ticket_number, ".", Sign(mailbox, ticket_number, key),
                      std::string(mailbox.substr(at)));
}

std::optional<std::int64_t> TicketOfReplyAddress(std::string_view address, std::string_view mailbox,
                                                 std::string_view key) {
  // Servers on the way may change the case of letters.
  const std::string folded = LowerCase(address);
  const std::string own = LowerCase(mailbox);
  const std::size_t at = own.rfind('@');
  if (at == std::string::npos) return std::nullopt;
  const std::string before = own.substr(0, at) + "+";
  const std::string_view domain = std::string_view(own).substr(at);
  std::string_view rest = folded;
  if (!rest.starts_with(before) || !rest.ends_with(domain) || rest.size() < before.size() + domain.size()) {
    return std::nullopt;
  }
  rest = rest.substr(before.size(), rest.size() - before.size() - domain.size());
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + dot, number);
  if (error != std::errc() || end != rest.data() + dot || number <= 0) return std::nullopt;
  if (!ConstantTimeEquals(rest.substr(dot + 1), Sign(mailbox, number, key))) return std::nullopt;
  return number;
}

}  // namespace esnaf::mail
