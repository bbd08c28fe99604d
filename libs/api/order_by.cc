#include "libs/api/order_by.h"

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::api {
namespace {

// Keys come as text. An enum's column has a type that the table does not tell, so Postgres infers it.
const char* CastOf(FieldType type) {
  switch (type) {
    case FieldType::kText:
      return "::text";
    case FieldType::kInteger:
      return "::bigint";
    case FieldType::kNumber:
      return "::double precision";
    case FieldType::kTime:
      return "::timestamptz";
    case FieldType::kBoolean:
      return "::boolean";
    case FieldType::kUuid:
      return "::uuid";
    default:
      return "";
  }
}

absl::Status Invalid(std::string_view term, const char* description) {
  return InvalidField("order_by", "`" + std::string(Truncate(term, 100)) + "` " + description);
}

// `name`, `name asc` or `name desc`.
absl::StatusOr<bool> TakeDirection(std::string_view& term) {
  const std::size_t space = term.find_first_of(" \t");
  if (space == std::string_view::npos) return false;
  const std::string_view direction = Trim(term.substr(space));
  if (direction != "asc" && direction != "desc") return Invalid(term, "ends neither in asc nor in desc");
  term = term.substr(0, space);
  return direction == "desc";
}

std::string Placeholder(int number) { return "$" + std::to_string(number); }

}  // namespace

absl::StatusOr<OrderBy> OrderBy::Parse(std::string_view text, const FieldTable& fields,
                                       std::string_view default_order) {
  if (text.size() > kMaxOrderByBytes) return InvalidField("order_by", "is too long");
  std::string_view rest = Trim(text).empty() ? Trim(default_order) : Trim(text);
  OrderBy order;
  bool has_id = false;
  bool more = !rest.empty();
  while (more) {
    const std::size_t comma = rest.find(',');
    std::string_view term = Trim(rest.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    ESNAF_ASSIGN_OR_RETURN(const bool descending, TakeDirection(term));
    const Field* field = fields.Find(term);
    if (field == nullptr) return Invalid(term, "is no field to sort by");
    if (field->type == FieldType::kTextArray || field->type == FieldType::kTextMap)
      return Invalid(term, "has no order");
    const auto same = [&](const Term& other) { return other.sql == field->sql; };
    if (std::any_of(order.terms_.begin(), order.terms_.end(), same)) return Invalid(term, "is named twice");
    order.terms_.push_back({field->sql, field->type, field->nullable, descending});
    has_id = has_id || field->sql == fields.id_sql;
  }
  // In the direction of the last field, so that an order of one field is one comparison of rows, which an index serves.
  if (!has_id) {
    const bool descending = !order.terms_.empty() && order.terms_.back().descending;
    order.terms_.push_back({fields.id_sql, FieldType::kUuid, false, descending});
  }
  return order;
}

std::string OrderBy::Sql() const {
  std::string sql;
  for (const Term& term : terms_) {
    sql += (sql.empty() ? "" : ", ") + term.sql + (term.descending ? " DESC" : "");
  }
  return sql;
}

std::string OrderBy::KeyColumns() const {
  std::string sql;
  for (const Term& term : terms_) sql += (sql.empty() ? "(" : ", (") + term.sql + ")::text";
  return sql;
}

PageKey OrderBy::KeyOf(const postgres::Row& row, int first_column) const {
  PageKey key;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    key.push_back(row.Get<std::optional<std::string>>(first_column + static_cast<int>(i)));
  }
  return key;
}

absl::StatusOr<SqlCondition> OrderBy::After(const PageKey& key, int first_placeholder) const {
  if (key.size() != terms_.size()) return InvalidField("page_token", "was answered to a list in another order");
  bool one_direction = true;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    if (!terms_[i].nullable && !key[i]) return InvalidField("page_token", "is no token that a list answered");
    one_direction = one_direction && !terms_[i].nullable && terms_[i].descending == terms_[0].descending;
  }
  return one_direction ? AfterInOneDirection(key, first_placeholder) : AfterTermByTerm(key, first_placeholder);
}

// `(a, b, id) > ($1, $2, $3)`
SqlCondition OrderBy::AfterInOneDirection(const PageKey& key, int first_placeholder) const {
  std::string columns, values;
  SqlCondition condition;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    columns += (i == 0 ? "" : ", ") + terms_[i].sql;
    values += (i == 0 ? "" : ", ") + Placeholder(first_placeholder + static_cast<int>(i)) + CastOf(terms_[i].type);
    condition.params.emplace_back(*key[i]);
  }
  condition.sql = "(" + columns + (terms_[0].descending ? ") < (" : ") > (") + values + ")";
  return condition;
}

// `(a < $1) OR (a = $1 AND (b > $2 OR b IS NULL)) OR ...`, with Postgres' order of NULL: as if greater than all else.
SqlCondition OrderBy::AfterTermByTerm(const PageKey& key, int first_placeholder) const {
  SqlCondition condition;
  condition.sql.clear();
  std::string equal_so_far;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const Term& term = terms_[i];
    const std::string column = "(" + term.sql + ")";
    std::string behind, equal;
    if (key[i]) {
      const std::string value =
          Placeholder(first_placeholder + static_cast<int>(condition.params.size())) + CastOf(term.type);
      condition.params.emplace_back(*key[i]);
      equal = column + " = " + value;
      behind = column + (term.descending ? " < " : " > ") + value;
      if (term.nullable && !term.descending) behind = "(" + behind + " OR " + column + " IS NULL)";
    } else {
      equal = column + " IS NULL";
      behind = term.descending ? column + " IS NOT NULL" : "false";
    }
    condition.sql += (i == 0 ? "(" : " OR (") + equal_so_far + behind + ")";
    equal_so_far += equal + " AND ";
  }
  condition.sql = "(" + condition.sql + ")";
  return condition;
}

}  // namespace esnaf::api
