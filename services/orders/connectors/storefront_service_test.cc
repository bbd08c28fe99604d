// Storefronts' deliveries from the hook to the order: three times and shuffled, always the same order in the end.
#include <random>

#include "absl/strings/escaping.h"
#include "esnaf/api/v1/hooks.pb.h"
#include "esnaf/migrations/hooks.h"
#include "libs/base/crypto.h"
#include "libs/hooks/hook_service.h"
#include "services/orders/connectors/gold_webhooks.h"
#include "services/orders/connectors/storefront.h"
#include "services/orders/connectors/storefront_connectors.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using nlohmann::json;
using testing::FakeContacts;
using testing::GoldWebhooks;

struct Post {
  std::string connector, topic, body, id, triggered_at;
};

class Storefronts {
 public:
  Storefronts() {
    v1::CreateStoreRequest store;
    store.mutable_store()->set_id("web");
    store.mutable_store()->set_currency_code("USD");
    REQUIRE_OK(server.channel()->Call<v1::Store>("/esnaf.orders.v1.StoreService/CreateStore", store));
    for (const char* connector : {"shopify", "woocommerce"}) {
      api::v1::CreateHookConnectionRequest request;
      request.set_connector(connector);
      request.set_store_id("web");
      (*request.mutable_secrets())["webhook_secret"] = "shhh-gold-secret";
      REQUIRE_OK(
          server.channel()->Call<api::v1::HookConnection>("/esnaf.api.v1.HookService/CreateHookConnection", request));
    }
  }

  absl::Status Send(const Post& post, std::string signature = {}) {
    if (signature.empty()) signature = absl::Base64Escape(HmacSha256("shhh-gold-secret", post.body));
    api::v1::ReceiveHookRequest request;
    request.set_connector(post.connector);
    request.set_store_id("web");
    request.set_verb("POST");
    request.set_body(post.body);
    const auto header = [&](const std::string& name, const std::string& value) {
      request.add_headers()->set_name(name);
      request.mutable_headers(request.headers_size() - 1)->set_value(value);
    };
    const bool shopify = post.connector == "shopify";
    header(shopify ? "x-shopify-hmac-sha256" : "x-wc-webhook-signature", signature);
    header(shopify ? "x-shopify-topic" : "x-wc-webhook-topic", post.topic);
    header(shopify ? "x-shopify-webhook-id" : "x-wc-webhook-delivery-id", post.id);
    if (shopify) header("x-shopify-triggered-at", post.triggered_at);
    return server.channel()
        ->Call<api::v1::ReceiveHookResponse>("/esnaf.api.v1.HookService/ReceiveHook", request)
        .status();
  }
  void HandleDue() {
    for (hooks::HookWorker* worker : {&shopify_worker, &woocommerce_worker}) {
      for (bool more = true; more;) {
        ESNAF_REQUIRE_VALUE(more, worker->HandleNext(schema.connection()));
      }
    }
  }
  // Until nothing waits any more.
  void HandleAll() {
    HandleDue();
    for (int i = 0; i < 12 && Number("SELECT count(*) FROM hook_delivery WHERE state = 1") > 0; ++i) {
      clock.Advance(std::chrono::hours(1));
      HandleDue();
    }
  }
  void SendAndHandle(const Post& post) {
    REQUIRE_OK(Send(post));
    HandleDue();
  }
  std::int64_t Number(const std::string& sql) { return schema.Sql(sql)[0].Get<std::int64_t>(0); }
  std::string Text(const std::string& sql) { return schema.Sql(sql)[0].Get<std::string>(0); }
  std::string Newest() {
    return Text("SELECT state || ' ' || message FROM hook_delivery ORDER BY receive_time DESC, id DESC LIMIT 1");
  }
  // The only order, without what counts how often it was written.
  v1::Order OnlyOrder() {
    const auto rows = schema.Sql("SELECT body FROM orders");
    REQUIRE(rows.size() == 1);
    v1::Order order;
    REQUIRE(order.ParseFromString(rows[0].Get<postgres::Bytes>(0).data));
    order.set_etag("1");
    order.clear_create_time();
    order.clear_update_time();
    return order;
  }

  esnaf::testing::TestSchema schema{"storefronts",
                                    {&migrations::runtime(), &migrations::events(), &migrations::hooks(),
                                     &migrations::identity(), &migrations::orders()},
                                    {"runtime", "events", "hooks", "identity", "orders"}};
  std::shared_ptr<FakeContacts> contacts = std::make_shared<FakeContacts>();
  ManualClock clock{SystemClock().Now()};
  ShopCache shops{SystemClock()};
  ContactLinker linker{contacts, clock};
  OrderIngest ingest{shops, linker};
  OrderService orders{ingest};
  CartService carts{shops, linker};
  StoreService stores;
  std::unique_ptr<hooks::Connector> shopify = MakeShopify({shops, linker, ingest, carts});
  std::unique_ptr<hooks::Connector> woocommerce = MakeWooCommerce({shops, linker, ingest, carts});
  hooks::HookService service{{shopify.get(), woocommerce.get()}};
  hooks::HookWorker shopify_worker{*shopify, "service:orders", clock, {}, {}};
  hooks::HookWorker woocommerce_worker{*woocommerce, "service:orders", clock, {}, {}};
  esnaf::testing::TestServer server{
      schema, {service.Rpcs(), orders.Rpcs(), carts.Rpcs(), stores.Rpcs()}, {.name = "orders", .clock = &clock}};
};

// Each three times: as it came, repeated under its id, and sent anew under another.
std::vector<Post> ThreeTimes(const std::vector<Post>& posts) {
  std::vector<Post> all;
  for (const Post& post : posts) {
    all.insert(all.end(), 2, post);
    all.push_back(post);
    all.back().id += "-again";
  }
  return all;
}

std::string Fulfillment(const char* updated_at, const char* tracking, const char* status = "success") {
  return json{{"id", 501},
              {"order_id", 450789469},
              {"status", status},
              {"created_at", "2008-01-10T17:00:00Z"},
              {"updated_at", updated_at},
              {"tracking_company", "UPS"},
              {"tracking_number", tracking},
              {"line_items", {{{"id", 466157049}, {"quantity", 1}}}}}
      .dump();
}

std::string Refund(int id, const char* amount, const char* created_at, std::int64_t line) {
  return json{{"id", id},
              {"order_id", 450789469},
              {"created_at", created_at},
              {"note", "late"},
              {"refund_line_items", {{{"line_item_id", line}, {"quantity", 1}, {"restock_type", "return"}}}},
              {"transactions", {{{"kind", "refund"}, {"status", "success"}, {"amount", amount}, {"currency", "USD"}}}}}
      .dump();
}

// The life of the published order: placed, paid within the same second, sent, refunded in part and cancelled.
std::vector<Post> LifeOfShopifyOrder(const std::string& gold) {
  std::vector<Post> posts = {{"shopify", "orders/create", gold, "w1", "2008-01-10T16:00:00.1Z"}};
  json order = json::parse(gold);
  const auto next = [&](const char* topic, const char* triggered_at) {
    posts.push_back({"shopify", topic, order.dump(), "w" + std::to_string(posts.size() + 1), triggered_at});
  };
  order["financial_status"] = "paid";
  next("orders/paid", "2008-01-10T16:00:00.6Z");
  order["updated_at"] = "2008-01-10T17:00:00Z";
  order["fulfillments"] = {json::parse(Fulfillment("2008-01-10T17:00:00Z", "1Z"))};
  next("orders/fulfilled", "2008-01-10T17:00:00.2Z");
  posts.push_back({"shopify", "fulfillments/create", Fulfillment("2008-01-10T17:00:00Z", "1Z"), "f1", ""});
  order["updated_at"] = "2008-01-10T18:00:00Z";
  order["financial_status"] = "partially_refunded";
  const std::string refund = Refund(801, "50.00", "2008-01-10T18:00:00Z", 466157049);
  order["refunds"] = {json::parse(refund)};
  posts.push_back({"shopify", "refunds/create", refund, "r1", ""});
  next("orders/updated", "2008-01-10T18:00:00.2Z");
  order["updated_at"] = "2008-01-10T19:00:00Z";
  order["cancelled_at"] = "2008-01-10T19:00:00Z";
  order["cancel_reason"] = "customer";
  next("orders/cancelled", "2008-01-10T19:00:00.2Z");
  return posts;
}

// Sends the posts three times each and shuffled, by several seeds; answers the order, the same each time.
v1::Order ShuffledEnd(const std::vector<Post>& posts) {
  std::optional<v1::Order> first;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    Storefronts test;
    std::vector<Post> all = ThreeTimes(posts);
    std::shuffle(all.begin(), all.end(), std::mt19937(seed));
    for (const Post& post : all) test.SendAndHandle(post);
    test.HandleAll();
    CHECK(test.Number("SELECT count(*) FROM hook_delivery") == static_cast<std::int64_t>(posts.size() * 2));
    CHECK(test.Number("SELECT count(*) FROM hook_delivery WHERE state <> 2") == 0);
    const v1::Order order = test.OnlyOrder();
    if (!first) first = order;
    CHECK(order.ShortDebugString() == first->ShortDebugString());
  }
  return *first;
}

std::optional<GoldWebhooks> Gold() {
  const auto folder = esnaf::testing::DataFolder("webhooks");
  return folder ? std::optional<GoldWebhooks>(*folder) : std::nullopt;
}

TEST_CASE("Shopify's deliveries, three times and shuffled, end in the same order", "[storefront]") {
  const auto gold = Gold();
  if (!gold) return;
  const v1::Order order = ShuffledEnd(LifeOfShopifyOrder(gold->shopify));
  ESNAF_REQUIRE_VALUE(const Order read, FromWire(order));
  const OrderDerived derived = Derive(read);
  CHECK(derived.state == OrderState::kCancelled);
  CHECK(derived.totals.gross == 59700);
  CHECK(derived.totals.paid == 60894);
  CHECK(derived.totals.refunded == 5000);
  REQUIRE(order.fulfillments_size() == 1);
  CHECK_FALSE(order.fulfillments(0).recorded_here());
  CHECK(order.contact_id() == FakeContacts::ContactOf("207119551").ToString());
}

TEST_CASE("facts that come by themselves stay, whichever comes first, also before their order", "[storefront]") {
  const auto gold = Gold();
  if (!gold) return;
  const std::vector<Post> posts = {
      {"shopify", "orders/create", gold->shopify, "w1", "2008-01-10T16:00:00.1Z"},
      {"shopify", "fulfillments/create", Fulfillment("2008-01-10T17:00:00Z", ""), "f1", ""},
      {"shopify", "fulfillments/update", Fulfillment("2008-01-10T18:00:00Z", "1Z"), "f2", ""},
      {"shopify", "refunds/create", Refund(801, "50.00", "2008-01-10T18:00:00Z", 466157049), "r1", ""},
      {"shopify", "refunds/create", Refund(802, "20.00", "2008-01-10T19:00:00Z", 518995019), "r2", ""}};
  const v1::Order order = ShuffledEnd(posts);
  REQUIRE(order.refunds_size() == 2);
  CHECK(order.refunds(0).amount().minor() == 5000);
  CHECK(order.refunds(1).amount().minor() == 2000);
  REQUIRE(order.fulfillments_size() == 1);
  CHECK(order.fulfillments(0).tracking_number() == "1Z");
  CHECK(order.fulfillments(0).recorded_here());
}

TEST_CASE("WooCommerce's deliveries, three times and shuffled, end in the same order", "[storefront]") {
  const auto gold = Gold();
  if (!gold) return;
  std::vector<Post> posts = {{"woocommerce", "order.created", gold->woocommerce, "d1", ""}};
  json order = json::parse(gold->woocommerce);
  const auto next = [&](const char* status) {
    order["status"] = status;
    posts.push_back({"woocommerce", "order.updated", order.dump(), "d" + std::to_string(posts.size() + 1), ""});
  };
  next("completed");  // within the same second
  order["date_modified_gmt"] = "2017-03-23T10:00:00";
  order["refunds"] = {{{"id", 900}, {"reason", "late"}, {"total", "-9.35"}}};
  next("completed");
  const v1::Order end = ShuffledEnd(posts);
  ESNAF_REQUIRE_VALUE(const Order read, FromWire(end));
  const OrderDerived derived = Derive(read);
  CHECK(derived.totals.total == 2935);
  CHECK(derived.totals.refunded == 935);
  CHECK(derived.fulfillment_state == FulfillmentState::kFulfilled);
  CHECK(derived.payment_state == PaymentState::kPartiallyRefunded);
}

TEST_CASE("one changed byte is refused, and nothing of it is kept", "[storefront]") {
  const auto gold = Gold();
  if (!gold) return;
  Storefronts test;
  Post post{"shopify", "orders/create", gold->shopify, "w1", ""};
  const std::string signature = gold->Signature(testing::kShopifyOrderFile);
  post.body[1000] ^= 1;
  CHECK(ErrorReason(test.Send(post, signature)) == "HOOK_NOT_VERIFIED");
  Post woo{"woocommerce", "order.created", gold->woocommerce, "d1", ""};
  woo.body.back() ^= 1;
  CHECK(ErrorReason(test.Send(woo, gold->Signature(testing::kWooCommerceOrderFile))) == "HOOK_NOT_VERIFIED");
  CHECK(test.Number("SELECT count(*) FROM hook_delivery") == 0);
  post.body[1000] ^= 1;
  REQUIRE_OK(test.Send(post, signature));
  test.HandleAll();
  CHECK(test.Newest().starts_with("2 a new order; but "));
  CHECK(test.Newest().find("bob") == std::string::npos);
  CHECK(test.Number("SELECT count(*) FROM hook_delivery WHERE payload <> ''") == 0);
  woo.body = "webhook_id=4";
  REQUIRE_OK(test.Send(woo));
  CHECK(test.Number("SELECT count(*) FROM hook_delivery") == 1);
}

TEST_CASE("what cannot be read is dead at once and names its place; a fact without its order waits", "[storefront]") {
  Storefronts test;
  test.SendAndHandle({"shopify", "orders/create", R"({"id": 1, "currency": "USD"})", "w1", ""});
  CHECK(test.Newest().starts_with("3 "));
  CHECK(test.Newest().find("body.created_at") != std::string::npos);
  test.clock.Advance(std::chrono::seconds(1));
  test.SendAndHandle({"shopify", "refunds/create", Refund(1, "1.00", "2026-01-01T00:00:00Z", 1), "r1", ""});
  CHECK(test.Newest() == "1 the order 450789469 has not come yet");
}

TEST_CASE("products, carts, customers and what a platform demands", "[storefront]") {
  Storefronts test;
  const auto product = [](const char* updated, const char* price) {
    return json{{"id", 7},
                {"title", "Shirt"},
                {"vendor", "Esnaf"},
                {"updated_at", updated},
                {"variants", {{{"id", 71}, {"sku", "S"}, {"price", price}}}}}
        .dump();
  };
  test.SendAndHandle({"shopify", "products/update", product("2026-01-02T00:00:00Z", "12.00"), "p2", ""});
  test.schema.Sql("UPDATE product SET cost = 500");
  test.SendAndHandle({"shopify", "products/create", product("2026-01-01T00:00:00Z", "10.00"), "p1", ""});
  CHECK(test.Text("SELECT price || ' ' || cost || ' ' || brand FROM product") == "1200 500 Esnaf");
  test.SendAndHandle({"shopify", "products/update", product("2026-01-03T00:00:00Z", "13.00"), "p3", ""});
  CHECK(test.Text("SELECT price || ' ' || cost || ' ' || brand FROM product") == "1300 500 Esnaf");

  const auto cart = [](const char* updated, const char* email) {
    json body = {
        {"token", "k"}, {"updated_at", updated}, {"line_items", {{{"sku", "S"}, {"quantity", 1}, {"price", "13.00"}}}}};
    if (email != nullptr) body.update({{"email", email}, {"cart_token", "k"}, {"token", "c"}});
    return body.dump();
  };
  test.SendAndHandle({"shopify", "checkouts/create", cart("2026-01-03T00:00:00Z", "a@example.com"), "c1", ""});
  test.SendAndHandle({"shopify", "carts/update", cart("2026-01-03T00:01:00Z", nullptr), "c2", ""});
  CHECK(test.Number("SELECT count(*) FROM cart WHERE state = 1") == 1);
  v1::Cart kept;
  REQUIRE(kept.ParseFromString(test.schema.Sql("SELECT body FROM cart")[0].Get<postgres::Bytes>(0).data));
  CHECK(kept.customer().email() == "a@example.com");
  const json order = {{"id", 9},
                      {"currency", "USD"},
                      {"created_at", "2026-01-03T00:02:00Z"},
                      {"updated_at", "2026-01-03T00:02:00Z"},
                      {"cart_token", "k"},
                      {"line_items", {{{"id", 1}, {"sku", "S"}, {"quantity", 1}, {"price", "13.00"}}}}};
  test.SendAndHandle({"shopify", "orders/create", order.dump(), "o1", ""});
  CHECK(test.Number("SELECT count(*) FROM cart WHERE state = 2") == 1);
  // A cart that comes late does not open it again.
  test.SendAndHandle({"shopify", "carts/update", cart("2026-01-03T00:03:00Z", nullptr), "c3", ""});
  CHECK(test.Number("SELECT count(*) FROM cart WHERE state = 2") == 1);
  CHECK(test.OnlyOrder().lines(0).brand() == "Esnaf");

  test.contacts->SetAway(true);
  test.SendAndHandle({"woocommerce", "customer.created", R"({"id": 3, "email": "b@example.com"})", "d1", ""});
  CHECK(test.Number("SELECT count(*) FROM hook_delivery WHERE state = 1") == 1);
  test.contacts->SetAway(false);
  test.HandleAll();
  CHECK(test.Number("SELECT count(*) FROM hook_delivery WHERE state = 2 AND message = 'a customer''s contact'") == 1);

  const std::string redact = R"({"shop_domain": "x.myshopify.com", "customer": {"id": 191167}})";
  for (int i = 0; i < 2; ++i) test.SendAndHandle({"shopify", "customers/redact", redact, "q1", ""});
  CHECK(test.Text("SELECT topic || ' ' || subject FROM storefront_request") == "customers/redact 191167");
  CHECK(test.Number("SELECT count(*) FROM hook_delivery WHERE subject_id = '191167' AND message LIKE '%for staff%'") ==
        1);
  CHECK(test.Number("SELECT count(*) FROM hook_delivery WHERE state = 3") == 0);
}

}  // namespace
}  // namespace esnaf::orders
