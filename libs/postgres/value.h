#pragma once

// What goes into and comes out of SQL, as text. Parameters are made from our own types; a row gives them back.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::postgres {

// Raw bytes for a bytea column; std::string is text.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

template <typename T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

// One parameter: SQL text, or NULL.
class Param {
 public:
  Param(std::nullopt_t) {}
  Param(std::string value) : text_(std::move(value)) {}
  Param(std::string_view value) : text_(std::string(value)) {}
  Param(const char* value) : text_(std::string(value)) {}
  // Only bool itself: a pointer is no truth value.
  template <std::same_as<bool> T>
  Param(T value) : text_(value ? "t" : "f") {}
  template <Integer T>
  Param(T value) : text_(std::to_string(value)) {}
  Param(double value);
  Param(char) = delete;            // would silently become a number
  Param(std::nullptr_t) = delete;  // NULL is std::nullopt
  Param(const Uuid& value) : text_(value.ToString()) {}
  // Time::max() and Time::min() are Postgres' infinity and -infinity.
  Param(Time value);
  Param(Date value);
  Param(const Bytes& value);
  template <typename T>
  Param(const std::optional<T>& value) {
    if (value) text_ = std::move(Param(*value).text_);
  }
  template <typename T>
  Param(std::optional<T>&& value) {
    if (value) text_ = std::move(Param(*std::move(value)).text_);
  }
  // Arrays become Postgres array literals; an element may be optional (NULL).
  template <typename T>
  Param(const std::vector<T>& values) : text_("{") {
    for (const auto& value : values) AppendElement(*text_, Param(value));
    text_->push_back('}');
  }

  const std::optional<std::string>& text() const { return text_; }

 private:
  static void AppendElement(std::string& literal, const Param& element);
  std::optional<std::string> text_;
};

// Reads one value from its text form. T: std::string, std::int64_t, std::uint64_t, int, double, bool, Uuid, Time, Date,
// Bytes, and std::vector of these (an element may be std::optional for NULL). A text that is none of T is a
// programming error (a column of another type) and throws std::logic_error; Connection::Run turns it into INTERNAL.
template <typename T>
T ParseValue(std::string_view text);

template <>
std::string ParseValue<std::string>(std::string_view text);
template <>
std::int64_t ParseValue<std::int64_t>(std::string_view text);
template <>
std::uint64_t ParseValue<std::uint64_t>(std::string_view text);
template <>
int ParseValue<int>(std::string_view text);
template <>
double ParseValue<double>(std::string_view text);
template <>
bool ParseValue<bool>(std::string_view text);
template <>
Uuid ParseValue<Uuid>(std::string_view text);
template <>
Time ParseValue<Time>(std::string_view text);
template <>
Date ParseValue<Date>(std::string_view text);
template <>
Bytes ParseValue<Bytes>(std::string_view text);

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

// Walks over the elements of a one-dimensional array literal: `{a,"b \"c\"",NULL}`. Throws std::logic_error where the
// text is none.
class ArrayReader {
 public:
  explicit ArrayReader(std::string_view literal);
  // Moves to the next element; false at the end.
  bool Next();
  bool is_null() const { return is_null_; }
  // Valid until the next call of Next().
  std::string_view text() const { return text_; }

 private:
  void ReadQuoted();
  void ReadBare();
  std::string_view rest_;
  std::string_view text_;
  std::string unescaped_;
  bool first_ = true;
  bool is_null_ = false;
};

[[noreturn]] void ThrowNullElement();

template <typename T>
T ParseValue(std::string_view text) {
  static_assert(IsVector<T>::value, "a column is no value of this type");
  using Element = typename T::value_type;
  T values;
  for (ArrayReader reader(text); reader.Next();) {
    if constexpr (IsOptional<Element>::value) {
      if (reader.is_null()) {
        values.push_back(std::nullopt);
      } else {
        values.push_back(ParseValue<typename Element::value_type>(reader.text()));
      }
    } else {
      if (reader.is_null()) ThrowNullElement();
      values.push_back(ParseValue<Element>(reader.text()));
    }
  }
  return values;
}

}  // namespace esnaf::postgres
