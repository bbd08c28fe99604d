#include "libs/mail/thread.h"

#include "libs/base/text.h"
#include "libs/mail/reply_address.h"
#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::mail {
namespace {

constexpr char kMailbox[] = "destek@magaza.example";

TEST_CASE("a reply address names its ticket, whatever servers do to its letters") {
  const std::string address = ReplyAddress(kMailbox, 1234, "key");
  CHECK(address.starts_with("destek+1234."));
  CHECK(address.ends_with("@magaza.example"));
  CHECK(NormalizeEmail(address).ok());
  CHECK(TicketOfReplyAddress(address, kMailbox, "key") == 1234);
  std::string upper = address;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  CHECK(TicketOfReplyAddress(upper, kMailbox, "key") == 1234);
}

TEST_CASE("a reply address that nobody signed names no ticket") {
  const std::string address = ReplyAddress(kMailbox, 1234, "key");
  CHECK_FALSE(TicketOfReplyAddress(address, kMailbox, "other key"));
  CHECK_FALSE(TicketOfReplyAddress(address, "satis@magaza.example", "key"));
  CHECK_FALSE(TicketOfReplyAddress("destek+1234.@magaza.example", kMailbox, "key"));
  CHECK_FALSE(TicketOfReplyAddress("destek+1234@magaza.example", kMailbox, "key"));
  CHECK_FALSE(TicketOfReplyAddress("destek+@magaza.example", kMailbox, "key"));
  CHECK_FALSE(TicketOfReplyAddress("destek+99999999999999999999.x@magaza.example", kMailbox, "key"));
  CHECK_FALSE(TicketOfReplyAddress(kMailbox, kMailbox, "key"));
  CHECK(rc::check("whatever is changed", [&] {
    std::string changed = address;
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, changed.size());
    changed[at] = *rc::gen::inRange<char>('!', '~');
    RC_PRE(LowerCase(changed) != address);
    RC_ASSERT(!TicketOfReplyAddress(changed, kMailbox, "key"));
  }));
}

TEST_CASE("a mail belongs to the ticket of the reply address first, then of the mails that it answers") {
  const std::map<std::string, std::int64_t> known = {{"a", 1}, {"b", 2}, {"c", 3}};
  Mail mail;
  mail.subject = "Re: [#9] x";
  CHECK(ThreadOf(mail, kMailbox, "key", known) == Thread{});
  mail.references = {"a", "b", "x"};
  CHECK(ThreadOf(mail, kMailbox, "key", known) == Thread{ThreadReason::kMessageId, 2});
  mail.in_reply_to = {"c"};
  CHECK(ThreadOf(mail, kMailbox, "key", known) == Thread{ThreadReason::kMessageId, 3});
  mail.recipients = {"x@y.example", ReplyAddress(kMailbox, 7, "key")};
  CHECK(ThreadOf(mail, kMailbox, "key", known) == Thread{ThreadReason::kReplyAddress, 7});
}

TEST_CASE("a bounce belongs to the ticket of the mail that came back") {
  Mail mail;
  mail.bounce = Bounce{.original_message_id = "a"};
  mail.references = {"b"};
  CHECK(AnsweredIds(mail) == std::vector<std::string>{"a", "b"});
  CHECK(AnsweredIds(mail, 1) == std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace esnaf::mail
