#include "libs/mail/header_text.h"

#include "libs/base/text.h"
#include "libs/mail/clean_text.h"
#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::mail {
namespace {

TEST_CASE("headers are read whatever their charset, encoding and folding") {
  CHECK(DecodeHeader(" =?UTF-8?B?xZ4=?=\r\n =?UTF-8?B?aWtheWV0?= var") == "Şikayet var");
  CHECK(DecodeHeader("=?iso-8859-9?Q?=DEikayet_var?=") == "Şikayet var");
  CHECK(DecodeHeader("=?utf-8*tr?q?a?= b =?utf-8?q?c?=") == "a b c");
  CHECK(DecodeHeader("\xDE"
                     "ikayet") == "Şikayet");
  // A character over the border of two words.
  CHECK(DecodeHeader("=?UTF-8?Q?=C5?= =?UTF-8?Q?=9E?=") == "Ş");
  CHECK(DecodeHeader("=?x?= =?UTF-8?X?a?= 3 =? 4") == "=?x?= =?UTF-8?X?a?= 3 =? 4");
  CHECK(DecodeHeader("").empty());
}

TEST_CASE("what is written into a header is read from it") {
  CHECK(rc::check("any words", [] {
    const auto words = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("ş", "İ", "=", "=?UTF-8?Q?x?=", "?", "_", " ", "😀", "a", std::string(100, 'x')));
    std::string text = "x";
    for (const std::string& word : words) text += word;
    text = CleanLine(text);
    const std::string raw = EncodeHeader(text);
    RC_ASSERT(DecodeHeader(raw) == text);
    std::size_t line = 0;
    for (const char c : raw) {
      line = c == '\n' ? 0 : line + 1;
      RC_ASSERT(line <= 76);
    }
  }));
}

TEST_CASE("any header is clean text") {
  CHECK(rc::check("any pieces", [] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("=?", "?=", "?", "UTF-8", "Q", "B", "=", "FF", "\xC5", "\r\n ", "YQ==", "*"));
    std::string raw;
    for (const std::string& piece : pieces) raw += piece;
    RC_ASSERT(IsCleanUtf8(DecodeHeader(raw)));
  }));
}

}  // namespace
}  // namespace esnaf::mail
