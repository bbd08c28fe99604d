#include "libs/base/text.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

std::string Utf8(char32_t c) {
  std::string out;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

// Texts of any characters, with many of those that folding treats specially.
rc::Gen<std::string> AnyText() {
  const auto special =
      rc::gen::element<char32_t>('I', 'i', 0x130, 0x131, 0x307, 0x15E, 0xE7, 0x11F, 0xDF, 0x1E9E, ' ', '\t', 0xA0,
                                 0x3000, 0x345, 0x390, 0xFB01, 0x200D, 0xAD, 0xAC00, 0x30AC, 0x1F88);
  const auto any = rc::gen::map(rc::gen::inRange<std::uint32_t>(1, 0x20000), [](std::uint32_t c) {
    return static_cast<char32_t>(c >= 0xD800 && c < 0xE000 ? 'x' : c);
  });
  return rc::gen::map(rc::gen::container<std::vector<char32_t>>(rc::gen::oneOf(special, any)),
                      [](const std::vector<char32_t>& characters) {
                        std::string text;
                        for (const char32_t c : characters) text += Utf8(c);
                        return text;
                      });
}

TEST_CASE("The four i's of Istanbul meet") {
  const auto name = GENERATE(as<std::string>{}, "İSTANBUL", "istanbul", "Istanbul", "ıstanbul", "ISTANBUL", "i̇stanbul",
                             "  İstanbul ", "ｉｓｔａｎｂｕｌ");
  CAPTURE(name);
  CHECK(FoldName(name) == "istanbul");
}

TEST_CASE("Lower case does not depend on the locale") {
  CHECK(LowerCase("AYŞE Yılmaz I") == "ayşe yılmaz i");
  CHECK(LowerCase("").empty());
}

TEST_CASE("Names fold without case, diacritics and superfluous space") {
  CHECK(FoldName("Şükrü  Çağlar\tÖZGÜN") == "sukru caglar ozgun");
  CHECK(FoldName("sukru caglar ozgun") == "sukru caglar ozgun");
  CHECK(FoldName("IĞDIR") == FoldName("ığdır"));
  CHECK(FoldName("Straße") == "strasse");
  CHECK(FoldName("José\xC2\xA0María") == "jose maria");
  CHECK(FoldName("Jose\xCC\x81") == "jose");
  CHECK(FoldName("ﬁnans") == "finans");
  CHECK(FoldName("Ωμέγα") == FoldName("ωμεγα"));
  CHECK(FoldName("が") != FoldName("か"));
  CHECK(FoldName("") == "");
  CHECK(FoldName(" \t\xC2\xA0 ") == "");
  CHECK(FoldName("O'Neil-Kaya 3") == "o'neil-kaya 3");
}

TEST_CASE("Folding twice is folding once, and gives clean text") {
  REQUIRE(rc::check("fold(fold(t)) == fold(t)", [] {
    const std::string text = *AnyText();
    const std::string folded = FoldName(text);
    RC_ASSERT(FoldName(folded) == folded);
    RC_ASSERT(IsCleanUtf8(folded));
    RC_ASSERT(folded.find("  ") == std::string::npos);
  }));
}

TEST_CASE("Latin letters fold alike whether or not another script stands beside them") {
  for (char32_t c = 1; c < 0x200; ++c) {
    const std::string letter = Utf8(c);
    CAPTURE(letter);
    CHECK(FoldName("a" + letter + "b一") == FoldName("a" + letter + "b") + "一");
  }
  REQUIRE(rc::check("fold(latin + 一) == fold(latin) + 一", [] {
    std::string text;
    for (const auto c : *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 0x180)))
      text += Utf8(c);
    RC_ASSERT(FoldName(text + "x一") == FoldName(text + "x") + "一");
  }));
}

TEST_CASE("Clean text is UTF-8 without NUL") {
  CHECK(IsCleanUtf8(""));
  CHECK(IsCleanUtf8("İstanbul 🛒"));
  CHECK_FALSE(IsCleanUtf8(std::string_view("a\0b", 3)));
  CHECK_FALSE(IsCleanUtf8("\xFF"));
  CHECK_FALSE(IsCleanUtf8("\xC3"));              // cut
  CHECK_FALSE(IsCleanUtf8("\xC0\x80"));          // overlong
  CHECK_FALSE(IsCleanUtf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(IsCleanUtf8("\xF4\x90\x80\x80"));  // beyond Unicode
  REQUIRE(rc::check("generated texts are clean", [] { RC_ASSERT(IsCleanUtf8(*AnyText())); }));
}

TEST_CASE("E-mail addresses have one form") {
  const auto normal = [](std::string_view text) {
    ESNAF_REQUIRE_VALUE(std::string email, NormalizeEmail(text));
    return email;
  };
  CHECK(normal(" Ali.IRMAK@Example.COM ") == "ali.irmak@example.com");
  CHECK(normal("a+b_c'd@mail.example.co.uk") == "a+b_c'd@mail.example.co.uk");
  CHECK(normal("ayşe@örnek.com") == "ayşe@örnek.com");
  CHECK(normal("a@ÖRNEK.COM") == normal("a@O\xCC\x88rnek.com"));
  // A local part's letters beyond ASCII are the mail server's business.
  CHECK(normal("Ş@example.com") != normal("ş@example.com"));
  CHECK(normal("a@xn--rnek-4qa.com") == "a@xn--rnek-4qa.com");
}

TEST_CASE("What is no e-mail address is refused without repeating it") {
  const auto text =
      GENERATE(as<std::string>{}, "", "@", "ali", "ali@", "@example.com", "ali@example", "ali@example.", "ali@.com",
               "ali@exa mple.com", "ali veli@example.com", "ali@@example.com", "a@b@example.com", ".ali@example.com",
               "ali.@example.com", "a..b@example.com", "ali@-example.com", "ali@example-.com", "ali@127.0.0.1",
               "ali@example.c", "ali<x@example.com>", "ali@exam_ple.com", "ali\x01@example.com", "ali@example.com\xFF");
  CAPTURE(text);
  const auto email = NormalizeEmail(text);
  CHECK_STATUS_IS(email, absl::StatusCode::kInvalidArgument, "is no e-mail address");
  CHECK_FALSE(esnaf::testing::MessageContains(email.status(), "ali"));
}

TEST_CASE("The parts of an e-mail address have their greatest lengths") {
  const auto address = [](std::size_t local, std::size_t label) {
    std::string text(local, 'a');
    text.append("@").append(label, 'b').append(".com");
    return NormalizeEmail(text);
  };
  CHECK_OK(address(64, 63));
  CHECK_STATUS_IS(address(65, 63), absl::StatusCode::kInvalidArgument, "is no e-mail address");
  CHECK_STATUS_IS(address(64, 64), absl::StatusCode::kInvalidArgument, "is no e-mail address");
}

TEST_CASE("A normal e-mail address stays as it is") {
  REQUIRE(rc::check("normal(normal(e)) == normal(e)", [] {
    const auto email =
        NormalizeEmail(*AnyText() + "@" + *rc::gen::element<std::string>("Örnek.com", "EXAMPLE.com", "a.b.tr"));
    if (!email.ok()) return;
    const auto again = NormalizeEmail(*email);
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == *email);
  }));
}

TEST_CASE("Phone numbers become E.164") {
  const auto normal = [](std::string_view text, std::string_view region = "TR") {
    ESNAF_REQUIRE_VALUE(std::string phone, NormalizePhone(text, region));
    return phone;
  };
  CHECK(normal("0532 123 45 67") == "+905321234567");
  CHECK(normal("5321234567") == "+905321234567");
  CHECK(normal("(0532) 123-45-67") == "+905321234567");
  CHECK(normal("+90 532 123 45 67") == "+905321234567");
  CHECK(normal(" +905321234567 ") == "+905321234567");
  CHECK(normal("0090 532 123 45 67") == "+905321234567");
  CHECK(normal("+44 20 7946 0018") == "+442079460018");
  CHECK(normal("020 7946 0018", "GB") == "+442079460018");
  CHECK(normal("+90 212 555 01 01", "GB") == "+902125550101");
}

TEST_CASE("Turkish numbers are read alike by the short way and by libphonenumber") {
  REQUIRE(rc::check("with a dot between digits, which only libphonenumber reads, the answer is the same", [] {
    const std::string prefix = *rc::gen::element<std::string>("", "0", "90", "0090", "+90", "+");
    std::string digits = std::to_string(*rc::gen::inRange(1, 10));
    const int count = *rc::gen::element(7, 8, 9, 9, 9, 9, 10);
    for (int i = 0; i < count; ++i) digits += std::to_string(*rc::gen::inRange(0, 10));
    const std::string region = *rc::gen::element<std::string>("TR", "TR", "GB");
    const auto plain = NormalizePhone(prefix + digits, region);
    const auto dotted = NormalizePhone(prefix + digits.substr(0, 3) + "." + digits.substr(3), region);
    RC_LOG() << prefix << digits << " " << region << " " << plain.ok() << dotted.ok() << "\n";
    RC_ASSERT(plain.ok() == dotted.ok());
    if (plain.ok()) RC_ASSERT(*plain == *dotted);
  }));
}

TEST_CASE("What can be no phone number is refused") {
  const auto text = GENERATE(as<std::string>{}, "", "abc", "123", "+90 532 123 45 6", "+90 532 123 45 678",
                             "+999 123456789", "0532\xFF", "12345");
  CAPTURE(text);
  CHECK_STATUS_IS(NormalizePhone(text), absl::StatusCode::kInvalidArgument, "is no phone number");
}

TEST_CASE("A number without country code needs a known region") {
  CHECK_STATUS_IS(NormalizePhone("0532 123 45 67", "XX"), absl::StatusCode::kInvalidArgument, "is no phone number");
  CHECK_STATUS_IS(NormalizePhone("0532 123 45 67", ""), absl::StatusCode::kInvalidArgument, "is no phone number");
}

TEST_CASE("Text is cut between characters only") {
  CHECK(Truncate("abc", 5) == "abc");
  CHECK(Truncate("abc", 2) == "ab");
  CHECK(Truncate("aş", 2) == "a");
  CHECK(Truncate("aş", 3) == "aş");
  CHECK(Truncate("🛒", 3) == "");
  CHECK(Truncate("", 0) == "");
}

TEST_CASE("ASCII white space is trimmed at both ends") {
  CHECK(Trim(" \t\r\na b\v\f ") == "a b");
  CHECK(Trim("   ") == "");
  CHECK(Trim("") == "");
}

}  // namespace
}  // namespace esnaf
