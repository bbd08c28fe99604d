#pragma once

// To which ticket a mail belongs: a pure function of the mail and of what is known of earlier ones.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mail/mail.h"

namespace esnaf::mail {

// The mails that this one names as those that it answers, the likeliest first: In-Reply-To, then References from the
// newest on; of a bounce the mail that came back. Each once, at most `most`.
std::vector<std::string> AnsweredIds(const Mail& mail, std::size_t most = 50);

enum class ThreadReason { kNew, kReplyAddress, kMessageId };

struct Thread {
  ThreadReason reason = ThreadReason::kNew;
  std::int64_t ticket_number = 0;  // 0: a new ticket
  bool operator==(const Thread&) const = default;
};

// A signed reply address counts most, since nobody can make it up; then the mails that it answers, whose tickets are
// `tickets_by_message_id`. A subject proves nothing: a number in it does not count.
Thread ThreadOf(const Mail& mail, std::string_view mailbox, std::string_view key,
                const std::map<std::string, std::int64_t>& tickets_by_message_id);

}  // namespace esnaf::mail
