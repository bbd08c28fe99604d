#include "libs/mail/compose.h"

#include "libs/base/text.h"
#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::mail {
namespace {

Outgoing Example() {
  return {.message_id = "0190-1@magaza.example",
          .from = {"Mağaza Destek", "destek@magaza.example"},
          .to = {"Ayşe", "ayse@example.com"},
          .reply_to = "destek+12.ab@magaza.example",
          .subject = "Re: Siparişim nerede? Çok uzun bir konu satırı ki bir satıra sığmaz ve katlanır, öyle değil mi?",
          .text = "Merhaba Ayşe,\n\n.nokta ile başlayan satır\nFrom çizgisi",
          .date = *ParseRfc3339("2026-11-22T07:00:00Z"),
          .in_reply_to = "CAF@mail.gmail.com",
          .references = {"m0@magaza.example", "CAF@mail.gmail.com"}};
}
std::string Written(const Outgoing& mail) {
  auto wire = Compose(mail);
  REQUIRE_OK(wire);
  return *std::move(wire);
}

TEST_CASE("what is written is read as it was meant") {
  Outgoing sent = Example();
  sent.attachments = {{"fatura ş.pdf", "application/pdf", std::string("%PDF\0\r\n\xff", 8)}};
  auto mail = Parse(Written(sent));
  REQUIRE_OK(mail);
  CHECK(mail->message_id == sent.message_id);
  CHECK(mail->from == sent.from);
  CHECK(mail->reply_to->address == sent.reply_to);
  CHECK(mail->recipients == std::vector<std::string>{"ayse@example.com"});
  CHECK(mail->subject == sent.subject);
  CHECK(mail->text == sent.text);
  CHECK(mail->date == sent.date);
  CHECK(mail->in_reply_to == std::vector<std::string>{sent.in_reply_to});
  CHECK(mail->references == sent.references);
  CHECK(mail->attachments == sent.attachments);
  CHECK_FALSE(mail->automatic);
}

TEST_CASE("what is written twice, as text and as HTML, is one mail") {
  Outgoing sent = Example();
  sent.html = "<p>Merhaba Ay\u015fe</p>";
  sent.attachments = {{"a.txt", "text/plain", "x"}};
  const std::string wire = Written(sent);
  CHECK(wire == Written(sent));
  CHECK(wire.find("multipart/alternative") != std::string::npos);
  CHECK(wire.find("Content-Type: text/html; charset=utf-8") != std::string::npos);
  const auto mail = Parse(wire);
  REQUIRE_OK(mail);
  CHECK(mail->text == sent.text);
  CHECK(mail->attachments == sent.attachments);
}

TEST_CASE("a mail passes every server as it is: ASCII, short lines, \\r\\n, the same bytes each time") {
  Outgoing sent = Example();
  sent.attachments = {{"a.bin", "application/octet-stream", std::string(5000, '\xff')}};
  const std::string wire = Written(sent);
  CHECK(wire == Written(sent));
  std::size_t line = 0;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    REQUIRE(static_cast<unsigned char>(wire[i]) < 128);
    if (wire[i] == '\n') REQUIRE((i > 0 && wire[i - 1] == '\r'));
    if (wire[i] == '\r') REQUIRE((i + 1 < wire.size() && wire[i + 1] == '\n'));
    line = wire[i] == '\n' ? 0 : line + 1;
    REQUIRE(line < 200);
  }
}

TEST_CASE("an automatic answer says that it is one") {
  Outgoing sent = Example();
  sent.automatic = true;
  auto mail = Parse(Written(sent));
  REQUIRE_OK(mail);
  CHECK(mail->automatic);
  CHECK(mail->suppresses_answers);
}

TEST_CASE("nothing that is written adds a header") {
  Outgoing sent = Example();
  sent.subject = "x\r\nBcc: kurban@example.com";
  sent.to.name = "a\r\nBcc: kurban@example.com\r\n\r\nb";
  sent.in_reply_to = "a>\r\nBcc: kurban@example.com";
  sent.attachments = {{"a\"\r\nX-Evil: 1", "text/plain", "x"}};
  const std::string wire = Written(sent);
  CHECK(wire.find("\r\nBcc:") == std::string::npos);
  CHECK(wire.find("\r\nX-Evil:") == std::string::npos);
  CHECK_STATUS_IS(Compose({.message_id = "a b", .from = sent.from, .to = sent.to}).status(),
                  absl::StatusCode::kInvalidArgument, "message_id");
  sent.to.address = "a@b.example\r\nBcc: c@d.example";
  CHECK_STATUS_IS(Compose(sent).status(), absl::StatusCode::kInvalidArgument, "to");
}

TEST_CASE("a long thread keeps its beginning and its newest mails") {
  Outgoing sent = Example();
  sent.references.clear();
  for (int i = 0; i < 100; ++i) sent.references.push_back("m" + std::to_string(i) + "@magaza.example");
  auto mail = Parse(Written(sent));
  REQUIRE_OK(mail);
  CHECK(mail->references.size() == 20);
  CHECK(mail->references.front() == "m0@magaza.example");
  CHECK(mail->references.back() == "m99@magaza.example");
}

TEST_CASE("any text and subject survive") {
  CHECK(rc::check("for any words", [] {
    Outgoing sent = Example();
    const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "ş", "İstanbul", "=", "=?UTF-8?Q?x?=", ".", "\n", " ", "😀", "From", "a", std::string(300, 'x')));
    sent.text = "x";
    sent.subject = "x";
    for (const std::string& word : words) sent.text += word;
    for (const std::string& word : words) {
      if (word != "\n" && (word != " " || !sent.subject.ends_with(' '))) sent.subject += word;
    }
    while (sent.subject.ends_with(' ')) sent.subject.pop_back();
    while (sent.text.ends_with(' ') || sent.text.ends_with('\n')) sent.text.pop_back();
    const auto wire = Compose(sent);
    RC_ASSERT(wire.ok());
    const auto mail = Parse(*wire);
    RC_ASSERT(mail.ok());
    RC_ASSERT(mail->text == sent.text);
    RC_ASSERT(mail->subject == sent.subject);
  }));
}

TEST_CASE("an answer's subject is marked once") {
  CHECK(ReplySubject("Sipariş") == "Re: Sipariş");
  CHECK(ReplySubject("RE: Sipariş") == "RE: Sipariş");
  CHECK(ReplySubject("Ynt: Sipariş") == "Ynt: Sipariş");
}

}  // namespace
}  // namespace esnaf::mail
