#include "services/support/attachments/attachment.h"

#include "libs/base/text.h"
#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

TEST_CASE("a name has no folders and nothing that is not shown") {
  CHECK(AttachmentName("fatura.pdf") == "fatura.pdf");
  CHECK(AttachmentName("../../etc/passwd") == "passwd");
  CHECK(AttachmentName("C:\\Users\\a\\fotoğraf.jpg") == "fotoğraf.jpg");
  CHECK(AttachmentName("a\r\nX: b\"") == "aX: b\"");
  for (const std::string name : {"", "..", "a/", "\x01", "\xff"}) CHECK(AttachmentName(name) == "attachment");
  const std::string large = AttachmentName(std::string(500, 'x') + "ş");
  CHECK(large.size() == 200);
}

TEST_CASE("programs and scripts are refused by name, type and content") {
  CHECK(WhyRefused("a.exe", "", "x"));
  CHECK(WhyRefused("fatura.pdf.EXE", "application/pdf", "x"));
  CHECK(WhyRefused("a.js. ", "", "x"));
  CHECK(WhyRefused("a", "application/x-msdownload", "x"));
  CHECK(WhyRefused("a", "Text/JavaScript; charset=utf-8", "x"));
  CHECK(WhyRefused("a.png", "image/png", "MZ\x90"));
  CHECK(WhyRefused("a.png", "image/png",
                   "\x7f"
                   "ELF"));
  CHECK(WhyRefused("a.txt", "text/plain", "#!/bin/sh"));
}

TEST_CASE("what people send is taken") {
  CHECK_FALSE(WhyRefused("a.png", "image/png", "\x89PNG"));
  CHECK_FALSE(WhyRefused("exe", "text/plain", "exe"));
  CHECK_FALSE(WhyRefused("Fatura.PDF", "application/pdf", "%PDF"));
  CHECK_FALSE(WhyRefused("a.zip", "application/zip", "PK"));
}

TEST_CASE("a media type becomes a header, so it holds nothing else") {
  for (const std::string type : {"image/png", "application/vnd.a.b+xml"}) CHECK(IsMediaType(type));
  for (const std::string type : {"", "/", "a/", "/a", "a", "a/b/c", "a/b\r\nX: 1", "a/b;c=d", "a /b"}) {
    CAPTURE(type);
    CHECK_FALSE(IsMediaType(type));
  }
}

TEST_CASE("what is empty or too large is refused") {
  CHECK(WhyRefused("a.txt", "text/plain", "") == "is empty");
  CHECK_FALSE(WhyRefused("a.txt", "text/plain", std::string(kMaxAttachmentBytes, 'x')));
  CHECK(WhyRefused("a.txt", "text/plain", std::string(kMaxAttachmentBytes + 1, 'x')));
}

}  // namespace
}  // namespace esnaf::support
