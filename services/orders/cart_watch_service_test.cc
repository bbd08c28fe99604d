// Goal: carts are abandoned, recovered and expire through the service and its watch, each told once, whoever watches.
#include <thread>

#include "libs/api/convert.h"

#include "libs/base/error.h"
#include "services/orders/cart_watch.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::kCarts;
using testing::OrderOf;
using testing::OrdersUnderTest;

struct CartsUnderTest : OrdersUnderTest {
  const Time now = std::chrono::floor<std::chrono::seconds>(SystemClock().Now());

  v1::UpsertCartRequest CartOf(const std::string& external_id, const std::string& customer, Duration ago) {
    v1::UpsertCartRequest request;
    v1::Cart& cart = *request.mutable_cart();
    cart.set_store_id("tr");
    cart.set_external_id(external_id);
    cart.mutable_customer()->set_external_id(customer);
    *cart.mutable_source_update_time() = api::ToProto(now - ago);
    v1::OrderLine& line = *cart.add_lines();
    line.set_sku("A");
    line.set_quantity(2);
    line.mutable_unit_price()->set_minor(500);
    return request;
  }
  v1::Cart Upsert(const v1::UpsertCartRequest& request) {
    const auto cart = Call<v1::Cart>(kCarts, "UpsertCart", request);
    REQUIRE_OK(cart);
    return *cart;
  }
  v1::Order OrderAt(const std::string& external_id, const std::string& customer, Time place_time) {
    v1::Order order = OrderOf(external_id, customer);
    *order.mutable_place_time() = api::ToProto(place_time);
    return order;
  }
  void Watch(Duration ahead = 0s) {
    const auto step = [&](postgres::Tx& tx) { return WatchSomeCarts(tx, now + ahead); };
    for (;;) {
      const absl::StatusOr<bool> more = schema.connection().Run({}, step);
      REQUIRE_OK(more);
      if (!*more) return;
    }
  }
  v1::Cart GetCart(const std::string& id) {
    v1::GetCartRequest get;
    get.set_id(id);
    const auto cart = Call<v1::Cart>(kCarts, "GetCart", get);
    REQUIRE_OK(cart);
    return *cart;
  }
  // The states that events told of a cart, in their order.
  std::string Told(const std::string& id) {
    std::string told;
    const auto rows = schema.Sql(
        "SELECT payload FROM outbox WHERE type = 'esnaf.orders.v1.CartChanged' AND aggregate_id = $1::uuid ORDER BY "
        "xact, "
        "seq",
        {id});
    for (int i = 0; i < rows.size(); ++i) {
      v1::CartChanged event;
      REQUIRE(event.ParseFromString(rows[i].Get<postgres::Bytes>(0).data));
      told += v1::CartState_Name(event.cart().state()).substr(std::string("CART_STATE_").size()) + " ";
    }
    return told;
  }
  std::string List(const std::string& filter) {
    v1::ListCartsRequest list;
    list.set_filter(filter);
    list.set_order_by("activity_time");
    const auto answer = Call<v1::ListCartsResponse>(kCarts, "ListCarts", list);
    REQUIRE_OK(answer);
    std::string ids;
    for (const v1::Cart& cart : answer->carts()) ids += cart.external_id() + " ";
    return ids;
  }
};

TEST_CASE("a cart is abandoned once for each time that it is left alone, and expires") {
  CartsUnderTest test;
  const v1::Cart cart = test.Upsert(test.CartOf("a", "c1", 2h));
  test.Watch();
  test.Watch();
  CHECK(test.Told(cart.id()) == "OPEN ABANDONED ");
  v1::Cart abandoned = test.GetCart(cart.id());
  CHECK(abandoned.abandon_count() == 1);
  CHECK(abandoned.abandon_time().seconds() == api::ToProto(test.now - 1h).seconds());
  CHECK(test.List("state = ABANDONED") == "a ");
  CHECK(test.List("state = ABANDONED AND value > 1000") == "");

  test.Upsert(test.CartOf("a", "c1", 90min));
  CHECK(test.GetCart(cart.id()).state() == v1::CART_STATE_OPEN);
  test.Watch();
  test.Watch(24h);
  CHECK(test.Told(cart.id()) == "OPEN ABANDONED OPEN ABANDONED ");
  CHECK(test.GetCart(cart.id()).abandon_count() == 2);
  test.Watch(std::chrono::days(30));
  test.Watch(std::chrono::days(31));
  CHECK(test.Told(cart.id()) == "OPEN ABANDONED OPEN ABANDONED EXPIRED ");
}

TEST_CASE("several replicas tell of every cart once, and one that dies forgets none") {
  CartsUnderTest test;
  for (int i = 0; i < 30; ++i) test.Upsert(test.CartOf("cart" + std::to_string(i), "c" + std::to_string(i), 2h));
  // A step that is cut off before its end leaves nothing behind.
  const absl::Status cut_off = test.schema.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(WatchSomeCarts(tx, test.now).status());
    return absl::CancelledError("the process dies");
  });
  CHECK(absl::IsCancelled(cut_off));
  CHECK(test.List("state = ABANDONED") == "");
  std::vector<std::thread> replicas;
  std::vector<absl::Status> ends(3);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    replicas.emplace_back([&test, &end = ends[i]] {
      postgres::Connection own(test.schema.options());
      for (int round = 0; round < 5 && end.ok(); ++round) {
        end = own.Run({}, [&](postgres::Tx& tx) { return WatchSomeCarts(tx, test.now); }).status();
      }
    });
  }
  for (std::thread& replica : replicas) replica.join();
  for (const absl::Status& end : ends) CHECK_OK(end);
  const auto rows = test.schema.Sql(
      "SELECT count(*), count(DISTINCT aggregate_id) FROM outbox WHERE type = 'esnaf.orders.v1.CartChanged' AND "
      "aggregate_version = 2");
  CHECK(rows[0].Get<int>(0) == 30);
  CHECK(rows[0].Get<int>(1) == 30);
}

TEST_CASE("an order of the same person recovers the cart that was filled last, and counts once") {
  CartsUnderTest test;
  const v1::Cart older = test.Upsert(test.CartOf("older", "c1", 5h));
  const v1::Cart newer = test.Upsert(test.CartOf("newer", "c1", 4h));
  const v1::Cart other = test.Upsert(test.CartOf("other", "c2", 4h));
  test.Watch();
  REQUIRE_OK(test.Ingest(test.OrderAt("1001", "c1", test.now - 1h)));
  test.Watch();
  test.Watch();
  const v1::Cart recovered = test.GetCart(newer.id());
  CHECK(recovered.state() == v1::CART_STATE_RECOVERED);
  CHECK(recovered.order().external_id() == "1001");
  CHECK(recovered.order().total().minor() == 6000);
  CHECK_FALSE(recovered.order().named());
  CHECK(test.Told(newer.id()) == "OPEN ABANDONED RECOVERED ");
  CHECK(test.GetCart(older.id()).state() == v1::CART_STATE_ABANDONED);
  CHECK(test.GetCart(other.id()).state() == v1::CART_STATE_ABANDONED);
  // Too late to have to do with the reminder.
  REQUIRE_OK(test.Ingest(test.OrderAt("1002", "c2", test.now + std::chrono::days(8))));
  test.Watch(std::chrono::days(8));
  CHECK(test.GetCart(other.id()).state() == v1::CART_STATE_ABANDONED);
}

TEST_CASE("a guest is known by a visitor's id, and an order before the idle time is over is no recovery") {
  CartsUnderTest test;
  v1::UpsertCartRequest request = test.CartOf("guest", "", 30min);
  request.mutable_cart()->mutable_customer()->set_visitor_id("v1");
  const v1::Cart cart = test.Upsert(request);
  v1::Order order = test.OrderAt("1001", "", test.now - 10min);
  order.mutable_customer()->set_visitor_id("v1");
  REQUIRE_OK(test.Ingest(order));
  test.Watch();
  CHECK(test.Told(cart.id()) == "OPEN ORDERED ");
  CHECK(test.GetCart(cart.id()).order().external_id() == "1001");
}

TEST_CASE("the order that a cart names counts for it, whichever of both comes first") {
  CartsUnderTest test;
  const v1::Cart first = test.Upsert(test.CartOf("first", "c1", 5h));
  const v1::Cart second = test.Upsert(test.CartOf("second", "c1", 4h));
  test.Watch();
  v1::UpsertCartRequest names = test.CartOf("first", "c1", 3h);
  names.mutable_cart()->set_order_external_id("1001");
  CHECK(test.Upsert(names).state() == v1::CART_STATE_RECOVERED);
  test.Watch();
  CHECK_FALSE(test.GetCart(first.id()).has_order());
  REQUIRE_OK(test.Ingest(test.OrderAt("1001", "c1", test.now - 3h)));
  test.Watch();
  CHECK(test.GetCart(first.id()).order().named());
  CHECK(test.GetCart(second.id()).state() == v1::CART_STATE_ABANDONED);

  REQUIRE_OK(test.Ingest(test.OrderAt("1003", "c9", test.now - 3h)));
  test.Watch();
  v1::UpsertCartRequest late = test.CartOf("third", "c3", 2h);
  late.mutable_cart()->set_order_external_id("1003");
  const v1::Cart third = test.Upsert(late);
  test.Watch(1min);
  CHECK(test.Told(third.id()) == "ORDERED ORDERED ");
  CHECK(test.GetCart(third.id()).order().total().minor() == 6000);
}

TEST_CASE("a cart that names an order takes it from the one that it was given to before") {
  CartsUnderTest test;
  const v1::Cart names = test.Upsert(test.CartOf("names", "c1", 5h));
  const v1::Cart given = test.Upsert(test.CartOf("given", "c1", 4h));
  test.Watch();
  REQUIRE_OK(test.Ingest(test.OrderAt("1001", "c1", test.now - 1h)));
  test.Watch();
  REQUIRE(test.GetCart(given.id()).order().external_id() == "1001");

  v1::UpsertCartRequest request = test.CartOf("names", "c1", 30min);
  request.mutable_cart()->set_order_external_id("1001");
  test.Upsert(request);
  test.Watch(1min);
  test.Watch(1min);
  CHECK(test.GetCart(names.id()).state() == v1::CART_STATE_RECOVERED);
  CHECK(test.GetCart(names.id()).order().external_id() == "1001");
  CHECK(test.GetCart(names.id()).order().named());
  CHECK_FALSE(test.GetCart(given.id()).has_order());
  CHECK(test.GetCart(given.id()).abandon_count() == 1);
  CHECK(test.Told(given.id()) == "OPEN ABANDONED RECOVERED ABANDONED ");
}

TEST_CASE("a cart that was idle before there was a watch is described and expires, but is not told as abandoned") {
  CartsUnderTest test;
  const v1::Cart idle = test.Upsert(test.CartOf("idle", "c1", 2h));
  const v1::Cart fresh = test.Upsert(test.CartOf("fresh", "c2", 10min));
  test.schema.Sql("UPDATE cart SET value = 0, check_time = now()");
  test.schema.Sql("UPDATE cart_watch SET begin_time = now()");
  test.Watch(1min);
  CHECK(test.List("value = 1000") == "idle fresh ");
  test.Watch(1h);
  CHECK(test.Told(fresh.id()) == "OPEN ABANDONED ");
  test.Watch(std::chrono::days(30));
  CHECK(test.Told(idle.id()) == "OPEN EXPIRED ");
}

TEST_CASE("a cart that cannot be read, or whose store is gone, does not stop the others") {
  CartsUnderTest test;
  const v1::Cart bad = test.Upsert(test.CartOf("bad", "c1", 5h));
  const v1::Cart good = test.Upsert(test.CartOf("good", "c2", 2h));
  test.schema.Sql("UPDATE cart SET body = '\\xff'::bytea WHERE id = $1::uuid", {bad.id()});
  test.schema.Sql("DELETE FROM store WHERE id = 'tr'");
  test.Watch();
  CHECK(test.Told(good.id()) == "OPEN ABANDONED ");
  CHECK(test.Told(bad.id()) == "OPEN ");
  const auto rows = test.schema.Sql("SELECT check_time FROM cart WHERE id = $1::uuid", {bad.id()});
  CHECK(rows[0].Get<Time>(0) == test.now + 1h);
}

TEST_CASE("staff read and change the policy, by which carts are looked at again") {
  CartsUnderTest test;
  v1::GetCartPolicyRequest get;
  get.set_store_id("tr");
  ESNAF_REQUIRE_VALUE(const auto policy, test.Call<v1::CartPolicy>(kCarts, "GetCartPolicy", get));
  CHECK(policy.idle_minutes() == 60);
  CHECK(policy.expire_days() == 30);
  CHECK(policy.recovery_days() == 7);
  CHECK(policy.min_value().minor() == 0);
  CHECK(policy.etag() == "0");
  const v1::Cart cart = test.Upsert(test.CartOf("a", "c1", 30min));
  test.Watch();
  CHECK(test.GetCart(cart.id()).state() == v1::CART_STATE_OPEN);

  v1::UpdateCartPolicyRequest update;
  update.mutable_policy()->set_store_id("tr");
  update.mutable_policy()->set_idle_minutes(15);
  update.mutable_policy()->set_expire_days(99);
  update.mutable_update_mask()->add_paths("idle_minutes");
  ESNAF_REQUIRE_VALUE(const auto changed, test.Call<v1::CartPolicy>(kCarts, "UpdateCartPolicy", update));
  CHECK(changed.idle_minutes() == 15);
  CHECK(changed.expire_days() == 30);
  CHECK(changed.etag() == "1");
  CHECK(test.Call<v1::CartPolicy>(kCarts, "UpdateCartPolicy", update)->etag() == "1");
  // The watch does the work, in its steps, and once.
  CHECK(test.schema.Sql("SELECT 1 FROM cart_policy WHERE check_after IS NOT NULL").size() == 1);
  CHECK(test.schema.Sql("SELECT 1 FROM cart WHERE check_time <= now()").empty());
  test.Watch(1s);
  CHECK(test.GetCart(cart.id()).state() == v1::CART_STATE_ABANDONED);
  CHECK(test.schema.Sql("SELECT 1 FROM cart_policy WHERE check_after IS NOT NULL").empty());

  update.mutable_policy()->set_etag("0");
  CHECK(ErrorReason(test.Call<v1::CartPolicy>(kCarts, "UpdateCartPolicy", update).status()) == "ETAG_MISMATCH");
  update.mutable_policy()->clear_etag();
  update.mutable_policy()->set_idle_minutes(0);
  CHECK_STATUS_IS(test.Call<v1::CartPolicy>(kCarts, "UpdateCartPolicy", update).status(), StatusCode::kInvalidArgument,
                  "idle_minutes: must be 1 to 10080");
  update.mutable_policy()->set_store_id("none");
  CHECK(test.Call<v1::CartPolicy>(kCarts, "UpdateCartPolicy", update).status().code() == StatusCode::kNotFound);
  get.set_store_id("none");
  CHECK(test.Call<v1::CartPolicy>(kCarts, "GetCartPolicy", get).status().code() == StatusCode::kNotFound);
  const testing::ClientCallOptions elsewhere{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "user:1"}, {"esnaf-stores", "other"}}};
  get.set_store_id("tr");
  CHECK(ErrorReason(test.Call<v1::CartPolicy>(kCarts, "GetCartPolicy", get, elsewhere).status()) ==
        "STORE_NOT_IN_SCOPE");
}

TEST_CASE("a link gives back what a cart holds, until it expires or an order came of it") {
  CartsUnderTest test;
  const v1::Cart cart = test.Upsert(test.CartOf("a", "c1", 2h));
  v1::CreateCartLinkRequest create;
  create.set_id(cart.id());
  ESNAF_REQUIRE_VALUE(const auto link, test.Call<v1::CartLink>(kCarts, "CreateCartLink", create));
  v1::RecoverCartRequest recover;
  recover.set_token(link.token());
  ESNAF_REQUIRE_VALUE(const auto content, test.Call<v1::RecoverCartResponse>(kCarts, "RecoverCart", recover));
  CHECK(content.external_id() == "a");
  CHECK(content.value() == 1000);
  CHECK(content.lines_size() == 1);
  CHECK(content.lines(0).sku() == "A");
  const auto reason = [&](const std::string& token) {
    recover.set_token(token);
    return ErrorReason(test.Call<v1::RecoverCartResponse>(kCarts, "RecoverCart", recover).status());
  };
  CHECK(reason("") == "CART_LINK_NOT_VALID");
  CHECK(reason("x" + link.token().substr(1)) == "CART_LINK_NOT_VALID");
  *create.mutable_expire_time() = api::ToProto(test.now - 1h);
  CHECK_STATUS_IS(test.Call<v1::CartLink>(kCarts, "CreateCartLink", create).status(), StatusCode::kInvalidArgument,
                  "expire_time");
  v1::UpsertCartRequest ordered = test.CartOf("a", "c1", 1h);
  ordered.mutable_cart()->set_order_external_id("1001");
  test.Upsert(ordered);
  CHECK(reason(link.token()) == "CART_ALREADY_ORDERED");
}

}  // namespace
}  // namespace esnaf::orders
