#include "libs/mail/clean_text.h"

#include <unicode/ucnv.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <memory>

#include "libs/base/text.h"

namespace esnaf::mail {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

Converter Open(const std::string& charset) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(charset.c_str(), &error));
  if (U_FAILURE(error)) return nullptr;
  return converter;
}

bool IsUtf8(std::string_view bytes) {
  std::int32_t at = 0;
  const auto size = static_cast<std::int32_t>(bytes.size());
  while (at < size) {
    UChar32 c;
    U8_NEXT(bytes.data(), at, size, c);
    if (c < 0) return false;
  }
  return true;
}

Converter ConverterFor(std::string_view bytes, const std::string& charset) {
  // An empty name would mean the machine's own charset. Much that says ASCII or nothing is something else.
  const bool named = !charset.empty() && LowerCase(charset) != "us-ascii";
  Converter converter = named ? Open(charset) : nullptr;
  if (converter != nullptr) return converter;
  return Open(IsUtf8(bytes) ? "UTF-8" : "windows-1254");
}

}  // namespace

std::string CleanText(std::string_view bytes, const std::string& charset) {
  const Converter converter = ConverterFor(bytes, charset);
  if (converter == nullptr) return "";
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString text(bytes.data(), static_cast<std::int32_t>(bytes.size()), converter.get(), error);
  if (U_FAILURE(error)) return "";
  icu::UnicodeString clean;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (c == '\r') {
      if (i + 1 >= text.length() || text.charAt(i + 1) != '\n') clean.append(UChar32{'\n'});
    } else if (c == 0xA0) {
      clean.append(UChar32{' '});
    } else if (U_IS_SURROGATE(c)) {
      clean.append(UChar32{0xFFFD});
    } else if (c == '\n' || c == '\t' || (c >= ' ' && c != 0x7F && c != 0xFEFF)) {
      clean.append(c);
    }
  }
  std::string utf8;
  clean.toUTF8String(utf8);
  return utf8;
}

std::string CleanLine(std::string_view text) {
  std::string line;
  for (const char c : CleanText(text, "UTF-8")) {
    const bool space = c == ' ' || c == '\n' || c == '\t';
    if (!space) {
      line.push_back(c);
    } else if (!line.empty() && line.back() != ' ') {
      line.push_back(' ');
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace esnaf::mail
