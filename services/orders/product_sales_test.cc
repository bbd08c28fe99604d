// Goal: what products brought in adds up to the net of their orders, to the minor unit.
#include "services/orders/product_sales.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/orders/order_test_support.h"

namespace esnaf::orders {
namespace {

Order Sale(const std::vector<OrderLine>& lines) {
  Order order{.id = OrderId("tr", "1"), .store_id = "tr", .external_id = "1", .currency = *Currency::Parse("TRY")};
  order.prices_include_tax = true;
  order.lines = lines;
  return order;
}

OrderLine Line(const std::string& id, const std::string& sku, std::int64_t quantity, std::int64_t amount,
               std::optional<std::int64_t> cost) {
  return {.id = id, .sku = sku, .quantity = quantity, .amount = amount, .unit_cost = cost};
}

TEST_CASE("a product's sales are its pieces, its share of the net, and what they cost") {
  Order order =
      Sale({Line("1", "A", 2, 2000, 600), Line("2", "B", 1, 1000, std::nullopt), Line("3", "A", 1, 1000, 500)});
  order.discount = 400;
  SalesByProduct sales;
  AddSales(order, sales);
  CHECK(sales[{"A", "TRY"}] ==
        ProductSales{.units = 3, .orders = 1, .net_revenue = 2700, .cost = 1700, .uncosted_units = 0});
  CHECK(sales[{"B", "TRY"}] ==
        ProductSales{.units = 1, .orders = 1, .net_revenue = 900, .cost = 0, .uncosted_units = 1});
  CHECK(sales[{"A", "TRY"}].Margin() == 1000);
}

TEST_CASE("what came back is not sold, and what was cancelled never was") {
  Order order = Sale({Line("1", "A", 2, 2000, 600), Line("2", "B", 1, 1000, 100)});
  order.refunds.push_back({.id = "r", .amount = 1000, .returned_lines = {{"1", 1}}});
  SalesByProduct sales;
  AddSales(order, sales);
  CHECK(sales[{"A", "TRY"}] ==
        ProductSales{.units = 1, .orders = 1, .net_revenue = 1000, .cost = 600, .uncosted_units = 0});
  Order back = Sale({Line("1", "B", 1, 1000, 100)});
  back.kind = OrderKind::kReturn;
  AddSales(back, sales);
  CHECK(sales[{"B", "TRY"}] == ProductSales{.units = 0, .orders = 1, .net_revenue = 0, .cost = 0, .uncosted_units = 0});
  const SalesByProduct before = sales;
  order.cancellation = Cancellation{};
  AddSales(order, sales);
  CHECK(sales == before);
}

TEST_CASE("the products' revenue adds up to the orders' net") {
  CHECK(rc::check("sums", [] {
    SalesByProduct sales;
    std::int64_t net = 0;
    const int orders = *rc::gen::inRange(1, 5);
    for (int o = 0; o < orders; ++o) {
      std::vector<OrderLine> lines;
      const int count = *rc::gen::inRange(1, 6);
      std::int64_t gross = 0;
      for (int i = 0; i < count; ++i) {
        const auto amount = *rc::gen::inRange<std::int64_t>(0, 100'000);
        gross += amount;
        lines.push_back(Line(std::to_string(i), std::string(1, *rc::gen::inRange('A', 'E')),
                             *rc::gen::inRange<std::int64_t>(1, 9), amount, *rc::gen::inRange<std::int64_t>(0, 100)));
      }
      Order order = Sale(lines);
      order.discount = *rc::gen::inRange<std::int64_t>(0, gross + 1);
      if (*rc::gen::arbitrary<bool>()) {
        const OrderLine& line = order.lines[0];
        order.refunds.push_back({.id = "r",
                                 .amount = *rc::gen::inRange<std::int64_t>(0, gross - order.discount + 1),
                                 .returned_lines = {{line.id, *rc::gen::inRange<std::int64_t>(1, line.quantity + 1)}}});
      }
      if (*rc::gen::arbitrary<bool>()) order.kind = OrderKind::kReturn;
      net += Derive(order).totals.net;
      AddSales(order, sales);
    }
    std::int64_t revenue = 0;
    for (const auto& [key, product] : sales) revenue += product.net_revenue;
    RC_ASSERT(revenue == net);
  }));
}

}  // namespace
}  // namespace esnaf::orders
