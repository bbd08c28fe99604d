#include "services/support/mail/mailbox.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

Mailbox Example() {
  return {.id = "destek",
          .address = "destek@magaza.example",
          .display_name = "Mağaza",
          .imap_url = "imaps://mail.example",
          .imap_user = "destek",
          .imap_password_file = "destek",
          .smtp_url = "smtp://mail.example:587",
          .smtp_user = "destek",
          .smtp_password_file = "destek"};
}
// The fields that are wrong.
std::string Wrong(const Mailbox& mailbox) {
  FieldViolations violations;
  CheckMailbox(mailbox, "mailbox", violations);
  std::string fields;
  for (const auto& [field, description] : ErrorFields(violations.ToStatus()))
    fields += field.substr(std::string("mailbox.").size()) + ";";
  return fields;
}

TEST_CASE("a mailbox is taken as it should be") {
  CHECK(Wrong(Example()).empty());
  Mailbox bare{.id = "a", .address = "a@b.example"};
  CHECK(Wrong(bare).empty());
}

TEST_CASE("what would become a command, a header or a path is refused") {
  Mailbox mailbox = Example();
  mailbox.display_name = "a\r\nBcc: b";
  mailbox.imap_folder = "INBOX\" x";
  mailbox.imap_password_file = "../shadow";
  mailbox.smtp_password_file = ".hidden";
  CHECK(Wrong(mailbox) == "display_name;imap_folder;imap_password_file;smtp_password_file;");
}

TEST_CASE("an address leaves room for the ticket's signature") {
  Mailbox mailbox = Example();
  for (const std::string address : {"", "x", "a+b@c.example", "Destek@magaza.example"}) {
    mailbox.address = address;
    CHECK(Wrong(mailbox) == "address;");
  }
  mailbox.address = absl::StrCat(std::string(31, 'a'), "@b.example");
  CHECK(Wrong(mailbox) == "address;");
}

TEST_CASE("servers are named by scheme, host and port alone") {
  for (const std::string url : {"imap://a", "imaps://a.b:993", "imap://127.0.0.1:1143"})
    CHECK(IsServerUrl(url, "imap"));
  for (const std::string url :
       {"", "imap", "imap://", "http://a", "imap://u:p@a", "imap://a/b", "imap://a b", "smtp://a", "imapx://a"}) {
    CAPTURE(url);
    CHECK_FALSE(IsServerUrl(url, "imap"));
  }
  CHECK(IsOfThisMachine("smtp://127.0.0.1:25"));
  CHECK(IsOfThisMachine("smtp://localhost"));
  CHECK_FALSE(IsOfThisMachine("smtp://127.0.0.1.example"));
  CHECK_FALSE(IsOfThisMachine("smtp://localhost.example:25"));
}

TEST_CASE("attempts come ever later, at most an hour apart") {
  CHECK(MailDelayAfter(1) == std::chrono::seconds(30));
  CHECK(MailDelayAfter(2) == std::chrono::seconds(120));
  CHECK(MailDelayAfter(10) == std::chrono::hours(1));
}

}  // namespace
}  // namespace esnaf::support
