#include "libs/api/filter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::api {
namespace {

using Kind = FilterNode::Kind;

// Longest first, so that `<=` is not read as `<`.
constexpr std::array<std::pair<std::string_view, FilterOperator>, 7> kOperators = {{
    {"!=", FilterOperator::kNotEquals},
    {"<=", FilterOperator::kLessOrEquals},
    {">=", FilterOperator::kGreaterOrEquals},
    {"=", FilterOperator::kEquals},
    {"<", FilterOperator::kLess},
    {">", FilterOperator::kGreater},
    {":", FilterOperator::kHas},
}};

// The escapes of quoted strings: the letter behind the backslash, and what it stands for.
constexpr std::array<std::pair<char, char>, 5> kEscapes = {
    {{'"', '"'}, {'\'', '\''}, {'\\', '\\'}, {'n', '\n'}, {'t', '\t'}}};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNameCharacter(char c) { return IsNameStart(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; }
bool IsWordCharacter(char c) { return !IsSpace(c) && c != '(' && c != ')' && c != '"' && c != '\''; }
bool IsKeyword(std::string_view word) { return word == "AND" || word == "OR" || word == "NOT"; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<FilterNode> ParseAll() {
    ESNAF_ASSIGN_OR_RETURN(FilterNode node, Expression());
    SkipSpace();
    if (position_ < text_.size()) return Error("expected AND, OR or the end");
    return node;
  }

 private:
  // Factors joined by AND, which binds less than OR.
  absl::StatusOr<FilterNode> Expression() { return Joined(Kind::kAnd, "AND", &Parser::Factor); }
  absl::StatusOr<FilterNode> Factor() { return Joined(Kind::kOr, "OR", &Parser::Term); }

  absl::StatusOr<FilterNode> Joined(Kind kind, std::string_view keyword, absl::StatusOr<FilterNode> (Parser::*part)()) {
    FilterNode node;
    node.kind = kind;
    do {
      ESNAF_ASSIGN_OR_RETURN(FilterNode child, (this->*part)());
      node.children.push_back(std::move(child));
    } while (TakeKeyword(keyword));
    if (node.children.size() > 1) return node;
    return FilterNode(std::move(node.children.front()));
  }

  absl::StatusOr<FilterNode> Term() {
    if (!TakeKeyword("NOT") && !TakeCharacter('-')) return Simple();
    ESNAF_ASSIGN_OR_RETURN(FilterNode child, Simple());
    FilterNode node;
    node.kind = Kind::kNot;
    node.children.push_back(std::move(child));
    return node;
  }

  absl::StatusOr<FilterNode> Simple() {
    if (!TakeCharacter('(')) return Comparison();
    if (++depth_ > kMaxFilterDepth) return Error("parentheses are nested too deeply");
    ESNAF_ASSIGN_OR_RETURN(FilterNode node, Expression());
    --depth_;
    if (!TakeCharacter(')')) return Error("expected AND, OR or `)`");
    return node;
  }

  absl::StatusOr<FilterNode> Comparison() {
    if (++comparisons_ > kMaxFilterComparisons) return Error("there are too many comparisons");
    FilterNode node;
    SkipSpace();
    node.field_column = Column();
    const std::string_view name = Peek(IsNameCharacter);
    if (name.empty() || !IsNameStart(name.front()) || IsKeyword(name)) return Error("expected a field");
    node.field = name;
    position_ += name.size();
    SkipSpace();
    if (!TakeOperator(node.op)) return Error("expected one of = != < > <= >= :");
    SkipSpace();
    node.value_column = Column();
    ESNAF_ASSIGN_OR_RETURN(node.value, Value());
    return node;
  }

  absl::StatusOr<FilterValue> Value() {
    if (position_ < text_.size() && (text_[position_] == '"' || text_[position_] == '\'')) return Quoted();
    const std::string_view word = Peek(IsWordCharacter);
    if (word.empty() || IsKeyword(word) || std::string_view("=<>!:").find(word.front()) != std::string_view::npos) {
      return Error("expected a value");
    }
    position_ += word.size();
    return FilterValue{std::string(word), false};
  }

  absl::StatusOr<FilterValue> Quoted() {
    const std::size_t start = position_;
    const char quote = text_[position_++];
    FilterValue value{"", true};
    while (position_ < text_.size() && text_[position_] != quote) {
      char c = text_[position_];
      if (c == '\\') {
        const char letter = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
        const auto escape =
            std::find_if(kEscapes.begin(), kEscapes.end(), [&](const auto& e) { return e.first == letter; });
        if (escape == kEscapes.end()) return Error("there is no such escape in a string");
        c = escape->second;
        ++position_;
      }
      value.text += c;
      ++position_;
    }
    if (position_ == text_.size()) {
      position_ = start;
      return Error("the string does not end");
    }
    ++position_;
    return value;
  }

  void SkipSpace() {
    while (position_ < text_.size() && IsSpace(text_[position_])) ++position_;
  }

  // The longest piece from here on of characters that the predicate takes.
  std::string_view Peek(bool (*takes)(char)) const {
    std::size_t end = position_;
    while (end < text_.size() && takes(text_[end])) ++end;
    return text_.substr(position_, end - position_);
  }

  bool TakeKeyword(std::string_view keyword) {
    SkipSpace();
    if (Peek(IsNameCharacter) != keyword) return false;
    position_ += keyword.size();
    return true;
  }

  bool TakeCharacter(char c) {
    SkipSpace();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  bool TakeOperator(FilterOperator& op) {
    for (const auto& [sign, meaning] : kOperators) {
      if (text_.substr(position_, sign.size()) != sign) continue;
      position_ += sign.size();
      op = meaning;
      return true;
    }
    return false;
  }

  // The place in characters, as an editor counts it.
  int Column() const {
    const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return 1 + static_cast<int>(std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(position_),
                                              starts_character));
  }

  absl::Status Error(const char* description) const {
    return InvalidField("filter", "column " + std::to_string(Column()) + ": " + description);
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int depth_ = 0;
  int comparisons_ = 0;
};

std::string_view SignOf(FilterOperator op) {
  return std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& entry) { return entry.second == op; })
      ->first;
}

void PrintValue(std::string& out, const FilterValue& value) {
  if (!value.quoted) {
    out += value.text;
    return;
  }
  out += '"';
  for (const char c : value.text) {
    // An apostrophe needs no escape between quotation marks.
    const auto escape =
        std::find_if(kEscapes.begin(), kEscapes.end(), [&](const auto& e) { return e.second == c && c != '\''; });
    if (escape != kEscapes.end()) {
      out += '\\';
      out += escape->first;
    } else {
      out += c;
    }
  }
  out += '"';
}

void Print(std::string& out, const FilterNode& node);

// Whatever is more than a comparison stands in parentheses, also where it could do without: nobody has to know that OR
// binds tighter.
void PrintPart(std::string& out, const FilterNode& node, bool in_not) {
  const bool parentheses = node.kind == Kind::kAnd || node.kind == Kind::kOr || (in_not && node.kind == Kind::kNot);
  if (parentheses) out += '(';
  Print(out, node);
  if (parentheses) out += ')';
}

void Print(std::string& out, const FilterNode& node) {
  switch (node.kind) {
    case Kind::kComparison:
      out.append(node.field).append(" ").append(SignOf(node.op)).append(" ");
      PrintValue(out, node.value);
      return;
    case Kind::kNot:
      out += "NOT ";
      PrintPart(out, node.children[0], true);
      return;
    case Kind::kAnd:
    case Kind::kOr:
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += node.kind == Kind::kAnd ? " AND " : " OR ";
        PrintPart(out, node.children[i], false);
      }
  }
}

}  // namespace

absl::StatusOr<FilterNode> ParseFilter(std::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return InvalidField("filter", "is longer than " + std::to_string(kMaxFilterBytes) + " bytes");
  }
  if (!IsCleanUtf8(text)) return InvalidField("filter", "is no clean UTF-8");
  return Parser(text).ParseAll();
}

std::string PrintFilter(const FilterNode& node) {
  std::string out;
  Print(out, node);
  return out;
}

}  // namespace esnaf::api
