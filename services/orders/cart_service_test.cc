// Goal: carts follow their newest delivery and find their person like orders.
#include "libs/base/error.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using runtime::ClientCallOptions;
using testing::FakeContacts;
using testing::kCarts;
using testing::OrdersUnderTest;

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
  CHECK(test.schema.Sql("SELECT 1 FROM outbox WHERE type = 'esnaf.orders.v1.CartChanged' AND aggregate_version = 2")
            .size() == 1);

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

TEST_CASE("a browser's word that an address is verified does not count") {
  OrdersUnderTest test;
  v1::UpsertCartRequest request;
  request.mutable_cart()->set_store_id("tr");
  request.mutable_cart()->set_external_id("cart1");
  v1::Customer& customer = *request.mutable_cart()->mutable_customer();
  customer.set_email("ayse@example.com");
  customer.set_email_verified(true);
  customer.set_phone("+905321112233");
  customer.set_phone_verified(true);
  const ClientCallOptions browser{.metadata = {{"esnaf-caller-kind", "publishable"}}};
  ESNAF_REQUIRE_VALUE(const auto cart, test.Call<v1::Cart>(kCarts, "UpsertCart", request, browser));
  CHECK_FALSE(cart.customer().email_verified());
  CHECK_FALSE(cart.customer().phone_verified());
  request.mutable_cart()->set_external_id("cart2");
  CHECK(test.Call<v1::Cart>(kCarts, "UpsertCart", request)->customer().email_verified());
}

v1::UpsertCartRequest CartOf(const std::string& external_id, const std::string& customer, std::int64_t seconds) {
  v1::UpsertCartRequest request;
  v1::Cart& cart = *request.mutable_cart();
  cart.set_store_id("tr");
  cart.set_external_id(external_id);
  cart.mutable_customer()->set_external_id(customer);
  cart.mutable_customer()->set_visitor_id("v1");
  cart.mutable_source_update_time()->set_seconds(1'700'000'000 + seconds);
  return request;
}

TEST_CASE("a browser gives no customer number, and takes no cart of a proven customer") {
  OrdersUnderTest test;
  const ClientCallOptions browser{.metadata = {{"esnaf-caller-kind", "publishable"}}};
  const absl::Status numbered = test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "c1", 1), browser).status();
  CHECK_STATUS_IS(numbered, absl::StatusCode::kInvalidArgument, "cart.customer.external_id");
  CHECK(test.contacts->calls() == 0);

  // What a browser made, a browser changes, until the shop says whose it is.
  REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "", 1), browser));
  REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "", 2), browser));
  ESNAF_REQUIRE_VALUE(const auto proven, test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "c1", 3)));
  for (const int seconds : {2, 4}) {
    const absl::Status refused =
        test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "", seconds), browser).status();
    CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(ErrorReason(refused) == "CART_OF_PROVEN_CUSTOMER");
  }
  v1::GetCartRequest get;
  get.set_id(proven.id());
  CHECK(test.Call<v1::Cart>(kCarts, "GetCart", get)->customer().external_id() == "c1");

  v1::UpsertCartRequest verified = CartOf("cart2", "", 1);
  verified.mutable_cart()->mutable_customer()->set_email("ayse@example.com");
  verified.mutable_cart()->mutable_customer()->set_email_verified(true);
  REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", verified));
  CHECK(ErrorReason(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart2", "", 2), browser).status()) ==
        "CART_OF_PROVEN_CUSTOMER");
}

TEST_CASE("a cart that is sent again unchanged names the position behind which it is found") {
  OrdersUnderTest test;
  std::string first, second, position;
  REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "c1", 5), {.position = &first}));
  REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart2", "c1", 5), {.position = &second}));
  for (const int seconds : {5, 4}) {
    position.clear();
    REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "c1", seconds), {.position = &position}));
    CHECK(position == first);
  }
  position.clear();
  REQUIRE_OK(test.Call<v1::Cart>(kCarts, "UpsertCart", CartOf("cart1", "c1", 6), {.position = &position}));
  CHECK_FALSE(position.empty());
  CHECK(position != first);
  CHECK(position != second);
}

}  // namespace
}  // namespace esnaf::orders
