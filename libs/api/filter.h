#pragma once

// The filter language of AIP-160, in the part that maps to SQL:
//
//   state = PAID AND (total.minor >= 10000 OR tags:vip) AND NOT email:* AND create_time < "2026-01-31T00:00:00Z"
//
// OR binds tighter than AND. `-x` is `NOT x`. Comparisons are `= != < > <= >=` and `:` (has): a text holds the value
// whatever its case, an array has the element, any other field equals it; `field:*` asks whether there is a value.
// Strings are quoted by " or ' with the escapes \" \' \\ \n \t; a word without white space, quotes and parentheses
// needs no quotes. Logic is two-valued: a missing value equals nothing, and `!=` and NOT are true of it.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/fields.h"

namespace esnaf::api {

inline constexpr std::size_t kMaxFilterBytes = 4096;
inline constexpr int kMaxFilterDepth = 20;
inline constexpr int kMaxFilterComparisons = 100;

enum class FilterOperator { kEquals, kNotEquals, kLess, kGreater, kLessOrEquals, kGreaterOrEquals, kHas };

struct FilterValue {
  std::string text;
  bool quoted = false;  // an unquoted `*` asks for presence
  bool operator==(const FilterValue&) const = default;
};

struct FilterNode {
  enum class Kind { kAnd, kOr, kNot, kComparison };
  Kind kind = Kind::kComparison;
  std::vector<FilterNode> children;  // two or more of AND and OR, one of NOT
  // A comparison's parts.
  std::string field;
  FilterOperator op = FilterOperator::kEquals;
  FilterValue value;
  // Where it starts in the text, in characters from 1; no part of equality.
  int field_column = 0;
  int value_column = 0;

  bool operator==(const FilterNode& other) const {
    return kind == other.kind && children == other.children && field == other.field && op == other.op &&
           value == other.value;
  }
};

// The tree of a filter that is not empty. INVALID_ARGUMENT naming the field `filter` and the column.
absl::StatusOr<FilterNode> ParseFilter(std::string_view text);
// A text that parses to an equal tree.
std::string PrintFilter(const FilterNode& node);

// The condition of a filter over the allowed fields, with placeholders from $`first_placeholder` on; an empty filter is
// `true`. INVALID_ARGUMENT naming the field `filter` and the column for bad syntax, an unknown field or a value of
// another type.
absl::StatusOr<SqlCondition> FilterToSql(std::string_view text, const FieldTable& fields, int first_placeholder);

}  // namespace esnaf::api
