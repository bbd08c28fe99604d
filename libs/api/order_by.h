#pragma once

// The order of a list (AIP-132): `create_time desc, name`. It always ends in the id, so it is total, and a page is
// found again by the values of the last row before it (keyset), however many rows came or went meanwhile.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/fields.h"
#include "libs/api/paging.h"
#include "libs/postgres/connection.h"

namespace esnaf::api {

inline constexpr std::size_t kMaxOrderByBytes = 512;

class OrderBy {
 public:
  // INVALID_ARGUMENT naming the field `order_by` for an unknown field, one that cannot be sorted by (arrays and maps),
  // or one named twice. `default_order` counts where the text is empty; both may be empty, which sorts by the id alone.
  static absl::StatusOr<OrderBy> Parse(std::string_view text, const FieldTable& fields, std::string_view default_order);

  // What follows ORDER BY: `create_time DESC, id DESC`.
  std::string Sql() const;
  // What to add to the SELECT list so that KeyOf finds a row's key: `(create_time)::text, (id)::text`.
  std::string KeyColumns() const;
  // The key of a row whose key columns start at `first_column`.
  PageKey KeyOf(const postgres::Row& row, int first_column) const;
  // The condition of the rows behind `key`, which has as many values as the order has columns.
  // INVALID_ARGUMENT naming `page_token` otherwise.
  absl::StatusOr<SqlCondition> After(const PageKey& key, int first_placeholder) const;

 private:
  struct Term {
    std::string sql;
    FieldType type;
    bool nullable;
    bool descending;
  };
  SqlCondition AfterInOneDirection(const PageKey& key, int first_placeholder) const;
  SqlCondition AfterTermByTerm(const PageKey& key, int first_placeholder) const;
  std::vector<Term> terms_;
};

}  // namespace esnaf::api
