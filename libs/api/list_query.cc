#include "libs/api/list_query.h"

#include <algorithm>
#include <iterator>

#include "libs/api/filter.h"
#include "libs/base/check.h"
#include "libs/base/macros.h"

namespace esnaf::api {
namespace {

void And(SqlQuery& query, SqlCondition condition) {
  query.sql += " AND (" + condition.sql + ")";
  std::move(condition.params.begin(), condition.params.end(), std::back_inserter(query.params));
}

int NextPlaceholder(const SqlQuery& query) { return static_cast<int>(query.params.size()) + 1; }

}  // namespace

absl::StatusOr<ListQuery> ListQuery::ParseArguments(const google::protobuf::Message& request,
                                                    const Arguments& arguments, const FieldTable& fields,
                                                    const ListOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(OrderBy order, OrderBy::Parse(arguments.order_by, fields, options.default_order));
  ListQuery query(fields, std::move(order));
  ESNAF_ASSIGN_OR_RETURN(query.page_size_,
                         PageSize(arguments.page_size, options.default_page_size, options.max_page_size));
  ESNAF_RETURN_IF_ERROR(FilterToSql(arguments.filter, fields, 1).status());
  query.filter_ = arguments.filter;
  query.fingerprint_ = ListFingerprint(request);
  ESNAF_ASSIGN_OR_RETURN(query.after_, ReadPageToken(arguments.page_token, query.fingerprint_));
  if (!query.after_.empty()) ESNAF_RETURN_IF_ERROR(query.order_.After(query.after_, 1).status());
  return query;
}

SqlQuery ListQuery::Select(std::string_view columns, std::string_view from, std::string_view condition,
                           std::vector<postgres::Param> params) const {
  SqlQuery query{"SELECT ", std::move(params)};
  query.sql.append(columns).append(", ").append(order_.KeyColumns()).append(" FROM ").append(from).append(" WHERE (");
  query.sql.append(condition.empty() ? "true" : condition).append(")");
  // Both were found good when the request was read; only the numbers of the placeholders are new.
  auto filter = FilterToSql(filter_, *fields_, NextPlaceholder(query));
  ESNAF_CHECK(filter.ok());
  And(query, *std::move(filter));
  if (!after_.empty()) {
    auto after = order_.After(after_, NextPlaceholder(query));
    ESNAF_CHECK(after.ok());
    And(query, *std::move(after));
  }
  query.sql += " ORDER BY " + order_.Sql() + " LIMIT " + std::to_string(page_size_ + 1);
  return query;
}

int ListQuery::PageRows(const postgres::Result& rows) const { return std::min(rows.size(), page_size_); }

std::string ListQuery::NextPageToken(const postgres::Result& rows, int first_key_column) const {
  if (rows.size() <= page_size_) return "";
  return MakePageToken(fingerprint_, order_.KeyOf(rows[page_size_ - 1], first_key_column));
}

}  // namespace esnaf::api
