#pragma once

// Which fields of a resource can be filtered and sorted by, and what they are in SQL.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/postgres/value.h"

namespace esnaf::api {

enum class FieldType {
  kText,
  kInteger,
  kNumber,  // double precision
  kTime,    // timestamptz
  kBoolean,
  kTextArray,  // text[]
  kUuid,
  kEnum,  // see Field::enum_values
  // A jsonb object: `custom.size = "XL"` compares `sql ->> 'size'`. An entry may also be an array of texts, of which
  // `:` asks for one; {"date": "2026-01-31"}, which compares as that text; and {"minor": 150000, "currency_code":
  // "TRY"}, which compares with `"1500.00 TRY"`: amounts in another currency are neither less, equal nor greater.
  kTextMap,
};

struct Field {
  std::string name;  // as the API calls it: `create_time`, `total.minor`
  std::string sql;   // a column or an expression, for example `o.create_time`
  FieldType type = FieldType::kText;
  // Whether `sql` can be NULL: sorting by it then needs more than a comparison of rows.
  bool nullable = false;
  // kEnum: each name of the API with the column's value for it: {{"PAID", "3"}}.
  std::vector<std::pair<std::string, std::string>> enum_values = {};
  // kText: an expression that holds FoldName of the text; `name:"istanbul"` then finds İSTANBUL (and uses its index).
  std::string folded_sql = {};
};

struct FieldTable {
  std::vector<Field> fields;
  // A uuid that is unique among the rows: ends every order, so that pages never overlap.
  std::string id_sql = "id";

  const Field* Find(std::string_view name) const;
};

// A condition made at run time: our own text with placeholders, and what they stand for.
struct SqlCondition {
  std::string sql = "true";
  std::vector<postgres::Param> params;
};

}  // namespace esnaf::api
