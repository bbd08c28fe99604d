#pragma once

// The SQL of products: what a store sells, what that costs it, and what becomes known of both.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/orders/order_store.h"
#include "services/orders/product_change.h"

namespace esnaf::orders {

class ProductStore {
 public:
  // The columns that ReadRow reads, and how many they are.
  static const char kColumns[];
  static constexpr int kColumnCount = 15;
  static Product ReadRow(const postgres::Row& row);

  // Creates or replaces each by (store, SKU), which may come once only, with its costs, its prices and its events. One
  // that says what is known is not touched. For a transaction; ABORTED where others keep creating the same products.
  static absl::Status Upsert(postgres::Tx& tx, const Cause& cause, const std::vector<Product>& products);
  static absl::Status Upsert(postgres::Tx& tx, const std::vector<Product>& products, Time now);
  static absl::StatusOr<std::optional<Product>> Find(postgres::Tx& tx, std::string_view store_id, std::string_view sku);
  // What a product cost and was sold for, the newest first.
  static absl::StatusOr<std::vector<CostFrom>> FindCosts(postgres::Tx& tx, std::string_view store_id,
                                                         std::string_view sku, int limit);
  static absl::StatusOr<std::vector<CostFrom>> FindPrices(postgres::Tx& tx, std::string_view store_id,
                                                          std::string_view sku, int limit);
};

}  // namespace esnaf::orders
