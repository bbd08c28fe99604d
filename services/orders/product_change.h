#pragma once

// What a delivery makes of a product, and what a product cost at a time. Pure, like order.h.
#include <optional>
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::orders {

struct ProductOption {
  std::string name;
  std::string value;
  bool operator==(const ProductOption&) const = default;
};

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
  std::string parent_sku;
  std::vector<ProductOption> options;
  std::vector<std::string> categories;  // besides `category`
  std::optional<std::int64_t> stock_quantity;
  std::optional<Time> cost_time;  // since when the cost is what it is
  std::int64_t version = 1;
  bool operator==(const Product&) const = default;
};

Uuid ProductId(std::string_view store_id, std::string_view sku);
// Adds a violation for each bad field, by the contract's names.
void CheckProduct(FieldViolations& violations, const Product& product);

// A product as it shall be.
struct ProductChange {
  Product product;
  bool changed = false;  // anything; where not, the product is as it was
  bool cost_changed = false;
  bool price_changed = false;
  std::optional<std::int64_t> dropped_from;  // the price before, where it is lower now
  bool back_in_stock = false;
};
// `known` is null for a new one. A delivery that says nothing of the stock leaves it.
ProductChange ChangeProduct(const Product* known, Product delivered, Time now);

// A cost, or none, and since when.
struct CostFrom {
  Time from_time;
  std::optional<std::int64_t> cost;
  bool operator==(const CostFrom&) const = default;
};
// What a product cost at a time, by its costs in the order of their times. What was sold before anything was known of
// its cost has the first cost that became known.
std::optional<std::int64_t> CostAt(const std::vector<CostFrom>& costs, Time time);

}  // namespace esnaf::orders
