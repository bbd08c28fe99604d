#include "services/segmentation/rules/rule_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace esnaf::segmentation {
namespace {

using Kind = Token::Kind;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsNameCharacter(char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == '.' || c == '-'; }
bool IsTimeCharacter(char c) { return IsDigit(c) || std::string_view(":.TtZz+-").find(c) != std::string_view::npos; }

char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// How many of the first characters the predicate takes.
std::size_t Run(std::string_view text, std::size_t from, bool (*takes)(char)) {
  std::size_t end = from;
  while (end < text.size() && takes(text[end])) ++end;
  return end - from;
}

bool StartsWithDate(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (text.size() < kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !IsDigit(text[i]) : text[i] != '-') return false;
  }
  return text.size() == kShape.size() || !IsDigit(text[kShape.size()]);
}

// The size of an exponent at `from`; 0 where none is.
std::size_t ExponentAt(std::string_view text, std::size_t from) {
  if (from >= text.size() || AsciiLower(text[from]) != 'e') return 0;
  std::size_t digits = from + 1;
  if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
  const std::size_t count = Run(text, digits, IsDigit);
  return count == 0 ? 0 : digits + count - from;
}

// How many bytes the character has that starts the text.
std::size_t CharacterSize(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

constexpr std::array<std::pair<char, char>, 6> kEscapes = {
    {{'"', '"'}, {'\'', '\''}, {'\\', '\\'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}}};

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return AsciiLower(x) == AsciiLower(y); });
}

Token RuleLexer::Make(Token::Kind kind, std::size_t size) {
  Token token{kind, {position_, size}, text_.substr(position_, size), {}};
  position_ += size;
  return token;
}

Token RuleLexer::Bad(Span span, std::string what) {
  position_ = text_.size();
  return {Kind::kBad, span, text_.substr(span.offset, span.size), std::move(what)};
}

Token RuleLexer::Next() {
  position_ += Run(text_, position_, IsSpace);
  if (position_ == text_.size()) return Make(Kind::kEnd, 0);
  const char c = text_[position_];
  if (IsLetter(c) || c == '_') return Make(Kind::kName, Run(text_, position_, IsNameCharacter));
  if (c == '"' || c == '\'') return String();
  const bool sign = c == '+' || c == '-';
  if (IsDigit(c) || (sign && position_ + 1 < text_.size() && IsDigit(text_[position_ + 1]))) return NumberOrTime();
  return Symbol();
}

Token RuleLexer::NumberOrTime() {
  const std::string_view text = rest();
  if (StartsWithDate(text)) {
    constexpr std::size_t kDateSize = 10;
    if (text.size() == kDateSize || AsciiLower(text[kDateSize]) != 't') return Make(Kind::kDate, kDateSize);
    return Make(Kind::kTime, Run(text, 0, IsTimeCharacter));
  }
  const bool sign = !IsDigit(text.front());
  std::size_t size = (sign ? 1 : 0) + Run(text, sign ? 1 : 0, IsDigit);
  bool whole = true;
  if (size + 1 < text.size() && text[size] == '.' && IsDigit(text[size + 1])) {
    whole = false;
    size += 1 + Run(text, size + 1, IsDigit);
  }
  if (const std::size_t exponent = ExponentAt(text, size); exponent > 0) {
    whole = false;
    size += exponent;
  }
  const std::size_t letters = Run(text, size, IsLetter);
  if (letters == 0) return Make(whole ? Kind::kInteger : Kind::kDecimal, size);
  constexpr std::array<std::string_view, 5> kUnits = {"h", "d", "w", "mo", "y"};
  const auto is_unit = [&](std::string_view unit) { return SameWord(unit, text.substr(size, letters)); };
  if (whole && std::any_of(kUnits.begin(), kUnits.end(), is_unit)) {
    return Make(sign ? Kind::kSignedPeriod : Kind::kPeriod, size + letters);
  }
  return Bad({position_ + size, letters}, "expected a unit of time (h, d, w, mo or y) right behind a whole number");
}

Token RuleLexer::String() {
  const std::size_t start = position_;
  const char quote = text_[start];
  std::string value;
  for (std::size_t i = start + 1; i < text_.size() && text_[i] != '\n'; ++i) {
    if (text_[i] == quote) {
      Token token = Make(Kind::kString, i + 1 - start);
      token.value = std::move(value);
      return token;
    }
    if (text_[i] != '\\') {
      value += text_[i];
      continue;
    }
    const char letter = i + 1 < text_.size() ? text_[i + 1] : '\0';
    const auto escape =
        std::find_if(kEscapes.begin(), kEscapes.end(), [&](const auto& entry) { return entry.first == letter; });
    if (escape == kEscapes.end()) {
      const std::size_t size = i + 1 < text_.size() ? 1 + CharacterSize(text_.substr(i + 1)) : 1;
      return Bad({i, size}, R"(there is no such escape in a text; there are \" \' \\ \n \r \t)");
    }
    value += escape->second;
    ++i;
  }
  return Bad({start, 1}, "the text has no closing quotation mark on its line");
}

Token RuleLexer::Symbol() {
  constexpr std::array<std::string_view, 12> kSymbols = {"!=", "<=", ">=", "==", "<>", "=",
                                                         "<",  ">",  "(",  ")",  ",",  "%"};
  for (const std::string_view symbol : kSymbols) {
    if (rest().substr(0, symbol.size()) == symbol) return Make(Kind::kSymbol, symbol.size());
  }
  return Bad({position_, CharacterSize(rest())}, "there is no such sign; texts stand in quotation marks");
}

}  // namespace esnaf::segmentation
