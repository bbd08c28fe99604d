#pragma once

// A mail (RFC 5322, MIME) as a help desk needs it: who wrote, what, in answer to what, and whether a person did.
// Reading never fails on how a mail is made, only on what goes beyond the limits or names no sender.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace esnaf::mail {

struct Limits {
  std::size_t most_bytes = 25 << 20;  // of the whole mail, as it was sent
  int most_depth = 32;                // of parts within parts
  int most_parts = 500;
};

struct Address {
  std::string name;     // as people read it; may be empty
  std::string address;  // as NormalizeEmail makes it
  bool operator==(const Address&) const = default;
};

struct Attachment {
  std::string name;        // without folders; `attachment` where the mail gives none
  std::string media_type;  // lower case, for example `image/png`
  std::string content;     // decoded
  bool operator==(const Attachment&) const = default;
};

// What came of a mail of ours, by RFC 3464.
struct Bounce {
  bool permanent = false;           // the status begins with 5
  std::string status;               // `5.1.1`; empty where it is not given
  std::string recipient;            // empty where it is not given
  std::string reason;               // what the server that refused said; may be empty
  std::string original_message_id;  // without <>; empty where the mail is not enclosed
  bool operator==(const Bounce&) const = default;
};

struct Mail {
  std::string message_id;  // without <>; empty where there is none
  // Without <>, as the mail names them.
  std::vector<std::string> in_reply_to;
  std::vector<std::string> references;  // oldest first
  Address from;
  std::optional<Address> reply_to;
  // To, Cc, Delivered-To and X-Original-To, normalized, each once.
  std::vector<std::string> recipients;
  std::string subject;       // in one line; may be empty
  std::optional<Time> date;  // as the sender says
  std::string text;          // what is read: plain text, or what the HTML says; clean UTF-8, lines parted by \n
  std::vector<Attachment> attachments;
  std::optional<Bounce> bounce;
  // Nobody wrote it: RFC 3834's Auto-Submitted, an out-of-office notice, an empty return path.
  bool automatic = false;
  // Nothing may answer it by itself: besides automatic ones, lists, bulk mail, and whom X-Auto-Response-Suppress asks.
  bool suppresses_answers = false;
  int hops = 0;  // how many servers it passed (Received)
};

// Servers that pass a mail on more often than this turn it in circles.
inline constexpr int kMostHops = 50;

// INVALID_ARGUMENT with the reasons `MAIL_TOO_LARGE`, `MAIL_TOO_DEEP`, `MAIL_TOO_MANY_PARTS`, `MAIL_TOO_MANY_HEADERS`,
// `MAIL_IN_CIRCLES`, `MAIL_WITHOUT_SENDER` or `MAIL_UNREADABLE`.
absl::StatusOr<Mail> Parse(std::string_view raw, const Limits& limits = {});

}  // namespace esnaf::mail
