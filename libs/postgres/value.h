#pragma once

// What goes into and comes out of SQL, as text. Parameters are made from our own types; a row gives them back.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::postgres {

// Raw bytes for a bytea column; std::string is text.
struct Bytes {
  std::string data;
};

// One parameter: SQL text, or NULL.
class Param {
 public:
  Param(std::nullopt_t) {}
  Param(std::string value) : text_(std::move(value)) {}
  Param(std::string_view value) : text_(std::string(value)) {}
  Param(const char* value) : text_(std::string(value)) {}
  Param(bool value) : text_(value ? "t" : "f") {}
  Param(std::int64_t value) : text_(std::to_string(value)) {}
  Param(std::uint64_t value) : text_(std::to_string(value)) {}
  Param(int value) : text_(std::to_string(value)) {}
  Param(double value);
  Param(const Uuid& value) : text_(value.ToString()) {}
  Param(Time value);
  Param(Date value);
  Param(const Bytes& value);
  template <typename T>
  Param(const std::optional<T>& value) {
    if (value) text_ = Param(*value).text_;
  }
  // Arrays become Postgres array literals; an element may be optional (NULL).
  template <typename T>
  Param(const std::vector<T>& values) {
    std::vector<Param> elements(values.begin(), values.end());
    text_ = ArrayLiteral(elements);
  }

  const std::optional<std::string>& text() const { return text_; }

 private:
  static std::string ArrayLiteral(const std::vector<Param>& elements);
  std::optional<std::string> text_;
};

// Reads one value from its text form. T: std::string, std::int64_t, int, double, bool, Uuid, Time, Date, Bytes,
// std::vector<std::string>, std::vector<std::int64_t>, std::vector<Uuid>, std::vector<bool>. A text that is none
// of T is a programming error (a column of another type) and throws std::logic_error; RunTransaction turns it
// into INTERNAL.
template <typename T>
T ParseValue(std::string_view text);

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

}  // namespace esnaf::postgres
