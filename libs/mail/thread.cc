#include "libs/mail/thread.h"

#include <algorithm>

#include "libs/mail/reply_address.h"

namespace esnaf::mail {

std::vector<std::string> AnsweredIds(const Mail& mail, std::size_t most) {
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id) {
    if (!id.empty() && ids.size() < most && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  if (mail.bounce) add(mail.bounce->original_message_id);
  for (const std::string& id : mail.in_reply_to) add(id);
  for (auto id = mail.references.rbegin(); id != mail.references.rend(); ++id) add(*id);
  return ids;
}

Thread ThreadOf(const Mail& mail, std::string_view mailbox, std::string_view key,
                const std::map<std::string, std::int64_t>& tickets_by_message_id) {
  for (const std::string& recipient : mail.recipients) {
    if (const auto number = TicketOfReplyAddress(recipient, mailbox, key)) {
      return {ThreadReason::kReplyAddress, *number};
    }
  }
  for (const std::string& id : AnsweredIds(mail)) {
    if (const auto known = tickets_by_message_id.find(id); known != tickets_by_message_id.end()) {
      return {ThreadReason::kMessageId, known->second};
    }
  }
  return {};
}

}  // namespace esnaf::mail
