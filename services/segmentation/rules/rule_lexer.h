#pragma once

// Cuts the text form of rules into tokens.
#include <cstddef>
#include <string>
#include <string_view>

namespace esnaf::segmentation {

// A piece of the text, in bytes.
struct Span {
  std::size_t offset = 0;
  std::size_t size = 0;
  std::size_t end() const { return offset + size; }
};

// From the start of the first to the end of the second.
inline Span Join(Span first, Span last) { return {first.offset, last.end() - first.offset}; }

struct Token {
  enum class Kind {
    kName,          // orders.count, AND, TRY
    kInteger,       // 12, -5
    kDecimal,       // 1.50, -2e+5
    kDate,          // 2026-01-31
    kTime,          // 2026-01-31T09:30:00Z
    kPeriod,        // 90d, 3mo
    kSignedPeriod,  // -90d, +7d
    kString,        // "vip"; `value` holds what stands between the quotation marks
    kSymbol,        // ( ) , % = != < <= > >=
    kEnd,
    kBad,  // `value` says what is wrong
  };
  Kind kind = Kind::kEnd;
  Span span;
  std::string_view text;  // as it is written
  std::string value;
};

class RuleLexer {
 public:
  // The text is clean UTF-8 and outlives the tokens.
  explicit RuleLexer(std::string_view text) : text_(text) {}

  // The token from here on; behind the last kEnd again and again. Behind kBad nothing follows.
  Token Next();

 private:
  Token Make(Token::Kind kind, std::size_t size);
  Token Bad(Span span, std::string what);
  Token String();
  Token NumberOrTime();
  Token Symbol();
  std::string_view rest() const { return text_.substr(position_); }

  std::string_view text_;
  std::size_t position_ = 0;
};

// Whether two words are the same but for the case of their ASCII letters.
bool SameWord(std::string_view a, std::string_view b);

}  // namespace esnaf::segmentation
