#include "libs/mail/header_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "libs/base/absl_compat.h"
#include "libs/base/text.h"
#include "libs/mail/clean_text.h"

namespace esnaf::mail {
namespace {

constexpr std::size_t kMostWordBytes = 75;
constexpr std::string_view kBefore = "=?UTF-8?Q?";
constexpr std::string_view kAfter = "?=";

struct EncodedWord {
  std::string charset;
  std::string bytes;
  std::size_t length = 0;  // as it stands in the header
};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string DecodeQ(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '=' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 && HexValue(text[i + 2]) >= 0;
    if (escape) {
      bytes.push_back(static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])));
      i += 2;
    } else {
      bytes.push_back(text[i] == '_' ? ' ' : text[i]);
    }
  }
  return bytes;
}

// RFC 2047 allows 75; some write longer ones.
constexpr std::size_t kLongestWordRead = 2000;

// The word that the text begins with; nothing of length 0 where it begins with none.
EncodedWord ReadWord(std::string_view text) {
  if (!text.starts_with("=?")) return {};
  text = text.substr(0, kLongestWordRead);
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?')
    return {};
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find("?=", begin);
  if (end == std::string_view::npos) return {};
  // The language that RFC 2231 lets follow says nothing about the bytes.
  const std::string_view named = text.substr(2, charset_end - 2);
  EncodedWord word{.charset = std::string(named.substr(0, named.find('*'))), .length = end + 2};
  const std::string_view payload = text.substr(begin, end - begin);
  const char encoding = absl::ascii_tolower(static_cast<unsigned char>(text[charset_end + 1]));
  if (encoding == 'q') {
    word.bytes = DecodeQ(payload);
  } else if (encoding != 'b' || !absl::Base64Unescape(ToAbsl(payload), &word.bytes)) {
    return {};
  }
  return word;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::string DecodeHeader(std::string_view raw) {
  std::string text, plain;
  EncodedWord open;  // words of one charset are read together: a character may go over the border of two
  const auto close = [&] {
    text += CleanText(open.bytes, open.charset);
    open = {};
  };
  while (!raw.empty()) {
    const EncodedWord word = ReadWord(raw);
    if (word.length == 0) {
      plain.push_back(raw.front());
      raw.remove_prefix(1);
      continue;
    }
    // White space between two words is no part of the text.
    const bool adjacent = open.length != 0 && std::all_of(plain.begin(), plain.end(), IsSpace);
    if (!adjacent || open.charset != word.charset) {
      close();
      if (!adjacent) text += CleanText(plain, "");
    }
    plain.clear();
    open.charset = word.charset;
    open.length = word.length;
    open.bytes += word.bytes;
    raw.remove_prefix(word.length);
  }
  close();
  return CleanLine(text + CleanText(plain, ""));
}

std::string EncodeHeader(std::string_view text) {
  std::string out, word(kBefore);
  const std::string clean = CleanLine(text);
  std::string_view rest = clean;
  while (!rest.empty()) {
    std::size_t size = 1;
    while (size < rest.size() && (static_cast<unsigned char>(rest[size]) & 0xC0) == 0x80) ++size;
    std::string piece;
    for (const char c : rest.substr(0, size)) {
      if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
        piece.push_back(c);
      } else {
        piece += c == ' ' ? "_" : absl::StrFormat("=%02X", static_cast<unsigned char>(c));
      }
    }
    if (word.size() + piece.size() + kAfter.size() > kMostWordBytes) {
      absl::StrAppend(&out, out.empty() ? " " : "\n ", word, ToAbsl(kAfter));
      word = kBefore;
    }
    word += piece;
    rest.remove_prefix(size);
  }
  absl::StrAppend(&out, out.empty() ? " " : "\n ", word, ToAbsl(kAfter));
  return out;
}

}  // namespace esnaf::mail
