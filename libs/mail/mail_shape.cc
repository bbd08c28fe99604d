#include "libs/mail/mail_shape.h"

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"

namespace esnaf::mail {
namespace {

// Far beyond what people send: the longest patches and logs have fewer such lines.
constexpr std::size_t kMostDashLines = 20'000;
constexpr std::size_t kMostHeaderLines = 200'000;

// `Name:` in printable ASCII without spaces (RFC 5322, 2.2).
bool LooksLikeHeader(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 200) return false;
  for (const char c : line.substr(0, colon)) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

absl::Status CheckShape(std::string_view raw, const Limits& limits) {
  if (raw.size() > limits.most_bytes) {
    return MakeError(absl::StatusCode::kInvalidArgument, "MAIL_TOO_LARGE",
                     absl::StrCat("the mail has ", raw.size(), " bytes, more than ", limits.most_bytes));
  }
  std::size_t dashes = 0, headers = 0;
  while (!raw.empty()) {
    const std::size_t end = raw.find('\n');
    const std::string_view line = raw.substr(0, end);
    if (line.starts_with("--") && ++dashes > kMostDashLines) {
      return MakeError(absl::StatusCode::kInvalidArgument, "MAIL_TOO_MANY_PARTS",
                       absl::StrCat("the mail has more than ", kMostDashLines, " lines that could begin a part"));
    }
    if (LooksLikeHeader(line) && ++headers > kMostHeaderLines) {
      return MakeError(absl::StatusCode::kInvalidArgument, "MAIL_TOO_MANY_HEADERS",
                       absl::StrCat("the mail has more than ", kMostHeaderLines, " lines that could be headers"));
    }
    if (end == std::string_view::npos) break;
    raw.remove_prefix(end + 1);
  }
  return absl::OkStatus();
}

}  // namespace esnaf::mail
