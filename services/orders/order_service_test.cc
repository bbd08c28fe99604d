// Goal: orders from the outside: what storefronts and importers send, through a real channel and a real Postgres, with a
// contacts that can be away.
#include "services/orders/order_service.h"

#include <rapidcheck.h>
#include <thread>

#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/orders.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/orders/v1/events.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"
#include "services/orders/cart_service.h"
#include "services/orders/cart_store.h"
#include "services/orders/catalog_service.h"
#include "services/orders/fake_contacts.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using esnaf::testing::TestSchema;
using esnaf::testing::TestServer;
using runtime::ClientCallOptions;
using testing::FakeContacts;

const char kOrders[] = "/esnaf.orders.v1.OrderService/";
const char kCarts[] = "/esnaf.orders.v1.CartService/";
const char kStores[] = "/esnaf.orders.v1.StoreService/";
const char kProducts[] = "/esnaf.orders.v1.ProductService/";

// The service as Build makes it, over a fake contacts; its workers are run by hand.
struct OrdersUnderTest {
  OrdersUnderTest() {
    v1::CreateStoreRequest request;
    request.mutable_store()->set_id("tr");
    request.mutable_store()->set_currency_code("TRY");
    REQUIRE_OK(Call<v1::Store>(kStores, "CreateStore", request));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const char* service, const char* method, const Request& request,
                                const ClientCallOptions& options = {}) {
    return server.channel()->Call<Response>(std::string(service) + method, request, options);
  }

  absl::StatusOr<v1::IngestOrderResponse> Ingest(const v1::Order& order, const ClientCallOptions& options = {}) {
    v1::IngestOrderRequest request;
    *request.mutable_order() = order;
    return Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request, options);
  }
  absl::StatusOr<v1::BatchIngestOrdersResponse> IngestAll(const std::vector<v1::Order>& orders, const std::string& request_id = "") {
    v1::BatchIngestOrdersRequest request;
    for (const v1::Order& order : orders) *request.add_orders() = order;
    request.set_request_id(request_id);
    return Call<v1::BatchIngestOrdersResponse>(kOrders, "BatchIngestOrders", request);
  }
  absl::StatusOr<v1::Order> Get(const std::string& id, const ClientCallOptions& options = {}) {
    v1::GetOrderRequest request;
    request.set_id(id);
    return Call<v1::Order>(kOrders, "GetOrder", request, options);
  }
  absl::StatusOr<v1::Order> Refund(const std::string& id, const std::string& refund_id, std::optional<std::int64_t> amount) {
    v1::RefundOrderRequest request;
    request.set_id(id);
    request.mutable_refund()->set_id(refund_id);
    if (amount) request.mutable_refund()->mutable_amount()->set_minor(*amount);
    return Call<v1::Order>(kOrders, "RefundOrder", request);
  }
  absl::StatusOr<v1::ListOrdersResponse> List(const std::string& filter, const ClientCallOptions& options = {}) {
    v1::ListOrdersRequest request;
    request.set_filter(filter);
    return Call<v1::ListOrdersResponse>(kOrders, "ListOrders", request, options);
  }
  int LinkOrders() {
    auto linked = LinkParked<OrderStore>(schema.connection(), linker, SystemClock().Now());
    REQUIRE_OK(linked);
    return *linked;
  }
  // The events so far, in the order of their positions.
  std::vector<v1::OrderChanged> Events() {
    const auto rows = schema.Sql(
        "SELECT payload, aggregate_id, aggregate_version FROM outbox WHERE type = 'esnaf.orders.v1.OrderChanged' ORDER BY xact, seq");
    std::vector<v1::OrderChanged> events(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
      v1::OrderChanged& event = events[static_cast<std::size_t>(i)];
      REQUIRE(event.ParseFromString(rows[i].Get<postgres::Bytes>(0).data));
      CHECK(event.order().id() == rows[i].Get<std::string>(1));
      CHECK(event.order().etag() == rows[i].Get<std::string>(2));
    }
    return events;
  }

  TestSchema schema{"orders",
                    {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::orders()},
                    {"runtime", "events", "identity", "orders"}};
  std::shared_ptr<FakeContacts> contacts = std::make_shared<FakeContacts>();
  ManualClock clock{SystemClock().Now()};
  ShopCache shops{SystemClock()};
  ContactLinker linker{contacts, clock};
  OrderIngest ingest{shops, linker};
  OrderService orders{ingest};
  CartService carts{shops, linker};
  StoreService stores;
  ProductService products{shops};
  TestServer server{schema, {orders.Rpcs(), carts.Rpcs(), stores.Rpcs(), products.Rpcs()}, {.name = "orders"}};
};

v1::Order OrderOf(const std::string& external_id, const std::string& customer = "c1", std::int64_t version = 1) {
  v1::Order order;
  order.set_store_id("tr");
  order.set_external_id(external_id);
  if (!customer.empty()) order.mutable_customer()->set_external_id(customer);
  order.mutable_place_time()->set_seconds(1'700'000'000);
  order.set_source_version(version);
  order.set_prices_include_tax(true);
  for (int i = 0; i < 3; ++i) {
    v1::OrderLine& line = *order.add_lines();
    line.set_sku("SKU" + std::to_string(i));
    line.set_quantity(2);
    line.mutable_unit_price()->set_minor(1000);
  }
  return order;
}

TEST_CASE("an order is recorded, linked, published and read back") {
  OrdersUnderTest test;
  std::string position;
  ESNAF_REQUIRE_VALUE(const auto answer, test.Ingest(OrderOf("1"), {.position = &position}));
  CHECK(answer.outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(answer.order().totals().net() == 6000);
  CHECK(answer.order().contact_id() == FakeContacts::ContactOf("c1").ToString());
  CHECK(answer.order().state() == v1::ORDER_STATE_OPEN);
  CHECK(position.starts_with("orders:" + test.server.epoch() + "."));
  ESNAF_REQUIRE_VALUE(const auto read, test.Get(answer.order().id()));
  CHECK(google::protobuf::util::MessageDifferencer::Equals(read, answer.order()));
  const auto events = test.Events();
  REQUIRE(events.size() == 1);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(events[0].order(), read));
}

TEST_CASE("a repeated delivery changes nothing, an older one neither, a newer one does") {
  OrdersUnderTest test;
  REQUIRE_OK(test.Ingest(OrderOf("1", "c1", 5)));
  CHECK(test.Ingest(OrderOf("1", "c1", 5))->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  CHECK(test.Ingest(OrderOf("1", "c1", 4))->outcome() == v1::INGEST_OUTCOME_STALE);
  CHECK(test.Events().size() == 1);
  v1::Order newer = OrderOf("1", "c1", 6);
  newer.mutable_cancel_time()->set_seconds(1'700'000'100);
  ESNAF_REQUIRE_VALUE(const auto updated, test.Ingest(newer));
  CHECK(updated.outcome() == v1::INGEST_OUTCOME_UPDATED);
  CHECK(updated.order().state() == v1::ORDER_STATE_CANCELLED);
  CHECK(updated.order().etag() == "2");
  CHECK(test.Events().size() == 2);
  CHECK(test.contacts->calls() == 1);
}

TEST_CASE("a source without versions counts by arrival, and repeats change nothing") {
  OrdersUnderTest test;
  v1::Order order = OrderOf("1", "c1", 0);
  REQUIRE_OK(test.Ingest(order));
  CHECK(test.Ingest(order)->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  order.set_channel("web");
  CHECK(test.Ingest(order)->outcome() == v1::INGEST_OUTCOME_UPDATED);
}

TEST_CASE("validate_only says what would be, and records nothing") {
  OrdersUnderTest test;
  v1::IngestOrderRequest request;
  *request.mutable_order() = OrderOf("1");
  request.set_validate_only(true);
  ESNAF_REQUIRE_VALUE(const auto answer,
                      test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request));
  CHECK(answer.outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Get(answer.order().id()).status().code() == StatusCode::kNotFound);
}

TEST_CASE("errors name the field, and an unknown store is not found") {
  OrdersUnderTest test;
  v1::Order bad = OrderOf("1");
  bad.mutable_lines(1)->set_quantity(0);
  const auto refused = test.Ingest(bad);
  CHECK(refused.status().code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(refused.status())[0].first == "order.lines[1].quantity");
  v1::Order elsewhere = OrderOf("1");
  elsewhere.set_store_id("nowhere");
  CHECK(ErrorReason(test.Ingest(elsewhere).status()) == "STORE_NOT_FOUND");
  CHECK_STATUS_IS(test.Get("no-id"), StatusCode::kInvalidArgument, "id");
}

TEST_CASE("an anonymous order is published without a contact") {
  OrdersUnderTest test;
  ESNAF_REQUIRE_VALUE(const auto answer, test.Ingest(OrderOf("1", "")));
  CHECK(answer.order().contact_id().empty());
  CHECK(test.Events().size() == 1);
  CHECK(test.contacts->calls() == 0);
}

TEST_CASE("while contacts is away orders are taken, parked, and linked and published later") {
  OrdersUnderTest test;
  test.contacts->SetAway(true);
  ESNAF_REQUIRE_VALUE(const auto first, test.Ingest(OrderOf("1", "c1")));
  ESNAF_REQUIRE_VALUE(const auto second, test.Ingest(OrderOf("2", "c2")));
  CHECK(first.order().contact_id().empty());
  CHECK(test.Events().empty());
  // After the first failure contacts is left in peace for a while.
  CHECK(test.contacts->calls() == 1);
  CHECK(test.LinkOrders() == 0);
  // A verb on a parked order is not published either.
  REQUIRE_OK(test.Refund(second.order().id(), "r", 500));
  CHECK(test.Events().empty());

  test.contacts->SetAway(false);
  test.clock.Advance(std::chrono::seconds(4));
  CHECK(test.LinkOrders() == 2);
  const auto events = test.Events();
  REQUIRE(events.size() == 2);
  for (const v1::OrderChanged& event : events) {
    CHECK(event.order().contact_id() == FakeContacts::ContactOf(event.order().customer().external_id()).ToString());
  }
  CHECK(test.Get(second.order().id())->totals().refunded() == 500);
  CHECK(test.LinkOrders() == 0);
}

TEST_CASE("a customer that contacts refuses does not keep others from being linked") {
  OrdersUnderTest test;
  test.contacts->Refuse("bad");
  ESNAF_REQUIRE_VALUE(const auto batch, test.IngestAll({OrderOf("1", "good"), OrderOf("2", "bad"), OrderOf("3", "fine")}));
  for (const auto& result : batch.results()) CHECK(result.outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Events().empty());
  CHECK(test.LinkOrders() == 2);
  CHECK(test.Events().size() == 2);
  // The refused one waits its time.
  const int calls = test.contacts->calls();
  CHECK(test.LinkOrders() == 0);
  CHECK(test.contacts->calls() == calls);
}

TEST_CASE("a batch stands order by order") {
  OrdersUnderTest test;
  v1::Order bad = OrderOf("bad");
  bad.clear_lines();
  std::vector<v1::Order> orders = {OrderOf("1"), bad, OrderOf("2", "c2"), OrderOf("1", "c1", 2), OrderOf("3", "")};
  ESNAF_REQUIRE_VALUE(const auto batch, test.IngestAll(orders));
  REQUIRE(batch.results_size() == 5);
  CHECK(batch.results(0).outcome() == v1::INGEST_OUTCOME_STALE);  // overtaken by its own newer version
  CHECK(batch.results(0).order_id() == batch.results(3).order_id());
  CHECK(batch.results(1).error().code() == static_cast<int>(StatusCode::kInvalidArgument));
  CHECK(batch.results(1).order_id().empty());
  CHECK(batch.results(2).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(batch.results(3).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(batch.results(4).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Events().size() == 3);
  CHECK(test.contacts->calls() == 1);
  CHECK(test.contacts->sets_asked() == 2);
  ESNAF_REQUIRE_VALUE(const auto again, test.IngestAll(orders));
  CHECK(again.results(3).outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  CHECK(test.Events().size() == 3);
}

TEST_CASE("an order that only the database refuses does not sink its batch") {
  OrdersUnderTest test;
  test.schema.Sql("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (external_id <> 'poison')");
  for (const char* request_id : {"", "once"}) {
    const std::string suffix = request_id;
    ESNAF_REQUIRE_VALUE(const auto batch,
                        test.IngestAll({OrderOf("a" + suffix), OrderOf("poison"), OrderOf("b" + suffix)}, request_id));
    CHECK(batch.results(0).outcome() == v1::INGEST_OUTCOME_CREATED);
    CHECK(batch.results(1).error().code() == static_cast<int>(StatusCode::kInvalidArgument));
    CHECK(batch.results(2).outcome() == v1::INGEST_OUTCOME_CREATED);
  }
  CHECK(test.Events().size() == 4);
}

TEST_CASE("a request id replays the first answer") {
  OrdersUnderTest test;
  v1::IngestOrderRequest request;
  *request.mutable_order() = OrderOf("1");
  request.set_request_id("abc");
  const auto first = test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request);
  const auto again = test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request);
  REQUIRE_OK(first);
  REQUIRE_OK(again);
  CHECK(again->outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(*first, *again));
  request.mutable_order()->set_channel("web");
  CHECK(ErrorReason(test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request).status()) == "IDEMPOTENCY_KEY_REUSED");
}

TEST_CASE("versions delivered in any order, and repeated, end in the newest") {
  OrdersUnderTest test;
  int run = 0;
  REQUIRE(rc::check("permutations", [&] {
    const std::string id = "p" + std::to_string(run++);
    std::vector<int> versions = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 5));
    versions.push_back(5);
    std::swap(versions.back(), versions[static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(versions.size())))]);
    std::vector<v1::Order> batch;
    for (int version : versions) {
      v1::Order order = OrderOf(id, "c1", version);
      order.mutable_lines(0)->set_quantity(version);
      if (*rc::gen::arbitrary<bool>()) {
        batch.push_back(order);
      } else {
        RC_ASSERT(test.Ingest(order).ok());
      }
    }
    if (!batch.empty()) RC_ASSERT(test.IngestAll(batch).ok());
    const auto order = test.Get(OrderId("tr", id).ToString());
    RC_ASSERT(order.ok());
    RC_ASSERT(order->source_version() == 5);
    RC_ASSERT(order->totals().net() == 5 * 1000 + 4000);
  }));
}

TEST_CASE("many at once on one order lose nothing and end in the newest") {
  OrdersUnderTest test;
  std::vector<absl::Status> failures(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        auto answer = test.Ingest(OrderOf("1", "c1", static_cast<std::int64_t>(i * 8 + static_cast<int>(t) + 1)));
        // Others may win the race five times in a row; the caller is told to try again then.
        while (answer.status().code() == StatusCode::kAborted) {
          answer = test.Ingest(OrderOf("1", "c1", static_cast<std::int64_t>(i * 8 + static_cast<int>(t) + 1)));
        }
        if (!answer.ok()) failures[t] = answer.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& failure : failures) CHECK_OK(failure);
  ESNAF_REQUIRE_VALUE(const auto order, test.Get(OrderId("tr", "1").ToString()));
  CHECK(order.source_version() == 80);
  const auto events = test.Events();
  CHECK(order.etag() == std::to_string(events.size()));
}

TEST_CASE("a stream of batches answers with its sums") {
  OrdersUnderTest test;
  int sent = 0;
  v1::StreamIngestOrdersResponse sums;
  REQUIRE_OK(test.server.channel()->WriteStream(
      std::string(kOrders) + "StreamIngestOrders", v1::StreamIngestOrdersRequest(),
      [&](google::protobuf::Message& message) {
        if (sent == 3) return false;
        auto& request = dynamic_cast<v1::StreamIngestOrdersRequest&>(message);
        request.Clear();
        for (int i = 0; i < 2; ++i) *request.add_orders() = OrderOf(std::to_string(sent * 2 + i));
        if (sent == 2) request.mutable_orders(1)->set_external_id("");
        ++sent;
        return true;
      },
      sums, {.metadata = {{"idempotency-key", "stream"}}}));
  CHECK(sums.created_count() == 5);
  CHECK(sums.failed_count() == 1);
  REQUIRE(sums.errors_size() == 1);
  CHECK(sums.errors(0).index() == 5);
}

TEST_CASE("verbs change an order, once for each fact, and say why where they do not") {
  OrdersUnderTest test;
  const std::string id = test.Ingest(OrderOf("1"))->order().id();
  v1::PayOrderRequest pay;
  pay.set_id(id);
  pay.mutable_payment()->set_id("p");
  ESNAF_REQUIRE_VALUE(const auto paid, test.Call<v1::Order>(kOrders, "PayOrder", pay));
  CHECK(paid.payment_state() == v1::PAYMENT_STATE_PAID);
  v1::FulfillOrderRequest fulfill;
  fulfill.set_id(id);
  ESNAF_REQUIRE_VALUE(const auto done, test.Call<v1::Order>(kOrders, "FulfillOrder", fulfill));
  CHECK(done.state() == v1::ORDER_STATE_COMPLETED);
  ESNAF_REQUIRE_VALUE(const auto refunded, test.Refund(id, "r", 1500));
  CHECK(refunded.totals().net() == 4500);
  CHECK(test.Refund(id, "r", 1500)->etag() == refunded.etag());
  CHECK(test.Refund(id, "r", 1600).status().code() == StatusCode::kAlreadyExists);
  CHECK(ErrorReason(test.Refund(id, "s", 5000).status()) == "REFUND_EXCEEDS_TOTAL");
  CHECK(test.Refund(id, "s", std::nullopt)->totals().net() == 0);
  v1::CancelOrderRequest cancel;
  cancel.set_id(id);
  CHECK(ErrorReason(test.Call<v1::Order>(kOrders, "CancelOrder", cancel).status()) == "ORDER_FULFILLED");
  CHECK(test.Events().size() == 5);
  CHECK(test.Refund(OrderId("tr", "none").ToString(), "r", 1).status().code() == StatusCode::kNotFound);
}

TEST_CASE("a cancel compares the etag, and a refund recorded here outlives the source's next delivery") {
  OrdersUnderTest test;
  const std::string id = test.Ingest(OrderOf("1"))->order().id();
  REQUIRE_OK(test.Refund(id, "r", 1000));
  CHECK(test.Ingest(OrderOf("1", "c1", 2))->order().totals().refunded() == 1000);
  v1::CancelOrderRequest cancel;
  cancel.set_id(id);
  cancel.set_etag("1");
  CHECK(ErrorReason(test.Call<v1::Order>(kOrders, "CancelOrder", cancel).status()) == "ETAG_MISMATCH");
  cancel.set_etag("3");
  cancel.set_reason("changed_mind");
  ESNAF_REQUIRE_VALUE(const auto cancelled, test.Call<v1::Order>(kOrders, "CancelOrder", cancel));
  CHECK(cancelled.totals().net() == 0);
  CHECK(cancelled.cancel_reason() == "changed_mind");
}

TEST_CASE("a key of one store sees no other store's orders") {
  OrdersUnderTest test;
  v1::CreateStoreRequest store;
  store.mutable_store()->set_id("de");
  store.mutable_store()->set_currency_code("EUR");
  REQUIRE_OK(test.Call<v1::Store>(kStores, "CreateStore", store));
  v1::Order german = OrderOf("1");
  german.set_store_id("de");
  const std::string id = test.Ingest(german)->order().id();
  REQUIRE_OK(test.Ingest(OrderOf("1")));
  const ClientCallOptions limited{.metadata = {{"esnaf-caller-kind", "storefront"}, {"esnaf-actor", "key:1"}, {"esnaf-stores", "tr"}}};
  CHECK(ErrorReason(test.Get(id, limited).status()) == "STORE_NOT_IN_SCOPE");
  CHECK(ErrorReason(test.Ingest(german, limited).status()) == "STORE_NOT_IN_SCOPE");
  ESNAF_REQUIRE_VALUE(const auto seen, test.List("", limited));
  REQUIRE(seen.orders_size() == 1);
  CHECK(seen.orders(0).store_id() == "tr");
  v1::GetContactOrderSummaryRequest summary;
  summary.set_contact_id(FakeContacts::ContactOf("c1").ToString());
  CHECK(test.Call<v1::ContactOrderSummary>(kOrders, "GetContactOrderSummary", summary)->currencies_size() == 2);
  CHECK(test.Call<v1::ContactOrderSummary>(kOrders, "GetContactOrderSummary", summary, limited)->currencies_size() == 1);
  v1::RefundOrderRequest refund;
  refund.set_id(id);
  CHECK(ErrorReason(test.Call<v1::Order>(kOrders, "RefundOrder", refund, limited).status()) == "STORE_NOT_IN_SCOPE");
}

TEST_CASE("orders are listed by filter, order and page") {
  OrdersUnderTest test;
  for (int i = 0; i < 5; ++i) {
    v1::Order order = OrderOf(std::to_string(i), i % 2 == 0 ? "even" : "odd");
    order.mutable_place_time()->set_seconds(1'700'000'000 + i);
    if (i == 3) order.add_tags("gift");
    REQUIRE_OK(test.Ingest(order));
  }
  REQUIRE_OK(test.Refund(OrderId("tr", "4").ToString(), "r", 6000));
  CHECK(test.List("tags:gift")->orders_size() == 1);
  CHECK(test.List("payment_state = REFUNDED")->orders(0).external_id() == "4");
  CHECK(test.List("net >= 6000 AND external_id != \"0\"")->orders_size() == 3);
  CHECK_STATUS_IS(test.List("colour = red"), StatusCode::kInvalidArgument, "filter");
  std::vector<std::string> seen;
  v1::ListOrdersRequest request;
  request.set_page_size(2);
  do {
    const auto page = test.Call<v1::ListOrdersResponse>(kOrders, "ListOrders", request);
    REQUIRE_OK(page);
    for (const v1::Order& order : page->orders()) seen.push_back(order.external_id());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  CHECK(seen == std::vector<std::string>{"4", "3", "2", "1", "0"});
}

TEST_CASE("a person's orders are those of everyone merged into them, and an unmerge parts them again") {
  OrdersUnderTest test;
  REQUIRE_OK(test.Ingest(OrderOf("1", "c1")));
  REQUIRE_OK(test.Ingest(OrderOf("2", "c2")));
  v1::Order back = OrderOf("3", "c2");
  back.set_kind(v1::ORDER_KIND_RETURN);
  REQUIRE_OK(test.Ingest(back));
  REQUIRE_OK(test.Refund(OrderId("tr", "1").ToString(), "r", 500));
  const Uuid c1 = FakeContacts::ContactOf("c1"), c2 = FakeContacts::ContactOf("c2");
  test.schema.Sql("INSERT INTO contact_alias (original, canonical) VALUES ($1, $2)", {c2, c1});
  v1::GetContactOrderSummaryRequest request;
  request.set_contact_id(c2.ToString());
  ESNAF_REQUIRE_VALUE(const auto merged, test.Call<v1::ContactOrderSummary>(kOrders, "GetContactOrderSummary", request));
  REQUIRE(merged.currencies_size() == 1);
  CHECK(merged.currencies(0).order_count() == 2);
  CHECK(merged.currencies(0).return_count() == 1);
  CHECK(merged.currencies(0).gross() == 12000);
  CHECK(merged.currencies(0).refunded() == 6500);
  CHECK(merged.currencies(0).net() == 5500);
  v1::ListOrdersRequest list;
  list.set_contact_id(c1.ToString());
  CHECK(test.Call<v1::ListOrdersResponse>(kOrders, "ListOrders", list)->orders_size() == 3);
  test.schema.Sql("DELETE FROM contact_alias");
  CHECK(test.Call<v1::ListOrdersResponse>(kOrders, "ListOrders", list)->orders_size() == 1);
}

TEST_CASE("products give a line its cost at the time of the sale, and keep it") {
  OrdersUnderTest test;
  const auto upsert = [&](std::int64_t cost) {
    v1::BatchUpsertProductsRequest request;
    v1::Product& product = *request.add_products();
    product.set_store_id("tr");
    product.set_sku("SKU0");
    product.mutable_cost()->set_minor(cost);
    *request.add_products() = product;
    request.mutable_products(1)->set_sku("");
    const auto answer = test.Call<v1::BatchUpsertProductsResponse>(kProducts, "BatchUpsertProducts", request);
    REQUIRE_OK(answer);
    CHECK(answer->results(0).code() == 0);
    CHECK(answer->results(1).code() == static_cast<int>(StatusCode::kInvalidArgument));
  };
  upsert(300);
  CHECK(test.Ingest(OrderOf("1"))->order().totals().cost() == 600);
  upsert(400);
  CHECK(test.Ingest(OrderOf("1", "c1", 2))->order().totals().cost() == 600);
  CHECK(test.Ingest(OrderOf("2"))->order().totals().cost() == 800);
  v1::GetProductRequest get;
  get.set_store_id("tr");
  get.set_sku("SKU0");
  CHECK(test.Call<v1::Product>(kProducts, "GetProduct", get)->cost().minor() == 400);
  v1::ListProductsRequest list;
  list.set_store_id("tr");
  CHECK(test.Call<v1::ListProductsResponse>(kProducts, "ListProducts", list)->products_size() == 1);
}

TEST_CASE("stores are created once, and keep their currency") {
  OrdersUnderTest test;
  v1::CreateStoreRequest create;
  create.mutable_store()->set_id("tr");
  create.mutable_store()->set_currency_code("TRY");
  CHECK_OK(test.Call<v1::Store>(kStores, "CreateStore", create));
  create.mutable_store()->set_currency_code("USD");
  CHECK(ErrorReason(test.Call<v1::Store>(kStores, "CreateStore", create).status()) == "STORE_EXISTS");
  v1::UpdateStoreRequest update;
  update.mutable_store()->set_id("tr");
  update.mutable_store()->set_display_name("Mağaza");
  CHECK(test.Call<v1::Store>(kStores, "UpdateStore", update)->display_name() == "Mağaza");
  v1::GetStoreRequest get;
  get.set_id("tr");
  CHECK(test.Call<v1::Store>(kStores, "GetStore", get)->currency_code() == "TRY");
  CHECK(test.Call<v1::ListStoresResponse>(kStores, "ListStores", v1::ListStoresRequest())->stores_size() == 1);
}

TEST_CASE("a cart follows its newest delivery and is linked and published like an order") {
  OrdersUnderTest test;
  v1::UpsertCartRequest request;
  v1::Cart& cart = *request.mutable_cart();
  cart.set_store_id("tr");
  cart.set_external_id("cart1");
  cart.mutable_customer()->set_visitor_id("v1");
  cart.mutable_source_update_time()->set_seconds(1'700'000'010);
  v1::OrderLine& line = *cart.add_lines();
  line.set_sku("A");
  line.set_quantity(3);
  line.mutable_unit_price()->set_minor(100);
  test.contacts->SetAway(true);
  ESNAF_REQUIRE_VALUE(const auto parked, test.Call<v1::Cart>(kCarts, "UpsertCart", request));
  CHECK(parked.value() == 300);
  CHECK(parked.contact_id().empty());
  test.contacts->SetAway(false);
  test.clock.Advance(std::chrono::seconds(4));
  const auto linked = LinkParked<CartStore>(test.schema.connection(), test.linker, SystemClock().Now());
  REQUIRE_OK(linked);
  CHECK(*linked == 1);
  CHECK(test.schema.Sql("SELECT 1 FROM outbox WHERE type = 'esnaf.orders.v1.CartChanged' AND aggregate_version = 2").size() == 1);

  cart.mutable_source_update_time()->set_seconds(1'700'000'005);
  cart.clear_lines();
  CHECK(test.Call<v1::Cart>(kCarts, "UpsertCart", request)->value() == 300);
  cart.mutable_source_update_time()->set_seconds(1'700'000'020);
  cart.set_order_external_id("1001");
  ESNAF_REQUIRE_VALUE(const auto ordered, test.Call<v1::Cart>(kCarts, "UpsertCart", request));
  CHECK(ordered.state() == v1::CART_STATE_ORDERED);
  CHECK(ordered.contact_id() == FakeContacts::ContactOf("v1").ToString());
  v1::ListCartsRequest list;
  list.set_contact_id(ordered.contact_id());
  CHECK(test.Call<v1::ListCartsResponse>(kCarts, "ListCarts", list)->carts_size() == 1);
  v1::GetCartRequest get;
  get.set_id(ordered.id());
  CHECK(test.Call<v1::Cart>(kCarts, "GetCart", get)->order_external_id() == "1001");
}

}  // namespace
}  // namespace esnaf::orders
