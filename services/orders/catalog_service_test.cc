// Goal: stores and products through the service, and the cost that a product gives to a sale.
#include <thread>

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "services/orders/orders_under_test.h"
#include "services/orders/product.h"

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
  // Placed before anything was known of the cost, so it has the first one; one of today has today's.
  CHECK(test.Ingest(OrderOf("2"))->order().totals().cost() == 600);
  v1::Order today = OrderOf("3");
  *today.mutable_place_time() = api::ToProto(SystemClock().Now() + std::chrono::minutes(1));
  CHECK(test.Ingest(today)->order().totals().cost() == 800);
  v1::GetProductRequest get;
  get.set_store_id("tr");
  get.set_sku("SKU0");
  CHECK(test.Call<v1::Product>(kProducts, "GetProduct", get)->cost().minor() == 400);
  v1::ListProductsRequest list;
  list.set_store_id("tr");
  CHECK(test.Call<v1::ListProductsResponse>(kProducts, "ListProducts", list)->products_size() == 1);
}

TEST_CASE("a sale that becomes known late has the cost of its day, alone and among others") {
  OrdersUnderTest test;
  const Time now = std::chrono::floor<std::chrono::seconds>(SystemClock().Now());
  const auto upsert = [&](std::int64_t cost, int days_ago) {
    const absl::Status done = test.schema.connection().Run({}, [&](postgres::Tx& tx) {
      return ProductStore::Upsert(tx, {{.store_id = "tr", .sku = "SKU0", .cost = cost}},
                                  now - std::chrono::days(days_ago));
    });
    REQUIRE_OK(done);
  };
  upsert(100, 30);
  upsert(200, 20);
  upsert(300, 10);
  const auto placed = [&](const std::string& id, int days_ago) {
    v1::Order order = OrderOf(id);
    *order.mutable_place_time() = api::ToProto(now - std::chrono::days(days_ago));
    return order;
  };
  CHECK(test.Ingest(placed("1", 40))->order().totals().cost() == 200);
  CHECK(test.Ingest(placed("2", 25))->order().totals().cost() == 200);
  CHECK(test.Ingest(placed("3", 20))->order().totals().cost() == 400);
  CHECK(test.Ingest(placed("4", 5))->order().totals().cost() == 600);
  REQUIRE_OK(test.IngestAll({placed("5", 40), placed("6", 15), placed("7", 1)}));
  std::map<std::string, std::int64_t> costs;
  for (const v1::OrderChanged& event : test.Events()) {
    if (event.order().external_id() > "4") costs[event.order().external_id()] = event.order().totals().cost();
  }
  CHECK(costs == std::map<std::string, std::int64_t>{{"5", 200}, {"6", 400}, {"7", 600}});
}

// The types of the events about products, in their order.
std::string ProductEvents(OrdersUnderTest& test) {
  std::string types;
  const auto rows = test.schema.Sql("SELECT type FROM outbox WHERE aggregate_type = 'product' ORDER BY xact, seq");
  for (int i = 0; i < rows.size(); ++i)
    types += rows[i].Get<std::string>(0).substr(sizeof("esnaf.orders.v1.") - 1) + " ";
  return types;
}

TEST_CASE("variants, stock and prices are kept, and what people wait for is told once") {
  OrdersUnderTest test;
  v1::BatchUpsertProductsRequest request;
  v1::Product& product = *request.add_products();
  product.set_store_id("tr");
  product.set_sku("E-38");
  product.set_title("Elbise 38");
  product.set_parent_sku("E");
  product.add_options()->set_name("Beden");
  product.mutable_options(0)->set_value("38, \"dar\"");
  product.add_categories("Kadın/Elbise");
  product.add_categories("Yaz");
  product.mutable_price()->set_minor(50000);
  product.set_stock_quantity(0);
  const auto upsert = [&] {
    REQUIRE_OK(test.Call<v1::BatchUpsertProductsResponse>(kProducts, "BatchUpsertProducts", request));
  };
  upsert();
  v1::GetProductRequest get;
  get.set_store_id("tr");
  get.set_sku("E-38");
  ESNAF_REQUIRE_VALUE(v1::Product known, test.Call<v1::Product>(kProducts, "GetProduct", get));
  CHECK(known.parent_sku() == "E");
  CHECK(known.options(0).value() == "38, \"dar\"");
  CHECK(known.categories_size() == 2);
  CHECK(known.has_stock_quantity());
  CHECK(known.stock_quantity() == 0);
  CHECK(ProductEvents(test) == "");

  product.mutable_price()->set_minor(45000);
  product.clear_stock_quantity();
  upsert();
  upsert();
  CHECK(ProductEvents(test) == "ProductPriceDropped ");
  const auto rows = test.schema.Sql("SELECT payload, aggregate_version FROM outbox WHERE aggregate_type = 'product'");
  v1::ProductPriceDropped dropped;
  REQUIRE(dropped.ParseFromString(rows[0].Get<postgres::Bytes>(0).data));
  CHECK(dropped.previous_price().minor() == 50000);
  CHECK(dropped.product().price().minor() == 45000);
  CHECK(dropped.product().stock_quantity() == 0);
  CHECK(rows[0].Get<int>(1) == 2);
  product.set_stock_quantity(7);
  upsert();
  upsert();
  product.set_stock_quantity(9);
  product.mutable_price()->set_minor(60000);
  upsert();
  CHECK(ProductEvents(test) == "ProductPriceDropped ProductBackInStock ");
  v1::GetProductHistoryRequest ask;
  ask.set_store_id("tr");
  ask.set_sku("E-38");
  ESNAF_REQUIRE_VALUE(const auto history, test.Call<v1::ProductHistory>(kProducts, "GetProductHistory", ask));
  REQUIRE(history.prices_size() == 3);
  CHECK(history.prices(0).amount().minor() == 60000);
  CHECK(history.prices(2).amount().minor() == 50000);
  CHECK(history.costs_size() == 0);
  ask.set_sku("none");
  CHECK(absl::IsNotFound(test.Call<v1::ProductHistory>(kProducts, "GetProductHistory", ask).status()));
}

TEST_CASE("products that two deliver at once are told of once") {
  OrdersUnderTest test;
  v1::BatchUpsertProductsRequest request;
  for (int i = 0; i < 20; ++i) {
    v1::Product& product = *request.add_products();
    product.set_store_id("tr");
    product.set_sku("S" + std::to_string(i));
    product.mutable_price()->set_minor(1000);
  }
  const auto at_once = [&] {
    std::vector<std::thread> callers;
    std::vector<absl::Status> ends(4);
    for (absl::Status& end : ends) {
      callers.emplace_back([&] {
        end = test.Call<v1::BatchUpsertProductsResponse>(kProducts, "BatchUpsertProducts", request).status();
      });
    }
    for (std::thread& caller : callers) caller.join();
    for (const absl::Status& end : ends) CHECK_OK(end);
  };
  at_once();
  for (v1::Product& product : *request.mutable_products()) product.mutable_price()->set_minor(900);
  at_once();
  CHECK(test.schema.Sql("SELECT 1 FROM outbox WHERE type = 'esnaf.orders.v1.ProductPriceDropped'").size() == 20);
  CHECK(test.schema.Sql("SELECT 1 FROM product WHERE version = 2").size() == 20);
  CHECK(test.schema.Sql("SELECT 1 FROM product_price").size() == 40);
}

TEST_CASE("products are ranked by what was sold of them in a period") {
  OrdersUnderTest test;
  const Time now = std::chrono::floor<std::chrono::seconds>(SystemClock().Now());
  const auto sell = [&](const std::string& id, const std::string& sku, std::int64_t quantity, std::int64_t price,
                        int days_ago) {
    v1::Order order = OrderOf(id);
    *order.mutable_place_time() = api::ToProto(now - std::chrono::days(days_ago));
    order.clear_lines();
    v1::OrderLine& line = *order.add_lines();
    line.set_sku(sku);
    line.set_quantity(quantity);
    line.mutable_unit_price()->set_minor(price);
    line.mutable_unit_cost()->set_minor(10);
    REQUIRE_OK(test.Ingest(order));
  };
  sell("1", "A", 3, 100, 1);
  sell("2", "A", 2, 100, 2);
  sell("3", "B", 1, 5000, 3);
  sell("4", "C", 9, 100, 40);
  v1::ListProductPopularityRequest request;
  request.set_store_id("tr");
  const auto list = [&] {
    const auto answer = test.Call<v1::ListProductPopularityResponse>(kProducts, "ListProductPopularity", request);
    REQUIRE_OK(answer);
    std::string text;
    for (const v1::ProductPopularity& one : answer->products()) {
      text += absl::StrCat(one.sku(), ":", one.unit_count(), "/", one.order_count(), "/", one.net_revenue(), "/",
                           one.margin(), " ");
    }
    return text;
  };
  CHECK(list() == "A:5/2/500/450 B:1/1/5000/4990 ");
  request.set_rank(v1::POPULARITY_RANK_NET_REVENUE);
  CHECK(list() == "B:1/1/5000/4990 A:5/2/500/450 ");
  request.set_page_size(1);
  CHECK(list() == "B:1/1/5000/4990 ");
  request.set_page_size(0);
  *request.mutable_start_time() = api::ToProto(now - std::chrono::days(50));
  *request.mutable_end_time() = api::ToProto(now - std::chrono::days(2));
  CHECK(list() == "B:1/1/5000/4990 C:9/1/900/810 ");
  *request.mutable_end_time() = request.start_time();
  CHECK_STATUS_IS(test.Call<v1::ListProductPopularityResponse>(kProducts, "ListProductPopularity", request).status(),
                  StatusCode::kInvalidArgument, "start_time");
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
