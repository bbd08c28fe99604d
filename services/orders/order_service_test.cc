// Goal: recorded orders are changed by verbs, listed and summed, each key within its stores.
#include "libs/base/error.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using runtime::ClientCallOptions;
using testing::FakeContacts;
using testing::kOrders;
using testing::kStores;
using testing::OrderOf;
using testing::OrdersUnderTest;

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
  const ClientCallOptions limited{
      .metadata = {{"esnaf-caller-kind", "storefront"}, {"esnaf-actor", "key:1"}, {"esnaf-stores", "tr"}}};
  CHECK(ErrorReason(test.Get(id, limited).status()) == "STORE_NOT_IN_SCOPE");
  CHECK(ErrorReason(test.Ingest(german, limited).status()) == "STORE_NOT_IN_SCOPE");
  ESNAF_REQUIRE_VALUE(const auto seen, test.List("", limited));
  REQUIRE(seen.orders_size() == 1);
  CHECK(seen.orders(0).store_id() == "tr");
  v1::GetContactOrderSummaryRequest summary;
  summary.set_contact_id(FakeContacts::ContactOf("c1").ToString());
  CHECK(test.Call<v1::ContactOrderSummary>(kOrders, "GetContactOrderSummary", summary)->currencies_size() == 2);
  CHECK(test.Call<v1::ContactOrderSummary>(kOrders, "GetContactOrderSummary", summary, limited)->currencies_size() ==
        1);
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
  ESNAF_REQUIRE_VALUE(const auto merged,
                      test.Call<v1::ContactOrderSummary>(kOrders, "GetContactOrderSummary", request));
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

}  // namespace
}  // namespace esnaf::orders
