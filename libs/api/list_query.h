#pragma once

// A List method as one statement. The request has page_size, page_token and, where the method offers them, filter and
// order_by:
//
//   ESNAF_ASSIGN_OR_RETURN(auto query, api::ListQuery::Parse(request, kOrderFields, {.default_order = "create_time
//   desc"})); auto sql = query.Select("o.id, o.state", "orders o", "o.store_id = $1", {store_id});
//   ESNAF_ASSIGN_OR_RETURN(auto rows, tx.ExecuteDynamic(sql.sql, sql.params));
//   for (int i = 0; i < query.PageRows(rows); ++i) ...
//   response.set_next_page_token(query.NextPageToken(rows, /*first_key_column=*/2));
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/api/fields.h"
#include "libs/api/order_by.h"
#include "libs/api/paging.h"
#include "libs/postgres/connection.h"

namespace esnaf::api {

struct ListOptions {
  std::string default_order;  // as in order_by; empty: by the id
  int default_page_size = 50;
  int max_page_size = 1000;
};

struct SqlQuery {
  std::string sql;
  std::vector<postgres::Param> params;
};

class ListQuery {
 public:
  // INVALID_ARGUMENT naming page_size, page_token, filter or order_by.
  template <typename Request>
  static absl::StatusOr<ListQuery> Parse(const Request& request, const FieldTable& fields, const ListOptions& options) {
    Arguments arguments;
    arguments.page_size = request.page_size();
    arguments.page_token = request.page_token();
    if constexpr (requires { request.filter(); }) arguments.filter = request.filter();
    if constexpr (requires { request.order_by(); }) arguments.order_by = request.order_by();
    return ParseArguments(request, arguments, fields, options);
  }

  // `SELECT <columns>, <key columns> FROM <from> WHERE <condition, filter, behind the token> ORDER BY … LIMIT …`.
  // `condition` holds our own text with placeholders $1… for `params`; empty: none. One row more than a page is asked
  // for, so that the last page is known as such.
  SqlQuery Select(std::string_view columns, std::string_view from, std::string_view condition = {},
                  std::vector<postgres::Param> params = {}) const;

  int page_size() const { return page_size_; }
  // How many of the rows belong to the page.
  int PageRows(const postgres::Result& rows) const;
  // Empty where this is the last page. The key columns come behind the `columns` of Select.
  std::string NextPageToken(const postgres::Result& rows, int first_key_column) const;

 private:
  struct Arguments {
    std::int32_t page_size = 0;
    std::string_view page_token;
    std::string_view filter;
    std::string_view order_by;
  };
  ListQuery(const FieldTable& fields, OrderBy order) : fields_(&fields), order_(std::move(order)) {}
  static absl::StatusOr<ListQuery> ParseArguments(const google::protobuf::Message& request, const Arguments& arguments,
                                                  const FieldTable& fields, const ListOptions& options);

  const FieldTable* fields_;  // outlives the query
  OrderBy order_;
  std::string filter_;  // known to be good
  PageKey after_;       // empty: from the start
  std::uint64_t fingerprint_ = 0;
  int page_size_ = 0;
};

}  // namespace esnaf::api
