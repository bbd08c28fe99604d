#pragma once

// Makes orders of a CSV file with one row a line of an order. Rows of one order need not stand together.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/base/money.h"
#include "libs/base/time.h"

namespace esnaf::cli {

// The fields that a file can have, in the order in which help lists them.
extern const std::vector<std::string> kOrderFields;

struct OrderFileOptions {
  std::string path;
  // A second file with one row an order (what it was placed at, by whom), found by the column of `order`.
  std::string join_path;
  // Which column a field stands in, where that is not the field's own name.
  std::map<std::string, std::string> columns;
  TimeZone time_zone = TimeZone::Utc();  // of times without an offset
  Currency currency;                     // where the file has no currency column
  std::string cancellation_prefix;       // orders whose number starts so are returns; empty: none
  std::string store_id;
};

// One line of an order, read and checked.
struct LineFacts {
  std::int64_t file_line = 0;
  std::string sku;
  std::string title;
  std::int64_t quantity = 0;  // negative for goods that came back
  std::int64_t unit_price_minor = 0;
  std::int64_t amount_minor = 0;  // |quantity| x price, rounded once
  std::int64_t discount_minor = 0;
};

struct OrderFacts {
  std::string number;
  Time placed_at;
  std::string customer;
  std::string email;
  std::string phone;
  std::string name;
  std::string country;
  std::string status;
  Currency currency;
  std::vector<LineFacts> lines;
};

struct OrderFile {
  std::vector<OrderFacts> orders;                // in the order of their first rows
  std::map<std::int64_t, std::string> rejected;  // lines of the file, each with its reason
  std::int64_t row_count = 0;
};

// Reads the whole file. A row that cannot be read rejects its whole order, since half an order would be wrong money:
// every row of it is rejected. INVALID_ARGUMENT only where the file itself cannot be read or lacks a needed column.
absl::StatusOr<OrderFile> ReadOrderFile(const OrderFileOptions& options);

// The order as the contract has it. An order of negative quantities is a RETURN.
orders::v1::Order ToOrder(const OrderFacts& facts, const OrderFileOptions& options);

}  // namespace esnaf::cli
