// Goal: an order and its event are written together or not at all, guarded by the version that the change was made
// from.
#include "services/orders/order_store.h"

#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/orders.h"
#include "esnaf/migrations/runtime.h"
#include "libs/testing/postgres.h"
#include "services/orders/order_test_support.h"
#include "services/orders/product.h"
#include "services/orders/store.h"

namespace esnaf::orders {
namespace {

using esnaf::testing::TestSchema;
using testing::At;
using testing::Line;
using testing::SaleOf;

struct OrdersSchema {
  template <typename Body>
  auto Run(Body body) {
    return schema.connection().Run({}, body);
  }
  std::vector<Uuid> Write(const std::vector<OrderChange>& changes) {
    auto written = Run([&](postgres::Tx& tx) { return OrderStore::Write(tx, {"key:1", "trace", At(9)}, changes); });
    REQUIRE_OK(written);
    return *written;
  }
  std::int64_t Events() { return schema.Sql("SELECT count(*) FROM outbox")[0].Get<std::int64_t>(0); }

  TestSchema schema{"orders",
                    {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::orders()},
                    {"runtime", "events", "identity", "orders"}};
};

Order OrderOf(std::string external_id) {
  Order order = SaleOf({Line("1", 2, 1000)});
  order.external_id = std::move(external_id);
  order.id = OrderId(order.store_id, order.external_id);
  order.tags = {"a,b", "\"quoted\"", "{brace}"};
  return order;
}

TEST_CASE("an order is written and found again, with its event") {
  OrdersSchema test;
  const Order order = OrderOf("1");
  CHECK(test.Write({{order, At(3)}}) == std::vector<Uuid>{order.id});
  auto found = test.Run([&](postgres::Tx& tx) { return OrderStore::Find(tx, {order.id, OrderId("tr", "none")}); });
  REQUIRE_OK(found);
  REQUIRE(found->size() == 1);
  CHECK(found->at(order.id) == order);
  const auto row = test.schema.Sql("SELECT tags, net, currency FROM orders");
  CHECK(row[0].Get<std::vector<std::string>>(0) == order.tags);
  CHECK(row[0].Get<std::int64_t>(1) == 1000);
  const auto event =
      test.schema.Sql("SELECT aggregate_id, aggregate_version, actor, trace_parent, happen_time FROM outbox");
  REQUIRE(event.size() == 1);
  CHECK(event[0].Get<Uuid>(0) == order.id);
  CHECK(event[0].Get<std::int64_t>(1) == 1);
  CHECK(event[0].Get<std::string>(2) == "key:1");
  CHECK(event[0].Get<std::string>(3) == "trace");
  CHECK(event[0].Get<Time>(4) == At(3));
}

TEST_CASE("only a change that follows the recorded version is written") {
  OrdersSchema test;
  Order order = OrderOf("1");
  CHECK(test.Write({{order, At(3)}}).size() == 1);
  CHECK(test.Write({{order, At(3)}}).empty());
  order.version = 3;
  CHECK(test.Write({{order, At(3)}}).empty());
  order.version = 2;
  Order other = OrderOf("2");
  CHECK(test.Write({{order, At(3)}, {other, At(3)}}).size() == 2);
  CHECK(test.Write({{order, At(3)}, {OrderOf("3"), At(3)}}) == std::vector<Uuid>{OrderId("tr", "3")});
  CHECK(test.Events() == 4);
}

TEST_CASE("the transaction id of the events is noted for the position") {
  OrdersSchema test;
  test.Write({{OrderOf("1"), At(3)}});
  const std::optional<std::uint64_t> noted = test.schema.connection().last_event_xact();
  const auto xact = test.schema.Sql("SELECT xact::text FROM outbox")[0].Get<std::int64_t>(0);
  CHECK(noted.value_or(0) == static_cast<std::uint64_t>(xact));
}

TEST_CASE("an order without its contact waits, unpublished") {
  OrdersSchema test;
  Order order = OrderOf("1");
  order.customer.external_id = "c";
  test.Write({{order, At(3)}});
  CHECK(test.Events() == 0);
  auto unlinked = [&](Time now) {
    auto orders = test.Run([&](postgres::Tx& tx) { return OrderStore::FindUnlinked(tx, now, 10); });
    REQUIRE_OK(orders);
    return orders->size();
  };
  CHECK(unlinked(At(100)) == 1);
  REQUIRE_OK(test.Run([&](postgres::Tx& tx) { return OrderStore::Postpone(tx, {order.id}, At(200)); }));
  CHECK(unlinked(At(100)) == 0);
  CHECK(unlinked(At(200)) == 1);
  CHECK(*test.Run([&](postgres::Tx& tx) { return OrderStore::CountUnlinked(tx); }) == 1);
  order.contact_id = OrderId("some", "contact");
  order.version = 2;
  test.Write({{order, At(3)}});
  CHECK(test.Events() == 1);
  CHECK(*test.Run([&](postgres::Tx& tx) { return OrderStore::CountUnlinked(tx); }) == 0);
}

TEST_CASE("sums leave out the cancelled and count returns as given back") {
  OrdersSchema test;
  const Uuid contact = OrderId("some", "contact");
  const auto with = [&](const char* id, auto change) {
    Order order = OrderOf(id);
    order.contact_id = contact;
    change(order);
    return OrderChange{order, At(3)};
  };
  test.Write({with("1", [](Order& o) { o.place_time = At(10); }),
              with("2", [](Order& o) { o.kind = OrderKind::kReturn; }), with("3", [](Order& o) {
                o.cancellation = Cancellation{At(5), "", false};
              })});
  auto sums = test.Run([&](postgres::Tx& tx) { return OrderStore::SumByCurrency(tx, {contact}, {}); });
  REQUIRE_OK(sums);
  REQUIRE(sums->size() == 1);
  const CurrencySum& sum = sums->front();
  CHECK(sum.order_count == 1);
  CHECK(sum.return_count == 1);
  CHECK(sum.gross == 1000);
  CHECK(sum.refunded == 1000);
  CHECK(sum.net == 0);
  CHECK(sum.first_place_time == At(0));
  CHECK(sum.last_place_time == At(10));
  CHECK(test.Run([&](postgres::Tx& tx) { return OrderStore::SumByCurrency(tx, {contact}, {"de"}); })->empty());
}

TEST_CASE("products are upserted by store and SKU, and one that says what is known is not touched") {
  OrdersSchema test;
  REQUIRE_OK(test.Run([](postgres::Tx& tx) {
    Shop shop{"tr", "", testing::Lira(), "Europe/Istanbul", "TR", At(0), At(0)};
    return ShopStore::Insert(tx, shop).status();
  }));
  const auto upsert = [&](std::optional<std::int64_t> cost, Time now) {
    REQUIRE_OK(test.Run([&](postgres::Tx& tx) {
      return ProductStore::Upsert(tx,
                                  {{.store_id = "tr", .sku = "B", .cost = cost},
                                   {.store_id = "tr", .sku = "A"},
                                   {.store_id = "tr", .sku = "D", .category = "Giyim/Elbise", .brand = "Atlas"}},
                                  now);
    }));
    auto product = test.Run([](postgres::Tx& tx) { return ProductStore::Find(tx, "tr", "B"); });
    REQUIRE_OK(product);
    return **product;
  };
  CHECK(upsert(5, At(1)).update_time == At(1));
  CHECK(upsert(5, At(2)).update_time == At(1));
  CHECK(upsert(6, At(3)).update_time == At(3));
  auto products = test.Run([](postgres::Tx& tx) {
    return OrderStore::FindProducts(tx, {"tr", "tr", "tr", "tr"}, {"A", "B", "C", "D"});
  });
  REQUIRE_OK(products);
  CHECK(*products == ProductFacts{{{"tr", "B"}, {.cost = 6, .cost_time = At(3)}},
                                  {{"tr", "D"}, {.category = "Giyim/Elbise", .brand = "Atlas"}}});
}

}  // namespace
}  // namespace esnaf::orders
