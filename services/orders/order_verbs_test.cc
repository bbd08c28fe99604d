// Goal: verbs keep an order possible, and deliveries of a source end in one state whatever their order. Method:
// examples of each refusal, and random deliveries shuffled and repeated.
#include "services/orders/order_verbs.h"

#include <rapidcheck.h>

#include "libs/base/error.h"
#include "services/orders/order_test_support.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using testing::At;
using testing::Line;
using testing::PaymentOf;
using testing::RefundOf;
using testing::SaleOf;
using testing::ShipmentOf;

TEST_CASE("an order is paid in parts, and not beyond its total") {
  Order order = SaleOf({Line("1", 1, 10000)});
  REQUIRE_OK(Pay(order, PaymentOf("a", 4000)));
  CHECK(Derive(order).payment_state == PaymentState::kPartiallyPaid);
  CHECK(ErrorReason(Pay(order, PaymentOf("b", 6001)).status()) == "PAYMENT_EXCEEDS_TOTAL");
  REQUIRE_OK(Pay(order, PaymentOf("b", std::nullopt)));
  CHECK(order.payments[1].amount == 6000);
  CHECK(Derive(order).payment_state == PaymentState::kPaid);
  CHECK(ErrorReason(Pay(order, PaymentOf("c", std::nullopt)).status()) == "NOTHING_LEFT_TO_PAY");
}

TEST_CASE("a fact that comes twice counts once, and its id is not for another") {
  Order order = SaleOf({Line("1", 2, 10000)});
  REQUIRE_OK(Pay(order, PaymentOf("a", 4000)));
  const auto again = Pay(order, PaymentOf("a", 4000));
  REQUIRE_OK(again);
  CHECK_FALSE(*again);
  CHECK(order.payments.size() == 1);
  CHECK_STATUS_IS(Pay(order, PaymentOf("a", 4001)), StatusCode::kAlreadyExists, "payment");
  REQUIRE_OK(Fulfill(order, ShipmentOf("s")));
  CHECK_FALSE(*Fulfill(order, ShipmentOf("s")));
  REQUIRE_OK(RefundPart(order, RefundOf("r", std::nullopt, {{"1", 1}})));
  CHECK_FALSE(*RefundPart(order, RefundOf("r", std::nullopt, {{"1", 1}})));
  CHECK(Derive(order).totals.refunded == 5000);
}

TEST_CASE("a shipment holds open pieces of known lines only") {
  Order order = SaleOf({Line("1", 2, 100), Line("2", 3, 300)});
  CHECK_STATUS_IS(Fulfill(order, ShipmentOf("a", {{"9", 1}})), StatusCode::kInvalidArgument,
                  "fulfillment.lines[0].line_id");
  CHECK_STATUS_IS(Fulfill(order, ShipmentOf("a", {{"1", 1}, {"1", 1}})), StatusCode::kInvalidArgument,
                  "fulfillment.lines[1]");
  CHECK_STATUS_IS(Fulfill(order, ShipmentOf("a", {{"1", 0}})), StatusCode::kInvalidArgument, "quantity");
  CHECK(ErrorReason(Fulfill(order, ShipmentOf("a", {{"1", 3}})).status()) == "FULFILLMENT_EXCEEDS_OPEN_QUANTITY");
  // A piece that is taken off before the shipment does not leave with it.
  RefundRequest removed = RefundOf("r", std::nullopt, {{"2", 1}});
  removed.refund.time = At(10);
  REQUIRE_OK(RefundPart(order, removed));
  REQUIRE_OK(Fulfill(order, ShipmentOf("a")));
  CHECK(order.fulfillments[0].lines == std::vector<LineQuantity>{{"1", 2}, {"2", 2}});
  CHECK(ErrorReason(Fulfill(order, ShipmentOf("b")).status()) == "NOTHING_LEFT_TO_FULFILL");
}

TEST_CASE("a piece that comes back after it left is not shipped again, and what is open stays open") {
  Order order = SaleOf({Line("1", 3, 300)});
  REQUIRE_OK(Fulfill(order, ShipmentOf("a", {{"1", 2}})));
  REQUIRE_OK(RefundPart(order, RefundOf("r", std::nullopt, {{"1", 1}})));
  CHECK(Derive(order).state == OrderState::kOpen);
  REQUIRE_OK(Fulfill(order, ShipmentOf("b")));
  CHECK(order.fulfillments[1].lines == std::vector<LineQuantity>{{"1", 1}});
  CHECK(Derive(order).state == OrderState::kCompleted);
}

TEST_CASE("no more is refunded or returned than was sold") {
  Order order = SaleOf({Line("1", 2, 10000)});
  order.shipping = 1000;
  CHECK(ErrorReason(RefundPart(order, RefundOf("r", 11001)).status()) == "REFUND_EXCEEDS_TOTAL");
  CHECK(ErrorReason(RefundPart(order, RefundOf("r", 1, {{"1", 3}})).status()) == "RETURN_EXCEEDS_QUANTITY");
  REQUIRE_OK(RefundPart(order, RefundOf("r", 8000, {{"1", 1}})));
  // The other piece cost 5000, but only 3000 are left.
  REQUIRE_OK(RefundPart(order, RefundOf("s", std::nullopt, {{"1", 1}})));
  CHECK(Derive(order).totals.refunded == 11000);
  CHECK(ErrorReason(RefundPart(order, RefundOf("t", std::nullopt)).status()) == "NOTHING_LEFT_TO_REFUND");
  Order rest = SaleOf({Line("1", 2, 10000)});
  rest.shipping = 1000;
  REQUIRE_OK(RefundPart(rest, RefundOf("all", std::nullopt)));
  CHECK(Derive(rest).totals.refunded == 11000);
}

TEST_CASE("what has left is not cancelled, and what is cancelled does not leave") {
  Order order = SaleOf({Line("1", 2, 10000)});
  Order shipped = order;
  REQUIRE_OK(Fulfill(shipped, ShipmentOf("s")));
  CHECK(ErrorReason(Cancel(shipped, {At(1), "", true})) == "ORDER_FULFILLED");
  REQUIRE_OK(Cancel(order, {At(1), "changed_mind", true}));
  CHECK(ErrorReason(Cancel(order, {At(1), "", true})) == "ORDER_CANCELLED");
  CHECK(ErrorReason(Fulfill(order, ShipmentOf("s")).status()) == "ORDER_CANCELLED");
  CHECK(ErrorReason(Pay(order, PaymentOf("p", 1)).status()) == "ORDER_CANCELLED");
}

TEST_CASE("a return without its order is not refunded") {
  Order order = SaleOf({Line("1", 1, 100)});
  order.kind = OrderKind::kReturn;
  CHECK(ErrorReason(RefundPart(order, RefundOf("r", 1)).status()) == "ORDER_IS_RETURN");
}

TEST_CASE("a source's facts get numbers where they have no ids, and errors name the fact") {
  Order order = SaleOf({Line("1", 4, 4000)});
  ReportedFacts facts;
  facts.payments = {PaymentOf("", 5000)};  // more than asked happens
  facts.fulfillments = {ShipmentOf("", {{"1", 1}}), ShipmentOf("")};
  facts.refunds = {RefundOf("", std::nullopt, {{"1", 1}})};
  facts.cancellation = Cancellation{At(3), "lost", false};
  REQUIRE_OK(ReportFacts(order, facts));
  CHECK(order.payments[0].id == "1");
  CHECK(order.fulfillments[1].lines == std::vector<LineQuantity>{{"1", 3}});
  CHECK(order.refunds[0].amount == 1000);
  CHECK(Derive(order).state == OrderState::kCancelled);

  Order too_much = SaleOf({Line("1", 4, 4000)});
  CHECK_STATUS_IS(ReportFacts(too_much, {.refunds = {RefundOf("", 3000), RefundOf("", 1001)}}),
                  StatusCode::kInvalidArgument, "refunds[1]");
  Order twice = SaleOf({Line("1", 4, 4000)});
  CHECK_STATUS_IS(ReportFacts(twice, {.payments = {PaymentOf("x", 1), PaymentOf("x", 2)}}),
                  StatusCode::kInvalidArgument, "payments");
}

TEST_CASE("a delivery is newer by version, then by time, or by arrival where it has neither") {
  Order known = SaleOf({Line("1", 1, 100)});
  known.source = {3, At(10)};
  Order delivered = known;
  delivered.lines[0].title = "other";
  delivered.source = {2, At(99)};
  CHECK(Compare(known, delivered, false) == IngestOutcome::kStale);
  delivered.source = {3, At(10)};
  CHECK(Compare(known, delivered, false) == IngestOutcome::kUnchanged);
  delivered.source = {3, At(11)};
  CHECK(Compare(known, delivered, false) == IngestOutcome::kUpdated);
  delivered.source = {4, At(1)};
  CHECK(Compare(known, delivered, false) == IngestOutcome::kUpdated);

  known.source = {0, At(10)};
  delivered = known;
  delivered.source = {0, At(500)};
  delivered.update_time = At(500);
  CHECK(Compare(known, delivered, true) == IngestOutcome::kUnchanged);
  delivered.lines[0].title = "other";
  CHECK(Compare(known, delivered, true) == IngestOutcome::kUpdated);
}

TEST_CASE("what verbs recorded survives a newer delivery, what the source said before does not") {
  Order known = SaleOf({Line("1", 2, 10000)});
  REQUIRE_OK(ReportFacts(known, {.payments = {PaymentOf("old", 1000)}}));
  known.payments[0].recorded_here = false;
  REQUIRE_OK(RefundPart(known, RefundOf("here", 2500)));
  known.contact_id = OrderId("a", "contact");
  known.lines[0].unit_cost = 700;
  known.lines[0].category = "Giyim";
  known.lines[0].brand = "Atlas";
  Order delivered = SaleOf({Line("1", 2, 10000)});
  delivered.source = {2, At(1)};
  const Succession next = Succeed(known, delivered);
  CHECK(next.order.payments.empty());
  REQUIRE(next.order.refunds.size() == 1);
  CHECK(next.order.refunds[0].id == "here");
  CHECK(next.order.version == known.version + 1);
  CHECK(next.order.contact_id == known.contact_id);
  CHECK(next.order.lines[0].unit_cost == 700);
  CHECK(next.order.lines[0].category == "Giyim");
  CHECK(next.order.lines[0].brand == "Atlas");
  CHECK(next.dropped_facts == 0);
}

TEST_CASE("the source's own report of a fact replaces ours, and a fact that fits no longer goes") {
  Order known = SaleOf({Line("1", 2, 10000)});
  REQUIRE_OK(RefundPart(known, RefundOf("r", 2500)));
  Order delivered = SaleOf({Line("1", 2, 10000)});
  Refund reported = known.refunds[0];
  reported.recorded_here = false;
  reported.amount = 2600;
  delivered.refunds = {reported};
  CHECK(Succeed(known, delivered).order.refunds == std::vector<Refund>{reported});

  const Succession smaller = Succeed(known, SaleOf({Line("1", 2, 2000)}));
  CHECK(smaller.order.refunds.empty());
  CHECK(smaller.dropped_facts == 1);
}

// An order of four pieces for 10000 on which verbs recorded a payment, a shipment and a refund.
Order RecordedHere() {
  Order known = SaleOf({Line("1", 4, 10000)});
  REQUIRE_OK(Pay(known, PaymentOf("p", 6000)));
  REQUIRE_OK(Fulfill(known, ShipmentOf("s", {{"1", 2}})));
  REQUIRE_OK(RefundPart(known, RefundOf("r", std::nullopt, {{"1", 1}})));
  return known;
}

TEST_CASE("what verbs recorded stays where the source says that all is paid, sent or cancelled") {
  const Order known = RecordedHere();
  Order delivered = SaleOf({Line("1", 4, 10000)});
  delivered.source = {2, At(1)};
  SECTION("paid and sent") {
    delivered.paid = true;
    delivered.fulfilled = true;
  }
  SECTION("cancelled") { delivered.cancellation = Cancellation{At(200), "lost", false}; }
  SECTION("all of it") {
    delivered.paid = true;
    delivered.fulfilled = true;
    delivered.cancellation = Cancellation{At(200), "lost", false};
  }
  const Succession next = Succeed(known, delivered);
  CHECK(next.dropped_facts == 0);
  CHECK(next.order.payments == known.payments);
  CHECK(next.order.fulfillments == known.fulfillments);
  CHECK(next.order.refunds == known.refunds);
  CHECK(next.order.paid == delivered.paid);
  CHECK(next.order.fulfilled == delivered.fulfilled);
  CHECK(next.order.cancellation == delivered.cancellation);
  const OrderDerived derived = Derive(next.order);
  CHECK(derived.totals.refunded == 2500);
  CHECK(derived.totals.paid == (delivered.paid ? 10000 : 6000));
  CHECK(derived.lines[0].fulfilled == (delivered.fulfilled ? 4 : 2));
  // The same delivery once more finds nothing to change.
  CHECK(Compare(next.order, delivered, true) == IngestOutcome::kUnchanged);
}

TEST_CASE("a shipment stays where the source reports that a piece of it came back later") {
  Order known = SaleOf({Line("1", 2, 10000)});
  REQUIRE_OK(Fulfill(known, ShipmentOf("s")));
  Order delivered = SaleOf({Line("1", 2, 10000)});
  REQUIRE_OK(RefundPart(delivered, RefundOf("theirs", std::nullopt, {{"1", 1}})));
  const Succession next = Succeed(known, delivered);
  CHECK(next.order.fulfillments == known.fulfillments);
  CHECK(Derive(next.order).lines[0].removed == 0);
}

TEST_CASE("a payment stays where the order becomes smaller, and is not counted beside the source's own") {
  Order known = SaleOf({Line("1", 1, 10000)});
  REQUIRE_OK(Pay(known, PaymentOf("p", 10000)));
  CHECK(Succeed(known, SaleOf({Line("1", 1, 9000)})).order.payments == known.payments);

  Order delivered = SaleOf({Line("1", 1, 10000)});
  REQUIRE_OK(ReportFacts(delivered, {.payments = {PaymentOf("theirs", 10000)}}));
  const Succession next = Succeed(known, delivered);
  CHECK(Derive(next.order).totals.paid == 10000);
  CHECK(next.dropped_facts == 1);
}

TEST_CASE("a fact that the source reports under the same id counts once, whatever the order's state") {
  const Order known = RecordedHere();
  Order delivered = SaleOf({Line("1", 4, 10000)});
  delivered.paid = true;
  delivered.fulfilled = true;
  delivered.refunds = known.refunds;
  delivered.refunds[0].recorded_here = false;
  const Succession next = Succeed(known, delivered);
  CHECK(next.order.refunds == delivered.refunds);
  CHECK(Derive(next.order).totals.refunded == 2500);
}

TEST_CASE("another customer is another contact") {
  Order known = SaleOf({Line("1", 1, 100)});
  known.customer.external_id = "c1";
  known.contact_id = OrderId("a", "contact");
  Order delivered = SaleOf({Line("1", 1, 100)});
  delivered.customer.external_id = "c2";
  CHECK_FALSE(Succeed(known, delivered).order.contact_id.has_value());
  delivered.customer = known.customer;
  delivered.customer.display_name = "Ayşe";
  CHECK(Succeed(known, delivered).order.contact_id == known.contact_id);
}

// What a store does with one delivery.
void Deliver(std::optional<Order>& known, const Order& delivered) {
  if (!known) {
    known = delivered;
  } else if (Compare(*known, delivered, false) == IngestOutcome::kUpdated) {
    known = Succeed(*known, delivered).order;
  }
}

TEST_CASE("deliveries in any order, and repeated, end in the same state") {
  REQUIRE(rc::check("permutations", [] {
    const int versions = *rc::gen::inRange(1, 6);
    std::vector<Order> history;
    for (int i = 0; i < versions; ++i) {
      Order order = SaleOf({Line("1", 5, *rc::gen::inRange<std::int64_t>(0, 10000))});
      order.source = {i / 2, At(i)};
      const auto total = Derive(order).totals.total;
      ReportedFacts facts;
      const int refunds = *rc::gen::inRange(0, 3);
      for (int r = 0; r < refunds; ++r)
        facts.refunds.push_back(RefundOf("", *rc::gen::inRange<std::int64_t>(0, total / 2 + 1)));
      for (RefundRequest& refund : facts.refunds) refund.refund.recorded_here = false;
      if (*rc::gen::arbitrary<bool>()) facts.cancellation = Cancellation{At(i), "why", false};
      RC_ASSERT(ReportFacts(order, facts).ok());
      history.push_back(order);
    }
    const auto deliveries = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, versions));
    std::vector<int> all = deliveries;
    for (int i = 0; i < versions; ++i)
      all.insert(all.begin() + *rc::gen::inRange(0, static_cast<int>(all.size()) + 1), i);
    std::optional<Order> ended;
    for (int i : all) Deliver(ended, history[static_cast<std::size_t>(i)]);
    // How often it changed on the way, and when, is ours; the rest is the newest delivery's.
    Order expected = history.back();
    expected.version = ended->version;
    RC_ASSERT(*ended == expected);
  }));
}

TEST_CASE("whatever verbs are tried, refunds stay within the total and pieces within what was sold") {
  REQUIRE(rc::check("verbs", [] {
    Order order = SaleOf({Line("1", 3, *rc::gen::inRange<std::int64_t>(0, 5000)), Line("2", 2, 1000)});
    order.shipping = *rc::gen::inRange<std::int64_t>(0, 500);
    const int steps = *rc::gen::inRange(0, 20);
    for (int i = 0; i < steps; ++i) {
      const std::string id = std::to_string(i), line = std::to_string(*rc::gen::inRange(1, 3));
      const std::int64_t number = *rc::gen::inRange<std::int64_t>(0, 4000);
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
          (void)RefundPart(order, RefundOf(id, number));
          break;
        case 1:
          (void)RefundPart(order, RefundOf(id, std::nullopt, {{line, number % 4}}));
          break;
        case 2:
          (void)RefundPart(order, RefundOf(id, std::nullopt));
          break;
        case 3:
          (void)Fulfill(order, ShipmentOf(id, {{line, number % 4}}));
          break;
        case 4:
          (void)Pay(order, PaymentOf(id, number));
          break;
        default:
          if (number < 200) (void)Cancel(order, {At(i), "", true});
      }
      const OrderDerived derived = Derive(order);
      RC_ASSERT(derived.totals.refunded <= derived.totals.total);
      RC_ASSERT(derived.totals.paid <= derived.totals.total);
      RC_ASSERT(derived.totals.net >= 0);
      for (std::size_t l = 0; l < 2; ++l) {
        RC_ASSERT(derived.lines[l].returned <= order.lines[l].quantity);
        RC_ASSERT(derived.lines[l].fulfilled <= order.lines[l].quantity);
      }
    }
  }));
}

}  // namespace
}  // namespace esnaf::orders
