#pragma once

// Products: what a store sells, and what that costs it.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"

namespace esnaf::orders {

// Amounts are minor units of the store's currency.
struct Product {
  std::string store_id;
  std::string sku;
  std::string title;
  std::string category;
  std::string brand;
  std::optional<std::int64_t> price;
  std::optional<std::int64_t> cost;
  Time create_time;
  Time update_time;
  bool operator==(const Product&) const = default;
};

Uuid ProductId(std::string_view store_id, std::string_view sku);
// Adds a violation for each bad field, by the contract's names.
void CheckProduct(FieldViolations& violations, const Product& product);

class ProductStore {
 public:
  // The columns that ReadRow reads.
  static const char kColumns[];
  static Product ReadRow(const postgres::Row& row);

  // Creates or replaces each by (store, SKU), which may come once only. One that says what is known is not touched.
  static absl::Status Upsert(postgres::Tx& tx, const std::vector<Product>& products, Time now);
  static absl::StatusOr<std::optional<Product>> Find(postgres::Tx& tx, std::string_view store_id, std::string_view sku);
};

}  // namespace esnaf::orders
