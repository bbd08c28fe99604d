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
  kEnum,     // see Field::enum_values
  kTextMap,  // jsonb object: `custom.size = "XL"` compares `sql ->> 'size'`
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
