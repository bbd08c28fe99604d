#pragma once

// The orders service as Build makes it, for tests through a real channel: over a contacts that is faked, with the
// workers run by hand.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/orders.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"
#include "services/orders/cart_service.h"
#include "services/orders/cart_store.h"
#include "services/orders/catalog_service.h"
#include "services/orders/fake_contacts.h"
#include "services/orders/order_service.h"

namespace esnaf::orders::testing {

using esnaf::testing::TestSchema;
using esnaf::testing::TestServer;
using runtime::ClientCallOptions;

inline constexpr char kOrders[] = "/esnaf.orders.v1.OrderService/";
inline constexpr char kCarts[] = "/esnaf.orders.v1.CartService/";
inline constexpr char kStores[] = "/esnaf.orders.v1.StoreService/";
inline constexpr char kProducts[] = "/esnaf.orders.v1.ProductService/";

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
    return server.channel()->Call<Response>(absl::StrCat(service, method), request, options);
  }

  absl::StatusOr<v1::IngestOrderResponse> Ingest(const v1::Order& order, const ClientCallOptions& options = {}) {
    v1::IngestOrderRequest request;
    *request.mutable_order() = order;
    return Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request, options);
  }
  absl::StatusOr<v1::BatchIngestOrdersResponse> IngestAll(const std::vector<v1::Order>& orders,
                                                          const std::string& request_id = "") {
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
  absl::StatusOr<v1::Order> Refund(const std::string& id, const std::string& refund_id,
                                   std::optional<std::int64_t> amount) {
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
        "SELECT payload, aggregate_id, aggregate_version FROM outbox WHERE type = 'esnaf.orders.v1.OrderChanged' ORDER "
        "BY xact, seq");
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

// A sale of three lines worth 6000 in all.
inline v1::Order OrderOf(const std::string& external_id, const std::string& customer = "c1", std::int64_t version = 1) {
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

}  // namespace esnaf::orders::testing
