// Goal: sums and states follow from the facts, to the kuruş. Method: worked examples, and random orders whose sums are
// added up here in another way.
#include "services/orders/order.h"

#include <rapidcheck.h>
#include <numeric>

#include "services/orders/order_test_support.h"

namespace esnaf::orders {
namespace {

using testing::Line;
using testing::RefundOf;
using testing::SaleOf;

TEST_CASE("an order's id is made from store and external id") {
  CHECK(OrderId("tr", "1") == OrderId("tr", "1"));
  CHECK(OrderId("tr", "1") != OrderId("de", "1"));
  CHECK(OrderId("tr", "11") != OrderId("tr1", "1"));
}

TEST_CASE("totals of a sale whose prices include tax") {
  Order order = SaleOf({Line("1", 2, 10000, 1000, 1500), Line("2", 1, 5000, 0, 833)});
  order.discount = 500;
  order.shipping = 2999;
  order.shipping_tax = 500;
  order.lines[0].unit_cost = 2000;
  const OrderTotals totals = Derive(order).totals;
  CHECK(totals.gross == 15000);
  CHECK(totals.discount == 1500);
  CHECK(totals.tax == 2833);
  CHECK(totals.shipping == 2999);
  CHECK(totals.total == 16499);
  CHECK(totals.net == 13500);
  CHECK(totals.cost == 4000);
  CHECK(totals.paid == 0);
}

TEST_CASE("tax that prices do not include is paid on top and is no net value") {
  Order order = SaleOf({Line("1", 1, 10000, 0, 2000)});
  order.prices_include_tax = false;
  CHECK(Derive(order).totals.total == 12000);
  CHECK(Derive(order).totals.net == 10000);
}

TEST_CASE("a return counts negative, a cancelled order not at all") {
  Order order = SaleOf({Line("1", 3, 9000, 900)});
  order.lines[0].unit_cost = 1000;
  order.kind = OrderKind::kReturn;
  CHECK(Derive(order).totals.net == -8100);
  CHECK(Derive(order).totals.cost == -3000);
  order.cancellation = Cancellation{testing::At(5), "mistake", false};
  CHECK(Derive(order).totals.net == 0);
  CHECK(Derive(order).totals.cost == 0);
  CHECK(Derive(order).totals.gross == 9000);
  CHECK(Derive(order).state == OrderState::kCancelled);
}

TEST_CASE("refunds count against the goods first, then against shipping") {
  Order order = SaleOf({Line("1", 1, 10000)});
  order.shipping = 3000;
  REQUIRE_OK(RefundPart(order, RefundOf("a", 4000)));
  CHECK(Derive(order).totals.net == 6000);
  REQUIRE_OK(RefundPart(order, RefundOf("b", 7500)));
  CHECK(Derive(order).totals.refunded == 11500);
  CHECK(Derive(order).totals.net == 0);
  CHECK(Derive(order).payment_state == PaymentState::kPartiallyRefunded);
  REQUIRE_OK(RefundPart(order, RefundOf("c", 1500)));
  CHECK(Derive(order).payment_state == PaymentState::kRefunded);
}

TEST_CASE("an order of nothing but gifts is legal, paid and worth nothing") {
  const OrderDerived derived = Derive(SaleOf({Line("1", 5, 0)}));
  CHECK(derived.totals.total == 0);
  CHECK(derived.totals.net == 0);
  CHECK(derived.payment_state == PaymentState::kPaid);
  CHECK(derived.state == OrderState::kOpen);
}

TEST_CASE("the source's flags stand for payments and shipments that it does not name") {
  Order order = SaleOf({Line("1", 2, 5000)});
  order.paid = true;
  order.fulfilled = true;
  const OrderDerived derived = Derive(order);
  CHECK(derived.totals.paid == 5000);
  CHECK(derived.payment_state == PaymentState::kPaid);
  CHECK(derived.fulfillment_state == FulfillmentState::kFulfilled);
  CHECK(derived.state == OrderState::kCompleted);
  CHECK(derived.lines[0].fulfilled == 2);
}

TEST_CASE("the states of the goods") {
  Order order = SaleOf({Line("1", 2, 5000), Line("2", 1, 100)});
  CHECK(Derive(order).fulfillment_state == FulfillmentState::kUnfulfilled);
  REQUIRE_OK(Fulfill(order, testing::ShipmentOf("a", {{"1", 1}})));
  CHECK(Derive(order).fulfillment_state == FulfillmentState::kPartiallyFulfilled);
  REQUIRE_OK(Fulfill(order, testing::ShipmentOf("b")));
  CHECK(Derive(order).fulfillment_state == FulfillmentState::kFulfilled);
  REQUIRE_OK(RefundPart(order, RefundOf("r", std::nullopt, {{"1", 2}})));
  CHECK(Derive(order).fulfillment_state == FulfillmentState::kPartiallyReturned);
  REQUIRE_OK(RefundPart(order, RefundOf("s", std::nullopt, {{"2", 1}})));
  CHECK(Derive(order).fulfillment_state == FulfillmentState::kReturned);
}

// A random order within the rules.
Order RandomOrder() {
  const int count = *rc::gen::inRange(1, 8);
  std::vector<OrderLine> lines;
  for (int i = 0; i < count; ++i) {
    const std::int64_t amount = *rc::gen::inRange<std::int64_t>(0, 100000);
    const std::int64_t discount = *rc::gen::inRange<std::int64_t>(0, amount + 1);
    lines.push_back(Line(std::to_string(i + 1), *rc::gen::inRange<std::int64_t>(1, 20), amount, discount,
                         *rc::gen::inRange<std::int64_t>(0, 5000)));
  }
  Order order = SaleOf(std::move(lines));
  std::int64_t goods = 0;
  for (const OrderLine& line : order.lines) goods += line.amount - line.discount;
  order.discount = *rc::gen::inRange<std::int64_t>(0, goods + 1);
  order.shipping = *rc::gen::inRange<std::int64_t>(0, 10000);
  order.shipping_tax = *rc::gen::inRange<std::int64_t>(0, 1000);
  order.prices_include_tax = *rc::gen::arbitrary<bool>();
  return order;
}

TEST_CASE("the values of the lines, the shipping and its tax are the total, to the kuruş") {
  REQUIRE(rc::check("line values add up", [] {
    const Order order = RandomOrder();
    const std::vector<std::int64_t> values = LineValues(order);
    for (std::int64_t value : values) RC_ASSERT(value >= 0);
    const std::int64_t shipping = order.shipping + (order.prices_include_tax ? 0 : order.shipping_tax);
    RC_ASSERT(std::accumulate(values.begin(), values.end(), std::int64_t{0}) + shipping == Derive(order).totals.total);
  }));
}

TEST_CASE("net is what was sold less what was given back, never negative") {
  REQUIRE(rc::check("net", [] {
    Order order = RandomOrder();
    const OrderTotals before = Derive(order).totals;
    const std::int64_t refund = *rc::gen::inRange<std::int64_t>(0, before.total + 1);
    RC_ASSERT(RefundPart(order, RefundOf("r", refund)).ok());
    const OrderTotals after = Derive(order).totals;
    RC_ASSERT(before.net == before.gross - before.discount);
    RC_ASSERT(after.refunded == refund);
    RC_ASSERT(after.net >= 0);
    RC_ASSERT(after.net == std::max<std::int64_t>(0, before.net - refund));
    RC_ASSERT(after.total == before.total);
  }));
}

TEST_CASE("returning every piece in any portions refunds the lines' values exactly") {
  REQUIRE(rc::check("portions", [] {
    Order order = RandomOrder();
    const std::vector<std::int64_t> values = LineValues(order);
    int refunds = 0;
    for (std::size_t i = 0; i < order.lines.size(); ++i) {
      std::int64_t left = order.lines[i].quantity;
      const std::int64_t refunded_before = Derive(order).totals.refunded;
      while (left > 0) {
        const std::int64_t pieces = *rc::gen::inRange<std::int64_t>(1, left + 1);
        RC_ASSERT(
            RefundPart(order, RefundOf(std::to_string(refunds++), std::nullopt, {{order.lines[i].id, pieces}})).ok());
        left -= pieces;
      }
      RC_ASSERT(Derive(order).totals.refunded - refunded_before == values[i]);
    }
    RC_ASSERT(Derive(order).totals.net == 0);
    RC_ASSERT(Derive(order).fulfillment_state == FulfillmentState::kReturned);
  }));
}

}  // namespace
}  // namespace esnaf::orders
