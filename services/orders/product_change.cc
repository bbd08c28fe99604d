#include "services/orders/product_change.h"

#include "services/orders/order_validation.h"

namespace esnaf::orders {
namespace {

constexpr std::size_t kMostOptions = 20;
constexpr std::size_t kMostCategories = 50;
constexpr std::int64_t kMostStock = 1'000'000'000'000;

// Whether both say the same, whatever was recorded of when.
bool SameContent(const Product& a, const Product& b) {
  return std::tie(a.title, a.category, a.brand, a.price, a.cost, a.parent_sku, a.options, a.categories,
                  a.stock_quantity) == std::tie(b.title, b.category, b.brand, b.price, b.cost, b.parent_sku, b.options,
                                                b.categories, b.stock_quantity);
}

}  // namespace

Uuid ProductId(std::string_view store_id, std::string_view sku) {
  return Uuid::FromName("product", std::string(store_id) + "\n" + std::string(sku));
}

void CheckProduct(FieldViolations& violations, const Product& product) {
  if (product.sku.empty()) violations.Add("sku", "is missing");
  CheckText(violations, "sku", product.sku, kMaxIdBytes);
  CheckText(violations, "title", product.title, 1000);
  CheckText(violations, "category", product.category, 500);
  CheckText(violations, "brand", product.brand, 200);
  CheckText(violations, "parent_sku", product.parent_sku, kMaxIdBytes);
  if (product.options.size() > kMostOptions) violations.Add("options", "are more than 20");
  for (std::size_t i = 0; i < product.options.size(); ++i) {
    const std::string at = absl::StrCat("options[", i, "]");
    if (product.options[i].name.empty()) violations.Add(at + ".name", "is missing");
    CheckText(violations, at + ".name", product.options[i].name, 100);
    CheckText(violations, at + ".value", product.options[i].value, 200);
  }
  if (product.categories.size() > kMostCategories) violations.Add("categories", "are more than 50");
  for (std::size_t i = 0; i < product.categories.size(); ++i) {
    const std::string at = absl::StrCat("categories[", i, "]");
    if (product.categories[i].empty()) violations.Add(at, "is empty");
    CheckText(violations, at, product.categories[i], 500);
  }
  if (product.price) CheckAmount(violations, "price", *product.price);
  if (product.cost) CheckAmount(violations, "cost", *product.cost);
  if (product.stock_quantity && std::abs(*product.stock_quantity) > kMostStock) {
    violations.Add("stock_quantity", "must be within 10^12");
  }
}

ProductChange ChangeProduct(const Product* known, Product delivered, Time now) {
  ProductChange change;
  delivered.update_time = now;
  if (known == nullptr) {
    delivered.create_time = now;
    delivered.version = 1;
    change.changed = true;
    change.cost_changed = delivered.cost.has_value();
    change.price_changed = delivered.price.has_value();
    delivered.cost_time = change.cost_changed ? std::optional(now) : std::nullopt;
    change.product = std::move(delivered);
    return change;
  }
  if (!delivered.stock_quantity) delivered.stock_quantity = known->stock_quantity;
  if (SameContent(*known, delivered)) {
    change.product = *known;
    return change;
  }
  delivered.create_time = known->create_time;
  delivered.version = known->version + 1;
  change.changed = true;
  change.cost_changed = delivered.cost != known->cost;
  change.price_changed = delivered.price != known->price;
  delivered.cost_time = change.cost_changed ? std::optional(now) : known->cost_time;
  if (known->price && delivered.price && *delivered.price < *known->price) change.dropped_from = known->price;
  change.back_in_stock = known->stock_quantity && *known->stock_quantity <= 0 && *delivered.stock_quantity > 0;
  change.product = std::move(delivered);
  return change;
}

std::optional<std::int64_t> CostAt(const std::vector<CostFrom>& costs, Time time) {
  const auto later = std::upper_bound(costs.begin(), costs.end(), time,
                                      [](Time asked, const CostFrom& cost) { return asked < cost.from_time; });
  if (later != costs.begin()) return std::prev(later)->cost;
  const auto first =
      std::find_if(costs.begin(), costs.end(), [](const CostFrom& cost) { return cost.cost.has_value(); });
  return first == costs.end() ? std::nullopt : first->cost;
}

}  // namespace esnaf::orders
