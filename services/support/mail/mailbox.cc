#include "services/support/mail/mailbox.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxIdBytes = 60;
constexpr std::size_t kMaxTextBytes = 200;
constexpr std::size_t kMaxAcknowledgementBytes = 4000;
// So that `<local>+<number>.<signature>` stays within the 64 bytes of RFC 5321.
constexpr std::size_t kMaxLocalBytes = 30;

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The name of a file, without a way out of its folder.
bool IsFileName(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.find('/') == std::string_view::npos;
}

// In one line: these become commands and headers.
void CheckLine(const std::string& text, const std::string& field, FieldViolations& violations) {
  const bool one_line =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7F; });
  if (text.size() > kMaxTextBytes) violations.Add(field, absl::StrCat("is longer than ", kMaxTextBytes, " bytes"));
  if (!one_line || !IsCleanUtf8(text)) violations.Add(field, "is no line of text");
}

}  // namespace

bool IsOfThisMachine(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  return host == "127.0.0.1" || host.starts_with("127.0.0.1:") || host == "localhost" || host.starts_with("localhost:");
}

bool IsServerUrl(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return false;
  url.remove_prefix(scheme.size());
  if (url.starts_with('s')) url.remove_prefix(1);
  if (!url.starts_with("://")) return false;
  url.remove_prefix(3);
  // Host and port alone: who logs in where to is said by fields of their own.
  return !url.empty() && url.size() <= 255 && std::all_of(url.begin(), url.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  });
}

void CheckMailbox(const Mailbox& mailbox, const std::string& field, FieldViolations& violations) {
  if (!IsName(mailbox.id) || mailbox.id.size() > kMaxIdBytes) violations.Add(field + ".id", "is no id of a mailbox");
  const absl::StatusOr<std::string> address = NormalizeEmail(mailbox.address);
  if (!address.ok() || *address != mailbox.address) {
    violations.Add(field + ".address", "is no e-mail address in small letters");
  } else if (mailbox.address.find('+') != std::string::npos || mailbox.address.find('@') > kMaxLocalBytes) {
    violations.Add(field + ".address", "has a `+`, or more than 30 bytes before the @");
  }
  if (!mailbox.store_id.empty() && !IsStoreId(mailbox.store_id)) {
    violations.Add(field + ".store_id", "is no id of a store");
  }
  for (const auto& [text, name] : {std::pair(&mailbox.display_name, ".display_name"),
                                   {&mailbox.team, ".team"},
                                   {&mailbox.imap_user, ".imap_user"},
                                   {&mailbox.smtp_user, ".smtp_user"},
                                   {&mailbox.imap_folder, ".imap_folder"}}) {
    CheckLine(*text, field + name, violations);
  }
  if (mailbox.imap_folder.find_first_of("\"\\") != std::string::npos) {
    violations.Add(field + ".imap_folder", "holds a quote");
  }
  if (!mailbox.imap_url.empty()) {
    if (!IsServerUrl(mailbox.imap_url, "imap")) violations.Add(field + ".imap_url", "is not as imaps://mail.example");
    if (mailbox.imap_user.empty()) violations.Add(field + ".imap_user", "is empty");
    if (!IsFileName(mailbox.imap_password_file)) violations.Add(field + ".imap_password_file", "is no name of a file");
  }
  if (!mailbox.smtp_url.empty() && !IsServerUrl(mailbox.smtp_url, "smtp")) {
    violations.Add(field + ".smtp_url", "is not as smtps://mail.example");
  }
  if (!mailbox.smtp_user.empty() && !IsFileName(mailbox.smtp_password_file)) {
    violations.Add(field + ".smtp_password_file", "is no name of a file");
  }
  if (mailbox.acknowledgement.size() > kMaxAcknowledgementBytes || !IsCleanUtf8(mailbox.acknowledgement)) {
    violations.Add(field + ".acknowledgement", "is longer than 4000 bytes, or no text");
  }
}

Duration MailDelayAfter(int attempt) {
  constexpr std::chrono::seconds kLongest{3600};
  std::chrono::seconds delay{30};
  for (int i = 1; i < attempt && delay < kLongest; ++i) delay *= 4;
  return std::min(delay, kLongest);
}

}  // namespace esnaf::support
