#pragma once

// Orders for tests.
#include <string>
#include <vector>

#include "libs/testing/catch.h"
#include "services/orders/order.h"
#include "services/orders/order_verbs.h"

namespace esnaf::orders::testing {

inline Currency Lira() { return Currency::Parse("TRY").value(); }
inline Time At(std::int64_t seconds) { return Time(std::chrono::seconds(1'700'000'000 + seconds)); }

// A line of `quantity` pieces for `amount` in all.
inline OrderLine Line(std::string id, std::int64_t quantity, std::int64_t amount, std::int64_t discount = 0,
                      std::int64_t tax = 0) {
  OrderLine line;
  line.id = std::move(id);
  line.sku = "SKU-" + line.id;
  line.quantity = quantity;
  line.unit_price = (amount + quantity / 2) / quantity;
  line.amount = amount;
  line.discount = discount;
  line.tax = tax;
  return line;
}

inline Order SaleOf(std::vector<OrderLine> lines) {
  Order order;
  order.store_id = "tr";
  order.external_id = "1001";
  order.id = OrderId(order.store_id, order.external_id);
  order.currency = Lira();
  order.prices_include_tax = true;
  order.lines = std::move(lines);
  order.place_time = At(0);
  order.source = {1, At(0)};
  order.version = 1;
  order.create_time = At(1);
  order.update_time = At(1);
  return order;
}

inline RefundRequest RefundOf(std::string id, std::optional<std::int64_t> amount,
                              std::vector<LineQuantity> lines = {}) {
  RefundRequest request;
  request.refund.id = std::move(id);
  request.refund.time = At(100);
  request.refund.returned_lines = std::move(lines);
  request.refund.recorded_here = true;
  request.amount = amount;
  return request;
}

inline PaymentRequest PaymentOf(std::string id, std::optional<std::int64_t> amount) {
  return {{std::move(id), 0, "card", At(50), true}, amount};
}

inline Fulfillment ShipmentOf(std::string id, std::vector<LineQuantity> lines = {}) {
  return {std::move(id), std::move(lines), "yurtici", "", At(60), true};
}

}  // namespace esnaf::orders::testing
