#include "libs/mail/quoted_text.h"

#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::mail {
namespace {

TEST_CASE("what Gmail quotes is left out, in Turkish and English") {
  CHECK(WithoutQuotedText("Teşekkürler!\n\nDestek <destek@magaza.example>, 22 Kas 2026 Paz, 10:00 tarihinde şunu "
                          "yazdı:\n\n> Merhaba\n> Kargo yolda\n") == "Teşekkürler!");
  CHECK(WithoutQuotedText(
            "Thanks\n\nOn Sun, Nov 22, 2026 at 10:00 AM Support <support@shop.example>\nwrote:\n\n> Hi\n>\n> "
            "Bye\n") == "Thanks");
  CHECK(WithoutQuotedText(
            "Tamam\n\nMağaza Müşteri Hizmetleri <musteri-hizmetleri@magaza.example>,\n22 Kas 2026 Paz, 10:00 "
            "tarihinde\nşunu yazdı:\n\n> Merhaba\n") == "Tamam");
}

TEST_CASE("what Outlook quotes is left out, though it marks no line") {
  CHECK(WithoutQuotedText(
            "Olur.\n\n________________________________\nKimden: Destek <destek@magaza.example>\nGönderildi: 22 "
            "Kasım 2026 Pazar 10:00\nKime: Ali <ali@example.com>\nKonu: Sipariş\n\nMerhaba\n") == "Olur.");
  CHECK(WithoutQuotedText(
            "Fine.\n\n-----Original Message-----\nFrom: Support\nSent: Sunday\nTo: Ali\nSubject: x\n\nHi\n") ==
        "Fine.");
  CHECK(WithoutQuotedText("Olur.\n\n-----Özgün İleti-----\nHerhangi bir şey\n") == "Olur.");
  CHECK(WithoutQuotedText("Fine.\n\nFrom: Support <s@shop.example>\nDate: Sunday, 22 November 2026\nTo: Ali\nSubject: "
                          "x\nHi\n") == "Fine.");
  CHECK(WithoutQuotedText("Olur.\n\n*Kimden:* Destek\n*Gönderildi:* Pazar\n*Kime:* Ali\n\nMerhaba") == "Olur.");
}

TEST_CASE("what Apple Mail and Thunderbird quote is left out") {
  CHECK(WithoutQuotedText("Yes\n\n> On 22 Nov 2026, at 10:00, Support <s@shop.example> wrote:\n> \n> Hi\n") == "Yes");
  CHECK(WithoutQuotedText("Evet\n\nDestek <destek@magaza.example> şunları yazdı (22 Kas 2026 10:00):\n\n> Merhaba\n") ==
        "Evet");
  CHECK(WithoutQuotedText("Evet\n\n22.11.2026 10:00 tarihinde Destek yazdı:\n> Merhaba\n") == "Evet");
  CHECK(WithoutQuotedText(
            "Evet\n\n22 Kasım 2026 Pazar 10:00:00 GMT+3 tarihinde Destek <d@m.example> şunu yazdı:\n\nMerhaba") ==
        "Evet");
}

TEST_CASE("what stands right above a quotation is no part of it") {
  CHECK(WithoutQuotedText("Evet\n22.11.2026 10:00 tarihinde Destek yazdı:\n> Merhaba\n") == "Evet");
  CHECK(WithoutQuotedText("Evet\n22.11.2026 10:00 tarihinde Destek yazdı:\nMerhaba\n") == "Evet");
}

TEST_CASE("answers between the quoted lines are kept with them") {
  const std::string between = "On Sun, Nov 22, 2026 at 10:00 AM S <s@shop.example> wrote:\n> Renk?\nMavi\n> Beden?\nM";
  CHECK(WithoutQuotedText(between) == between);
}

TEST_CASE("a text that only speaks of mails is kept") {
  for (const std::string text :
       {"From: dükkan\nsoruyorum", "On 5 May I wrote:", "Arkadaşım yazdı:\nkırık geldi", "3 > 2 mi?", "---", "Merhaba",
        "On Monday 3 boxes came, he wrote: broken.\nWhat now?"}) {
    CAPTURE(text);
    CHECK(WithoutQuotedText(text) == text);
  }
}

TEST_CASE("where nothing but the quotation is there, it is kept") {
  CHECK(WithoutQuotedText("> Merhaba\n> Kargo\n") == "> Merhaba\n> Kargo");
  CHECK(WithoutQuotedText("").empty());
}

TEST_CASE("trimming cuts at the end alone") {
  CHECK(rc::check("for any lines", [] {
    const auto lines = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "", "> x", "yeni", "On 1 May 2026 A <a@b.c> wrote:", "Kimden: a", "Tarih: 1", "Konu: x", "__________", "son"));
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    const std::string once = WithoutQuotedText(text);
    RC_ASSERT(text.starts_with(once));
  }));
}

}  // namespace
}  // namespace esnaf::mail
