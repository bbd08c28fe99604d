// Goal: stores and products through the service, and the cost that a product gives to a sale.
#include "libs/base/error.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using testing::kCarts;
using testing::kProducts;
using testing::kStores;
using testing::OrderOf;
using testing::OrdersUnderTest;

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

TEST_CASE("lines say what their products are, as it was when they were recorded") {
  OrdersUnderTest test;
  const auto upsert = [&](const char* category, const char* brand) {
    v1::BatchUpsertProductsRequest request;
    v1::Product& product = *request.add_products();
    product.set_store_id("tr");
    product.set_sku("SKU0");
    product.set_category(category);
    product.set_brand(brand);
    REQUIRE_OK(test.Call<v1::BatchUpsertProductsResponse>(kProducts, "BatchUpsertProducts", request));
  };
  const auto described = [](const v1::OrderLine& line) { return line.category() + " " + line.brand(); };
  upsert("Giyim/Elbise", "Atlas");
  v1::Order sent = OrderOf("1");
  // A source cannot say it: it would be what somebody made up.
  sent.mutable_lines(1)->set_category("Ev");
  ESNAF_REQUIRE_VALUE(const auto first, test.Ingest(sent));
  CHECK(described(first.order().lines(0)) == "Giyim/Elbise Atlas");
  CHECK(described(first.order().lines(1)) == " ");
  upsert("Giyim/Etek", "Pamuk");
  ESNAF_REQUIRE_VALUE(const auto next, test.Ingest(OrderOf("1", "c1", 2)));
  CHECK(described(next.order().lines(0)) == "Giyim/Elbise Atlas");
  REQUIRE_OK(test.IngestAll({OrderOf("2"), OrderOf("3")}));
  CHECK(described(test.Events().back().order().lines(0)) == "Giyim/Etek Pamuk");
  v1::UpsertCartRequest cart;
  cart.mutable_cart()->set_store_id("tr");
  cart.mutable_cart()->set_external_id("cart1");
  cart.mutable_cart()->mutable_customer()->set_visitor_id("v1");
  cart.mutable_cart()->mutable_lines()->CopyFrom(sent.lines());
  ESNAF_REQUIRE_VALUE(const auto recorded, test.Call<v1::Cart>(kCarts, "UpsertCart", cart));
  v1::GetCartRequest get;
  get.set_id(recorded.id());
  ESNAF_REQUIRE_VALUE(const auto read, test.Call<v1::Cart>(kCarts, "GetCart", get));
  CHECK(described(read.lines(0)) == "Giyim/Etek Pamuk");
  CHECK(described(read.lines(1)) == " ");
  CHECK(described(test.Events().front().order().lines(0)) == "Giyim/Elbise Atlas");
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

}  // namespace
}  // namespace esnaf::orders
