// Goal: every change of a product is told once, and a sale has the cost of its own time.
#include "services/orders/product_change.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::orders {
namespace {

using namespace std::chrono_literals;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");

Product Delivered(std::optional<std::int64_t> price, std::optional<std::int64_t> stock = std::nullopt) {
  return {.store_id = "tr", .sku = "A", .price = price, .stock_quantity = stock};
}

TEST_CASE("a lower price and a filled stock are told, others are not") {
  const Product known = ChangeProduct(nullptr, Delivered(1000, 0), kNow).product;
  CHECK(known.version == 1);
  CHECK(known.create_time == kNow);
  const auto change = [&](const Product& from, std::optional<std::int64_t> price, std::optional<std::int64_t> stock) {
    return ChangeProduct(&from, Delivered(price, stock), kNow + 1h);
  };
  CHECK_FALSE(change(known, 1000, 0).changed);
  CHECK_FALSE(change(known, 1000, std::nullopt).changed);
  CHECK(change(known, 900, 0).dropped_from == 1000);
  CHECK(change(known, 900, 0).price_changed);
  CHECK_FALSE(change(known, 1100, 0).dropped_from);
  CHECK_FALSE(change(known, std::nullopt, 0).dropped_from);
  CHECK(change(known, 1000, 3).back_in_stock);
  CHECK(change(known, 1000, 3).product.version == 2);
  CHECK_FALSE(change(known, 1000, -1).back_in_stock);
  const Product stocked = change(known, 1000, 3).product;
  CHECK_FALSE(change(stocked, 1000, 5).back_in_stock);
  CHECK(change(stocked, 800, std::nullopt).product.stock_quantity == 3);
  const Product unknown = ChangeProduct(nullptr, Delivered(1000), kNow).product;
  CHECK_FALSE(change(unknown, 1000, 3).back_in_stock);
}

TEST_CASE("a changed cost says since when it counts") {
  Product delivered = Delivered(1000);
  delivered.cost = 300;
  const Product known = ChangeProduct(nullptr, delivered, kNow).product;
  CHECK(known.cost_time == kNow);
  delivered.title = "Elbise";
  const ProductChange titled = ChangeProduct(&known, delivered, kNow + 1h);
  CHECK(titled.changed);
  CHECK_FALSE(titled.cost_changed);
  CHECK(titled.product.cost_time == kNow);
  delivered.cost = std::nullopt;
  const ProductChange taken = ChangeProduct(&titled.product, delivered, kNow + 2h);
  CHECK(taken.cost_changed);
  CHECK(taken.product.cost_time == kNow + 2h);
}

TEST_CASE("bad fields are named") {
  Product product = Delivered(1);
  product.options = {{"", "38"}};
  product.categories = {"Giyim", ""};
  product.stock_quantity = 2'000'000'000'000;
  FieldViolations violations;
  CheckProduct(violations, product);
  std::string fields;
  for (const auto& [field, problem] : ErrorFields(violations.ToStatus())) fields += field + ";";
  CHECK(fields == "options[0].name;categories[1];stock_quantity;");
}

TEST_CASE("the cost at a time is what a look at every entry finds") {
  CHECK(rc::check("cost at a time", [] {
    std::vector<CostFrom> costs;
    Time at = kNow;
    const int count = *rc::gen::inRange(0, 8);
    for (int i = 0; i < count; ++i) {
      at += std::chrono::minutes(*rc::gen::inRange(1, 10));
      costs.push_back({at, *rc::gen::arbitrary<bool>() ? std::optional<std::int64_t>(i) : std::nullopt});
    }
    const Time asked = kNow + std::chrono::minutes(*rc::gen::inRange(-5, 90));
    std::optional<std::int64_t> expected;
    bool any = false;
    for (const CostFrom& cost : costs) {
      if (cost.from_time > asked) continue;
      expected = cost.cost;
      any = true;
    }
    for (std::size_t i = 0; !any && i < costs.size() && !expected; ++i) expected = costs[i].cost;
    RC_ASSERT(CostAt(costs, asked) == expected);
  }));
}

}  // namespace
}  // namespace esnaf::orders
