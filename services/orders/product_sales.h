#pragma once

// What orders sold of each product. Pure, like order.h.
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/orders/order.h"

namespace esnaf::orders {

// Amounts are minor units of one currency.
struct ProductSales {
  std::string title;
  std::int64_t units = 0;
  std::int64_t orders = 0;
  std::int64_t net_revenue = 0;
  std::int64_t cost = 0;
  std::int64_t uncosted_units = 0;
  std::int64_t Margin() const { return net_revenue - cost; }
  bool operator==(const ProductSales&) const = default;
};
// By SKU and currency. What has no SKU stands under the empty one.
using SalesByProduct = std::map<std::pair<std::string, std::string>, ProductSales>;

// Adds an order: its net, shared out to its lines by what stayed of each; nothing of one that is cancelled.
void AddSales(const Order& order, SalesByProduct& sales);

}  // namespace esnaf::orders
