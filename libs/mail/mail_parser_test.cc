#include "libs/mail/mail.h"

#include "libs/base/error.h"
#include "libs/base/text.h"
#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::mail {
namespace {

// Sources are written with \n and sent with \r\n, as servers do.
std::string Wire(std::string_view text) {
  std::string wire;
  for (const char c : text) {
    if (c == '\n') wire.push_back('\r');
    wire.push_back(c);
  }
  return wire;
}
Mail Read(std::string_view text) {
  auto mail = Parse(Wire(text));
  REQUIRE_OK(mail);
  return *std::move(mail);
}
std::string Reason(std::string_view text, const Limits& limits = {}) {
  return ErrorReason(Parse(Wire(text), limits).status());
}

constexpr char kGmail[] = R"(Return-Path: <ayse@gmail.com>
Delivered-To: destek+12.abc@magaza.example
Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0300
From: =?UTF-8?B?QXnFn2UgWcSxbG1heg==?= <Ayse@Gmail.com>
To: Destek <destek@magaza.example>, destek@magaza.example
Cc: x@y.example
Date: Sun, 22 Nov 2026 10:00:00 +0300
Message-ID: <CAF+1@mail.gmail.com>
In-Reply-To: <m1@magaza.example>
References: <m0@magaza.example>
 <m1@magaza.example>
Subject: =?UTF-8?Q?Sipari=C5=9Fim_nerede=3F?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b1"

--b1
Content-Type: multipart/alternative; boundary="b2"

--b2
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

Merhaba, =C5=9Fu sipari=C5=9F hala gelmedi.
--b2
Content-Type: text/html; charset="UTF-8"

<p>Merhaba</p>
--b2--
--b1
Content-Type: image/png; name="=?UTF-8?B?Zm90by/Fny5wbmc=?="
Content-Disposition: attachment; filename*=UTF-8''foto%2F%C5%9F.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b1--
)";

TEST_CASE("a mail says who wrote what, in answer to what") {
  const Mail mail = Read(kGmail);
  CHECK(mail.from == Address{"Ayşe Yılmaz", "ayse@gmail.com"});
  CHECK(mail.subject == "Siparişim nerede?");
  CHECK(mail.message_id == "CAF+1@mail.gmail.com");
  CHECK(mail.in_reply_to == std::vector<std::string>{"m1@magaza.example"});
  CHECK(mail.references == std::vector<std::string>{"m0@magaza.example", "m1@magaza.example"});
  CHECK(mail.recipients ==
        std::vector<std::string>{"destek+12.abc@magaza.example", "destek@magaza.example", "x@y.example"});
  CHECK(FormatRfc3339(*mail.date) == "2026-11-22T07:00:00Z");
  CHECK(mail.text == "Merhaba, şu sipariş hala gelmedi.");
  CHECK_FALSE(mail.automatic);
  CHECK_FALSE(mail.suppresses_answers);
  CHECK(mail.hops == 1);
}

TEST_CASE("attachments have their bytes, their type and a name without folders") {
  const Mail mail = Read(kGmail);
  REQUIRE(mail.attachments.size() == 1);
  CHECK(mail.attachments[0] == Attachment{"ş.png", "image/png", "\x89PNG\r\n\x1a\n"});
}

TEST_CASE("a mail of HTML alone is read as text") {
  const Mail mail = Read(
      "From: a@b.example\nContent-Type: text/html; charset=iso-8859-9\n\n<div>\xDE"
      "ikayet</div><div>&ccedil;ok</div>\n");
  CHECK(mail.text == "Şikayet\nçok");
}

TEST_CASE("a charset that is missing or wrong costs no letter of a Turkish text") {
  CHECK(Read("From: a@b.example\n\n\xDE"
             "ikayet\n")
            .text == "Şikayet");
  CHECK(Read("From: a@b.example\nContent-Type: text/plain; charset=no-such\n\nŞikayet\n").text == "Şikayet");
  CHECK(Read("From: a@b.example\nContent-Type: text/plain; charset=us-ascii\n\nŞikayet\n").text == "Şikayet");
  CHECK(Read("From: a@b.example\nSubject: \xDE"
             "ikayet\n\nx\n")
            .subject == "Şikayet");
  CHECK(Read("From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\na\xFF"
             "b\n")
            .text ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("what a machine writes is known as that") {
  const auto automatic = [](const std::string& header) {
    return Read("From: a@b.example\n" + header + "\nSubject: x\n\ny\n").automatic;
  };
  CHECK(automatic("Auto-Submitted: auto-replied"));
  CHECK(automatic("Auto-Submitted: auto-generated; x=y"));
  CHECK_FALSE(automatic("Auto-Submitted: no"));
  CHECK(automatic("Precedence: auto_reply"));
  CHECK(automatic("Return-Path: <>"));
  CHECK(automatic("X-Autoreply: yes"));
  CHECK_FALSE(automatic("Precedence: bulk"));
  CHECK_FALSE(automatic("X-Auto-Response-Suppress: All"));
}

TEST_CASE("lists, bulk mail and who asks for it get no answer of a machine") {
  const auto suppresses = [](const std::string& header) {
    return Read("From: a@b.example\n" + header + "\nSubject: x\n\ny\n").suppresses_answers;
  };
  CHECK(suppresses("Precedence: bulk"));
  CHECK(suppresses("List-Id: <x.y>"));
  CHECK(suppresses("X-Auto-Response-Suppress: OOF, AutoReply"));
  CHECK(suppresses("Auto-Submitted: auto-generated"));
  CHECK_FALSE(suppresses("X-Auto-Response-Suppress: None"));
  CHECK(Read("From: no-reply@b.example\n\nx\n").suppresses_answers);
}

TEST_CASE("a bounce says whose mail failed, and why") {
  const Mail mail = Read(R"(Return-Path: <>
From: MAILER-DAEMON@mx.example
To: destek@magaza.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain

I'm sorry.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Ali@Example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--r
Content-Type: message/rfc822

Message-ID: <ours-1@magaza.example>
From: destek@magaza.example
Subject: Re: x

y
--r--
)");
  REQUIRE(mail.bounce);
  CHECK(*mail.bounce == Bounce{true, "5.1.1", "ali@example.com", "550 5.1.1 no such user", "ours-1@magaza.example"});
  CHECK(mail.automatic);
}

TEST_CASE("a bounce that encloses headers alone names the mail too") {
  const Mail mail = Read(
      "From: postmaster@mx.example\nContent-Type: multipart/report; report-type=\"delivery-status\"; boundary=r\n\n"
      "--r\nContent-Type: message/delivery-status\n\nStatus: 4.4.7\n\n--r\nContent-Type: text/rfc822-headers\n\n"
      "Subject: x\nmessage-id:\n <Ours-2@magaza.example>\n--r--\n");
  REQUIRE(mail.bounce);
  CHECK_FALSE(mail.bounce->permanent);
  CHECK(mail.bounce->original_message_id == "Ours-2@magaza.example");
}

TEST_CASE("mails that go beyond the limits are refused with a reason") {
  CHECK(Reason("From: a@b.example\n\n" + std::string(1000, 'x'), {.most_bytes = 1000}) == "MAIL_TOO_LARGE");
  CHECK(Reason("Subject: x\n\ny\n") == "MAIL_WITHOUT_SENDER");
  CHECK(Reason("From: nobody\n\ny\n") == "MAIL_WITHOUT_SENDER");
  std::string circles = "From: a@b.example\n";
  for (int i = 0; i < 51; ++i) circles += "Received: from a by b\n";
  CHECK(Reason(circles + "\nx\n") == "MAIL_IN_CIRCLES");
  std::string parts = "From: a@b.example\nContent-Type: multipart/mixed; boundary=p\n\n";
  for (int i = 0; i < 600; ++i) parts += "--p\n\nx\n";
  CHECK(Reason(parts) == "MAIL_TOO_MANY_PARTS");
}

TEST_CASE("a tree of parts without end is refused, whatever it is made of") {
  std::string multiparts = "From: a@b.example\n";
  for (int i = 0; i < 3000; ++i) {
    multiparts +=
        "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) + "\n";
  }
  CHECK(Reason(multiparts) == "MAIL_TOO_DEEP");
  std::string alike = "From: a@b.example\n";
  for (int i = 0; i < 15'000; ++i) alike += "Content-Type: multipart/mixed; boundary=b\n\n--b\n";
  CHECK_FALSE(Reason(alike).empty());
  std::string dashes = "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 1'000'000; ++i) dashes += "--b\n";
  CHECK(Reason(dashes) == "MAIL_TOO_MANY_PARTS");
  std::string headers = "From: a@b.example\n";
  for (int i = 0; i < 1'000'000; ++i) headers += "a:b\n";
  CHECK(Reason(headers + "\nx") == "MAIL_TOO_MANY_HEADERS");
}

TEST_CASE("a mail within a mail is kept as a file, however deep they go") {
  std::string nested = "From: a@b.example\n";
  for (int i = 0; i < 10'000; ++i) nested += "Content-Type: message/rfc822\n\n";
  // Either it is kept or refused: what matters is that reading it ends.
  const auto mail = Parse(Wire(nested));
  if (!mail.ok()) CHECK_FALSE(ErrorReason(mail.status()).empty());
  const Mail one = Read(
      "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
      "From: c@d.example\nSubject: ../iletilen\n\niç\n--b--\n");
  REQUIRE(one.attachments.size() == 1);
  CHECK(one.attachments[0].name == "..-iletilen.eml");
  CHECK(one.attachments[0].media_type == "message/rfc822");
}

TEST_CASE("broken mails are read as far as they go") {
  CHECK(Read("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nyarım").text == "yarım");
  CHECK(Read("From: a@b.example\nContent-Type: multipart/mixed\n\nx\n").attachments.size() <= 1);
  CHECK(Read("From: a@b.example\nContent-Transfer-Encoding: base64\n\n!!!\n").text.size() < 10);
  CHECK(Read("From: a@b.example\nContent-Type: ;;;\nMessage-ID: <<>\n\nx\n").message_id.empty());
  CHECK_FALSE(Parse("").ok());
  CHECK_FALSE(Parse(std::string("\0\0\0", 3)).ok());
}

TEST_CASE("changed mails never break reading, and what is read is clean") {
  CHECK(rc::check("for any change of a mail", [] {
    std::string wire = Wire(kGmail);
    const int changes = *rc::gen::inRange(1, 20);
    for (int i = 0; i < changes; ++i) {
      const std::size_t at = *rc::gen::inRange<std::size_t>(0, wire.size());
      if (*rc::gen::inRange(0, 3) == 0) {
        wire.erase(at, *rc::gen::inRange<std::size_t>(0, 40));
      } else {
        wire.insert(at, 1, static_cast<char>(*rc::gen::inRange(0, 256)));
      }
      RC_PRE(!wire.empty());
    }
    const auto mail = Parse(wire);
    if (!mail.ok()) {
      RC_ASSERT(!ErrorReason(mail.status()).empty());
      return;
    }
    RC_ASSERT(IsCleanUtf8(mail->text));
    RC_ASSERT(IsCleanUtf8(mail->subject));
    RC_ASSERT(IsCleanUtf8(mail->from.name));
    for (const Attachment& attachment : mail->attachments) {
      RC_ASSERT(IsCleanUtf8(attachment.name));
      RC_ASSERT(attachment.name.find_first_of("/\\\n") == std::string::npos);
    }
  }));
}

}  // namespace
}  // namespace esnaf::mail
