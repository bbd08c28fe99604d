#include "services/orders/catalog_wire.h"

#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "services/orders/order_validation.h"

namespace esnaf::orders {
namespace {

std::optional<std::int64_t> ReadPrice(bool given, const esnaf::api::v1::Money& wire, const Shop& shop,
                                      std::string_view field, FieldViolations& violations) {
  if (!given) return std::nullopt;
  if (!wire.currency_code().empty() && wire.currency_code() != shop.currency.code()) {
    violations.Add(std::string(field) + ".currency_code", "must be " + shop.currency.code() + ", the store's currency");
  }
  return wire.minor();
}

}  // namespace

absl::StatusOr<Shop> ReadStore(const v1::Store& wire, Time now) {
  Shop shop;
  shop.id = wire.id();
  shop.display_name = wire.display_name();
  if (auto currency = Currency::Parse(wire.currency_code()); currency.ok()) shop.currency = *currency;
  shop.time_zone = wire.time_zone();
  shop.country_code = wire.country_code();
  shop.create_time = now;
  shop.update_time = now;
  ESNAF_RETURN_IF_ERROR(CompleteAndValidate(shop));
  return shop;
}

v1::Store ToWire(const Shop& shop) {
  v1::Store wire;
  wire.set_id(shop.id);
  wire.set_display_name(shop.display_name);
  wire.set_currency_code(shop.currency.code());
  wire.set_time_zone(shop.time_zone);
  wire.set_country_code(shop.country_code);
  *wire.mutable_create_time() = api::ToProto(shop.create_time);
  *wire.mutable_update_time() = api::ToProto(shop.update_time);
  return wire;
}

absl::Status UpdateShop(Shop& shop, const v1::UpdateStoreRequest& request) {
  const v1::Store& store = request.store();
  const auto set = [](std::string& field, const std::string& value) {
    if (!value.empty()) field = value;
  };
  if (request.update_mask().paths().empty()) {
    set(shop.display_name, store.display_name());
    set(shop.time_zone, store.time_zone());
    set(shop.country_code, store.country_code());
    if (!store.currency_code().empty() && store.currency_code() != shop.currency.code()) {
      return InvalidField("store.currency_code", "never changes");
    }
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "display_name") {
      shop.display_name = store.display_name();
    } else if (path == "time_zone") {
      shop.time_zone = store.time_zone();
    } else if (path == "country_code") {
      shop.country_code = store.country_code();
    } else if (path != "create_time" && path != "update_time") {  // which are output only, so ignored
      return InvalidField("update_mask", "names `" + path + "`, which cannot be changed");
    }
  }
  return CompleteAndValidate(shop);
}

absl::StatusOr<Product> ReadProduct(const v1::Product& wire, const Shop& shop) {
  FieldViolations violations;
  Product product;
  product.store_id = wire.store_id();
  product.sku = wire.sku();
  product.title = wire.title();
  product.category = wire.category();
  product.brand = wire.brand();
  product.price = ReadPrice(wire.has_price(), wire.price(), shop, "price", violations);
  product.cost = ReadPrice(wire.has_cost(), wire.cost(), shop, "cost", violations);
  product.parent_sku = wire.parent_sku();
  for (const v1::ProductOption& option : wire.options()) product.options.push_back({option.name(), option.value()});
  product.categories.assign(wire.categories().begin(), wire.categories().end());
  if (wire.has_stock_quantity()) product.stock_quantity = wire.stock_quantity();
  CheckProduct(violations, product);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return product;
}

v1::Product ToWire(const Product& product, Currency currency) {
  v1::Product wire;
  wire.set_store_id(product.store_id);
  wire.set_sku(product.sku);
  wire.set_title(product.title);
  wire.set_category(product.category);
  wire.set_brand(product.brand);
  if (product.price) *wire.mutable_price() = api::ToProto(Money{*product.price, currency});
  if (product.cost) *wire.mutable_cost() = api::ToProto(Money{*product.cost, currency});
  *wire.mutable_create_time() = api::ToProto(product.create_time);
  *wire.mutable_update_time() = api::ToProto(product.update_time);
  wire.set_parent_sku(product.parent_sku);
  for (const ProductOption& option : product.options) {
    v1::ProductOption& target = *wire.add_options();
    target.set_name(option.name);
    target.set_value(option.value);
  }
  for (const std::string& category : product.categories) wire.add_categories(category);
  if (product.stock_quantity) wire.set_stock_quantity(*product.stock_quantity);
  return wire;
}

v1::ProductPriceDropped PriceDropOf(const Product& product, std::int64_t previous_price, Currency currency) {
  v1::ProductPriceDropped event;
  *event.mutable_product() = ToWire(product, currency);
  *event.mutable_previous_price() = api::ToProto(Money{previous_price, currency});
  return event;
}

v1::ProductBackInStock BackInStockOf(const Product& product, Currency currency) {
  v1::ProductBackInStock event;
  *event.mutable_product() = ToWire(product, currency);
  return event;
}

}  // namespace esnaf::orders
