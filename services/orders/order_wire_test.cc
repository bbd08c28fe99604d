// Goal: an order crosses the wire and comes back the same, and what a source sends is read as the contract says.
#include "services/orders/order_wire.h"

#include <rapidcheck.h>

#include "esnaf/orders/v1/events.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/error.h"
#include "services/orders/cart_wire.h"
#include "services/orders/catalog_wire.h"
#include "services/orders/order_test_support.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using testing::At;
using testing::Line;
using testing::SaleOf;

Shop TurkishShop() {
  Shop shop;
  shop.id = "tr";
  shop.currency = testing::Lira();
  REQUIRE_OK(CompleteAndValidate(shop));
  return shop;
}

v1::Order Parse(const std::string& text) {
  v1::Order order;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(text, &order));
  return order;
}

const char kMinimal[] = R"(store_id: "tr" external_id: "1001" place_time { seconds: 1700000000 }
  lines { sku: "A" quantity: 2 unit_price { minor: 500 currency_code: "TRY" } })";

std::string RandomText() { return *rc::gen::container<std::string>(rc::gen::inRange('a', 'z')); }

Order RandomOrder() {
  Order order = SaleOf({});
  const int lines = *rc::gen::inRange(1, 5);
  for (int i = 0; i < lines; ++i) {
    order.lines.push_back(
        Line(std::to_string(i + 1), *rc::gen::inRange<std::int64_t>(1, 9), *rc::gen::inRange<std::int64_t>(0, 900)));
    order.lines.back().title = RandomText();
    order.lines.back().seller_id = RandomText();
    order.lines.back().category = RandomText();
    order.lines.back().brand = RandomText();
    if (*rc::gen::arbitrary<bool>()) order.lines.back().unit_cost = *rc::gen::inRange<std::int64_t>(0, 100);
  }
  order.kind = *rc::gen::element(OrderKind::kSale, OrderKind::kReturn);
  order.customer = {RandomText(),
                    RandomText(),
                    *rc::gen::arbitrary<bool>(),
                    RandomText(),
                    *rc::gen::arbitrary<bool>(),
                    RandomText(),
                    RandomText(),
                    RandomText(),
                    RandomText(),
                    "TR"};
  if (*rc::gen::arbitrary<bool>()) order.contact_id = OrderId("contact", RandomText());
  order.channel = RandomText();
  order.source = {*rc::gen::inRange<std::int64_t>(0, 100), At(*rc::gen::inRange(0, 100))};
  order.prices_include_tax = *rc::gen::arbitrary<bool>();
  order.shipping = *rc::gen::inRange<std::int64_t>(0, 100);
  order.shipping_tax = *rc::gen::inRange<std::int64_t>(0, 100);
  order.tags = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "b"));
  order.payments = {{"p", *rc::gen::inRange<std::int64_t>(0, 100), RandomText(), At(3), *rc::gen::arbitrary<bool>()}};
  order.fulfillments = {{"f", {{"1", 1}}, RandomText(), RandomText(), At(4), *rc::gen::arbitrary<bool>()}};
  order.refunds = {{"r", 1, {{"1", 1}}, RandomText(), At(5), *rc::gen::arbitrary<bool>()}};
  if (*rc::gen::arbitrary<bool>()) order.cancellation = Cancellation{At(6), RandomText(), *rc::gen::arbitrary<bool>()};
  order.paid = *rc::gen::arbitrary<bool>();
  order.fulfilled = *rc::gen::arbitrary<bool>();
  order.version = *rc::gen::inRange<std::int64_t>(1, 100);
  return order;
}

TEST_CASE("an order comes back from the wire and from its body the same") {
  REQUIRE(rc::check("round trip", [] {
    const Order order = RandomOrder();
    const auto back = ParseOrder(SerializeOrder(order));
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == order);
  }));
}

TEST_CASE("a body behind its prefix is the event's payload") {
  for (int titles : {0, 10, 2000}) {
    Order order = SaleOf({Line("1", 1, 100)});
    order.lines[0].title = std::string(static_cast<std::size_t>(titles), 'x');
    const std::string body = SerializeOrder(order);
    v1::OrderChanged event;
    REQUIRE(event.ParseFromString(EventPrefix(body) + body));
    CHECK(google::protobuf::util::MessageDifferencer::Equals(event.order(), ToWire(order)));
  }
}

TEST_CASE("bytes that are no order are told as such") {
  CHECK(ParseOrder("\xff\xff").status().code() == StatusCode::kDataLoss);
}

TEST_CASE("what a source leaves out is completed") {
  ESNAF_REQUIRE_VALUE(const Delivery delivery, ReadDelivery(Parse(kMinimal), TurkishShop(), At(9)));
  const Order& order = delivery.order;
  CHECK(order.id == OrderId("tr", "1001"));
  CHECK(order.currency == testing::Lira());
  CHECK(order.kind == OrderKind::kSale);
  CHECK(order.lines[0].id == "1");
  CHECK(order.lines[0].amount == 1000);
  CHECK(delivery.by_arrival);
  CHECK(order.source == SourcePosition{0, At(9)});
  CHECK(order.create_time == At(9));
}

TEST_CASE("a delivery with a time of its own counts by that") {
  v1::Order wire = Parse(kMinimal);
  wire.mutable_source_update_time()->set_seconds(1700000007);
  ESNAF_REQUIRE_VALUE(const Delivery delivery, ReadDelivery(wire, TurkishShop(), At(9)));
  CHECK_FALSE(delivery.by_arrival);
  CHECK(delivery.order.source == SourcePosition{0, At(7)});
}

TEST_CASE("a source cannot claim that a verb recorded its facts") {
  v1::Order wire = Parse(kMinimal);
  wire.add_refunds()->set_recorded_here(true);
  wire.add_payments()->set_recorded_here(true);
  ESNAF_REQUIRE_VALUE(const Delivery delivery, ReadDelivery(wire, TurkishShop(), At(9)));
  CHECK_FALSE(delivery.order.refunds[0].recorded_here);
  CHECK_FALSE(delivery.order.payments[0].recorded_here);
  CHECK(delivery.order.refunds[0].amount == 1000);
  CHECK(delivery.order.payments[0].amount == 1000);
}

TEST_CASE("every bad field of a delivery is named at once") {
  v1::Order wire = Parse(R"(store_id: "tr" currency_code: "TRY" customer { email: "x" } kind: 7
    lines { sku: "A" quantity: 2 unit_price { minor: 500 currency_code: "USD" } amount { minor: 5000 } }
    shipping { minor: 1 currency_code: "EUR" } refunds { amount { minor: -1 } })");
  const auto delivery = ReadDelivery(wire, TurkishShop(), At(9));
  CHECK(delivery.status().code() == StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(delivery.status())) fields.push_back(field);
  for (const char* field : {"kind", "place_time", "lines[0].unit_price.currency_code", "lines[0].amount",
                            "shipping.currency_code", "customer.email", "external_id", "refunds[0].amount"}) {
    INFO(field);
    CHECK(std::find(fields.begin(), fields.end(), field) != fields.end());
  }
}

TEST_CASE("verbs' requests get an id, a time and the mark of being recorded here") {
  const Order order = SaleOf({Line("1", 1, 100)});
  ESNAF_REQUIRE_VALUE(const RefundRequest refund, ReadRefund(v1::Refund(), order, At(9)));
  CHECK_FALSE(refund.refund.id.empty());
  CHECK(refund.refund.time == At(9));
  CHECK(refund.refund.recorded_here);
  CHECK_FALSE(refund.amount.has_value());
  v1::Payment payment;
  payment.mutable_amount()->set_minor(5);
  payment.mutable_amount()->set_currency_code("USD");
  CHECK_STATUS_IS(ReadPayment(payment, order, At(9)), StatusCode::kInvalidArgument, "payment.amount.currency_code");
}

TEST_CASE("a cart comes back from the wire the same") {
  Cart cart;
  cart.store_id = "tr";
  cart.external_id = "c";
  cart.id = CartId("tr", "c");
  cart.customer.visitor_id = "v";
  cart.contact_id = OrderId("a", "b");
  cart.currency = testing::Lira();
  cart.lines = {Line("1", 2, 1000, 100)};
  cart.order_external_id = "1001";
  cart.source.update_time = At(1);
  cart.create_time = At(2);
  cart.update_time = At(3);
  ESNAF_REQUIRE_VALUE(const Cart back, FromWire(ToWire(cart)));
  CHECK(back == cart);
  CHECK(ToWire(cart).value() == 900);
  CHECK(ToWire(cart).state() == v1::CART_STATE_ORDERED);
}

TEST_CASE("a store gets Turkish defaults, and a bad one every bad field named") {
  v1::Store wire;
  wire.set_id("tr");
  wire.set_currency_code("TRY");
  ESNAF_REQUIRE_VALUE(const Shop shop, ReadStore(wire, At(1)));
  CHECK(shop.time_zone == "Europe/Istanbul");
  CHECK(shop.country_code == "TR");
  wire.set_id("Ü");
  wire.set_currency_code("lira");
  wire.set_time_zone("Mars");
  wire.set_country_code("tr");
  CHECK(ErrorFields(ReadStore(wire, At(1)).status()).size() == 4);
}

TEST_CASE("a store's update follows its mask, and never changes the currency") {
  Shop shop = TurkishShop();
  v1::UpdateStoreRequest request;
  request.mutable_store()->set_display_name("Mağaza");
  request.mutable_store()->set_time_zone("Europe/London");
  request.mutable_update_mask()->add_paths("display_name");
  REQUIRE_OK(UpdateShop(shop, request));
  CHECK(shop.display_name == "Mağaza");
  CHECK(shop.time_zone == "Europe/Istanbul");
  request.mutable_update_mask()->add_paths("currency_code");
  CHECK_STATUS_IS(UpdateShop(shop, request), StatusCode::kInvalidArgument, "update_mask");
}

TEST_CASE("a product's amounts are in its store's currency") {
  v1::Product wire;
  wire.set_store_id("tr");
  wire.set_sku("A");
  wire.mutable_cost()->set_minor(5);
  wire.mutable_cost()->set_currency_code("TRY");
  ESNAF_REQUIRE_VALUE(const Product product, ReadProduct(wire, TurkishShop()));
  CHECK(product.cost == 5);
  CHECK_FALSE(product.price.has_value());
  wire.mutable_price()->set_currency_code("USD");
  CHECK_STATUS_IS(ReadProduct(wire, TurkishShop()), StatusCode::kInvalidArgument, "price.currency_code");
}

}  // namespace
}  // namespace esnaf::orders
