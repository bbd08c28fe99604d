#include "libs/postgres/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace esnaf::postgres {
namespace {

// The message names the type only: the text may hold data.
[[noreturn]] void ThrowNoValue(const char* type) {
  throw std::logic_error(std::string("a column's text is no ") + type);
}

template <typename T>
T ParseNumber(std::string_view text, const char* type) {
  T value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) ThrowNoValue(type);
  return value;
}

constexpr char kHexDigits[] = "0123456789abcdef";

constexpr std::array<std::int8_t, 256> MakeHexValues() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int digit = 0; digit < 16; ++digit) {
    values[static_cast<unsigned char>(kHexDigits[digit])] = static_cast<std::int8_t>(digit);
    if (digit >= 10) values[static_cast<std::size_t>('A' + digit - 10)] = static_cast<std::int8_t>(digit);
  }
  return values;
}

constexpr std::array<std::int8_t, 256> kHexValues = MakeHexValues();

bool IsArraySpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

// What Postgres would not read back as it stands between two commas of an array literal.
bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (char c : text) {
    if (c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || IsArraySpace(c)) return true;
  }
  const auto same_letter = [](char a, char b) { return (a | 0x20) == b; };
  constexpr std::string_view kNull = "null";
  return text.size() == kNull.size() && std::equal(text.begin(), text.end(), kNull.begin(), same_letter);
}

}  // namespace

Param::Param(double value) {
  if (std::isnan(value)) {
    text_ = "NaN";
  } else if (std::isinf(value)) {
    text_ = value > 0 ? "Infinity" : "-Infinity";
  } else {
    // The shortest text that reads back as the same number.
    char buffer[32];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
    text_.emplace(buffer, end);
  }
}

Param::Param(const Bytes& value) : text_(std::in_place, value.data.size() * 2 + 2, 'x') {
  char* out = text_->data();
  *out = '\\';
  out += 2;
  for (unsigned char byte : value.data) {
    *out++ = kHexDigits[byte >> 4];
    *out++ = kHexDigits[byte & 15];
  }
}

void Param::AppendElement(std::string& literal, const Param& element) {
  if (literal.size() > 1) literal.push_back(',');
  if (!element.text_) {
    literal += "NULL";
  } else if (!NeedsQuotes(*element.text_)) {
    literal += *element.text_;
  } else {
    literal.push_back('"');
    for (char c : *element.text_) {
      if (c == '"' || c == '\\') literal.push_back('\\');
      literal.push_back(c);
    }
    literal.push_back('"');
  }
}

template <>
std::string ParseValue<std::string>(std::string_view text) {
  return std::string(text);
}

template <>
std::int64_t ParseValue<std::int64_t>(std::string_view text) {
  return ParseNumber<std::int64_t>(text, "bigint");
}

template <>
std::uint64_t ParseValue<std::uint64_t>(std::string_view text) {
  return ParseNumber<std::uint64_t>(text, "unsigned number");
}

template <>
int ParseValue<int>(std::string_view text) {
  return ParseNumber<int>(text, "integer");
}

template <>
double ParseValue<double>(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return ParseNumber<double>(text, "double precision");
}

template <>
bool ParseValue<bool>(std::string_view text) {
  if (text != "t" && text != "f") ThrowNoValue("boolean");
  return text == "t";
}

template <>
Uuid ParseValue<Uuid>(std::string_view text) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id) ThrowNoValue("uuid");
  return *id;
}

template <>
Bytes ParseValue<Bytes>(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) ThrowNoValue("bytea");
  text.remove_prefix(2);
  Bytes bytes{std::string(text.size() / 2, '\0')};
  int invalid = 0;
  for (std::size_t i = 0; i < bytes.data.size(); ++i) {
    const int high = kHexValues[static_cast<unsigned char>(text[2 * i])];
    const int low = kHexValues[static_cast<unsigned char>(text[2 * i + 1])];
    invalid |= high | low;
    bytes.data[i] = static_cast<char>((high & 15) << 4 | (low & 15));
  }
  if (invalid < 0) ThrowNoValue("bytea");
  return bytes;
}

ArrayReader::ArrayReader(std::string_view literal) : rest_(literal) {
  // Where an array's subscripts do not begin at 1, Postgres names them first: `[0:2]={...}`.
  if (rest_.starts_with('[')) rest_.remove_prefix(std::min(rest_.find('=') + 1, rest_.size()));
  if (rest_.size() < 2 || rest_.front() != '{' || rest_.back() != '}') ThrowNoValue("array");
  rest_ = rest_.substr(1, rest_.size() - 2);
}

bool ArrayReader::Next() {
  if (rest_.empty()) return false;
  if (!first_) {
    if (rest_.front() != ',' || rest_.size() == 1) ThrowNoValue("array");
    rest_.remove_prefix(1);
  }
  first_ = false;
  is_null_ = false;
  if (rest_.front() == '"') {
    ReadQuoted();
  } else {
    ReadBare();
  }
  return true;
}

void ArrayReader::ReadQuoted() {
  rest_.remove_prefix(1);
  const std::size_t special = rest_.find_first_of("\"\\");
  if (special != std::string_view::npos && rest_[special] == '"') {
    text_ = rest_.substr(0, special);
    rest_.remove_prefix(special + 1);
    return;
  }
  unescaped_.clear();
  std::size_t i = 0;
  while (i < rest_.size() && rest_[i] != '"') {
    if (rest_[i] == '\\') ++i;
    if (i == rest_.size()) break;
    unescaped_.push_back(rest_[i++]);
  }
  if (i == rest_.size()) ThrowNoValue("array");
  rest_.remove_prefix(i + 1);
  text_ = unescaped_;
}

void ArrayReader::ReadBare() {
  const std::size_t end = std::min(rest_.find(','), rest_.size());
  text_ = rest_.substr(0, end);
  // A brace means an array of arrays, a quote or a backslash that the text was never an array literal.
  if (text_.empty() || text_.find_first_of("{}\"\\") != std::string_view::npos) ThrowNoValue("one-dimensional array");
  is_null_ = text_ == "NULL";
  rest_.remove_prefix(end);
}

void ThrowNullElement() { throw std::logic_error("an array holds NULL where its elements are not optional"); }

}  // namespace esnaf::postgres
