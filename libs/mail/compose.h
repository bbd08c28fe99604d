#pragma once

// Writes a mail as it goes out.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/mail/mail.h"

namespace esnaf::mail {

struct Outgoing {
  std::string message_id;  // without <>; the same mail has the same one however often it is sent
  Address from;
  Address to;
  std::string reply_to;  // an address; empty: none
  std::string subject;
  std::string text;    // UTF-8 with \n
  std::string html{};  // the same as HTML, for readers that show it; empty: none
  Time date;
  std::string in_reply_to;              // without <>; empty: none
  std::vector<std::string> references;  // oldest first; of more than 20 the first and the newest are kept
  bool automatic = false;               // Auto-Submitted: auto-replied, and asks for no answer by a machine
  std::vector<Attachment> attachments;
};

// The mail with \r\n at the end of each line and no line longer than 998 bytes, ASCII but for nothing, so that it can
// be signed (DKIM) and passes any server as it is. The same bytes for the same mail. INVALID_ARGUMENT where an address
// is none. Line breaks in names and subjects become spaces: no header can be added by them.
absl::StatusOr<std::string> Compose(const Outgoing& mail);

// `Re: ` before a subject that has no such mark yet, also in Turkish (`Ynt:`, `YNT:`, `Cvp:`).
std::string ReplySubject(std::string_view subject);

}  // namespace esnaf::mail
