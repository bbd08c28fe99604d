#include "services/orders/connectors/shopify.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "libs/api/convert.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"
#include "libs/base/json_object.h"
#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

using Remarks = std::vector<std::string>;

// The time that orders one thing's deliveries.
std::optional<Time> UpdateTimeOf(const Place& body, const Envelope& envelope) {
  std::optional<Time> updated = body.When("updated_at");
  if (!updated) updated = body.When("created_at");
  if (!updated) body.Refuse("updated_at", "is missing");
  return updated ? std::optional(PositionOf(*updated, envelope.trigger_time)) : std::nullopt;
}

Told ReadRefundTopic(const Place& body, const Envelope& envelope, const Shop& shop) {
  Told told;
  // Its own amounts name their currency; an order is hardly ever in another than its shop's.
  Currency currency = shop.currency;
  for (const Place& transaction : body.Objects("transactions")) {
    if (auto own = Currency::Parse(transaction.Text("currency")); own.ok()) currency = *own;
  }
  const std::string order = body.Id("order_id");
  if (order.empty()) body.Refuse("order_id", "is missing");
  v1::Refund refund = ReadShopifyRefund(body, currency, told.remarks);
  if (refund.id().empty()) body.Refuse("id", "is missing");
  std::optional<Time> time = body.When("created_at");
  if (!time) body.Refuse("created_at", "is missing");
  told.what = ToldRefund{order, std::move(refund), PositionOf(time.value_or(Time()), envelope.trigger_time)};
  return told;
}

Told ReadFulfillmentTopic(const Place& body, const Envelope& envelope) {
  ToldFulfillment read{.order_external_id = body.Id("order_id"),
                       .fulfillment = ReadShopifyFulfillment(body),
                       .update_time = UpdateTimeOf(body, envelope).value_or(Time()),
                       .ended = !HasLeft(body.Text("status"))};
  if (read.order_external_id.empty()) body.Refuse("order_id", "is missing");
  if (read.fulfillment.id().empty()) body.Refuse("id", "is missing");
  return {std::move(read), {}};
}

Told ReadProductTopic(const Place& body, const Envelope& envelope, const Shop& shop) {
  Told told;
  ToldProducts read;
  read.external_id = body.Id("id");
  if (read.external_id.empty()) body.Refuse("id", "is missing");
  read.update_time = UpdateTimeOf(body, envelope).value_or(Time());
  const std::string title = body.Text("title", 500), brand = body.Text("vendor", 200);
  std::string category = body.Object("category").Text("full_name", 500);
  if (category.empty()) category = body.Text("product_type", 500);
  const std::vector<Place> options = body.Objects("options");
  for (const Place& variant : body.Objects("variants")) {
    v1::Product product;
    product.set_store_id(shop.id);
    product.set_parent_sku(read.external_id);
    product.set_sku(SkuOr(variant.Id("sku"), variant.Id("id"), read.external_id));
    const std::string name = variant.Text("title", 400);
    product.set_title(name.empty() || name == "Default Title" ? title : absl::StrCat(title, " - ", name));
    product.set_category(category);
    product.set_brand(brand);
    if (const auto price = variant.Amount("price", shop.currency)) {
      SetMoney(*price, shop.currency, *product.mutable_price());
    }
    // A variant has three options at most; a product without variants has one that says nothing.
    constexpr std::array kOptions = {"option1", "option2", "option3"};
    for (std::size_t i = 0; name != "Default Title" && i < std::min(kOptions.size(), options.size()); ++i) {
      const std::string what = options[i].Text("name", 100);
      if (what.empty()) continue;
      v1::ProductOption& option = *product.add_options();
      option.set_name(what);
      option.set_value(variant.Text(kOptions[i], 200));
    }
    // What nobody counts has no stock; it says 0 all the same.
    if (variant.Has("inventory_management")) product.set_stock_quantity(variant.Count("inventory_quantity"));
    read.products.push_back(std::move(product));
  }
  told.what = std::move(read);
  return told;
}

Told ReadCartTopic(const Place& body, const Envelope& envelope, const Shop& shop) {
  Told told;
  v1::Cart cart;
  cart.set_store_id(shop.id);
  // A checkout is the cart that it began with, as far as it says so.
  cart.set_external_id(body.Id("cart_token"));
  if (cart.external_id().empty()) cart.set_external_id(body.Id("token"));
  if (cart.external_id().empty()) body.Refuse("token", "is missing");
  Currency currency = shop.currency;
  if (auto own = Currency::Parse(body.Text("currency")); own.ok()) currency = *own;
  cart.set_currency_code(currency.code());
  *cart.mutable_customer() = ReadShopifyCustomer(body, body.Object("customer"), shop, told.remarks);
  for (const Place& place : body.Objects("line_items")) {
    v1::OrderLine& line = *cart.add_lines();
    // A cart's line is its variant's, and comes twice where its properties differ; it is numbered.
    line.set_sku(SkuOr(place.Id("sku"), place.Id("variant_id"), place.Id("product_id")));
    line.set_title(place.Text("title", 1000));
    line.set_quantity(place.Count("quantity"));
    SetMoney(place.AmountOrZero("price", currency), currency, *line.mutable_unit_price());
  }
  *cart.mutable_source_update_time() = api::ToProto(UpdateTimeOf(body, envelope).value_or(Time()));
  told.what = ToldCart{std::move(cart)};
  return told;
}

Told ReadCustomerTopic(const Place& body, const Shop& shop) {
  Told told;
  const v1::Customer wire = ReadShopifyCustomer(body, body, shop, told.remarks);
  if (wire.external_id().empty()) body.Refuse("id", "is missing");
  Customer customer;
  customer.external_id = wire.external_id();
  customer.email = wire.email();
  customer.email_verified = wire.email_verified();
  customer.phone = wire.phone();
  customer.given_name = wire.given_name();
  customer.family_name = wire.family_name();
  customer.country_code = wire.country_code();
  told.what = ToldCustomer{std::move(customer)};
  return told;
}

Told ReadRequestTopic(const Place& body, const std::string& topic) {
  const std::string customer = body.Object("customer").Id("id");
  return {ToldRequest{topic, customer.empty() ? body.Id("shop_domain") : customer}, {}};
}

Told ReadTopic(const Place& body, const Envelope& envelope, const Shop& shop) {
  const std::string& topic = envelope.topic;
  if (topic == "orders/edited") {
    return {ToldNothing{"an edit, which orders/updated tells as a whole"}, {}};
  }
  if (topic == "orders/delete") return {ToldNothing{"a deleted order, which is kept"}, {}};
  if (topic.starts_with("orders/")) return ReadShopifyOrder(body, envelope, shop);
  if (topic == "refunds/create") return ReadRefundTopic(body, envelope, shop);
  if (topic == "fulfillments/create" || topic == "fulfillments/update") return ReadFulfillmentTopic(body, envelope);
  if (topic == "products/create" || topic == "products/update") return ReadProductTopic(body, envelope, shop);
  if (topic == "carts/create" || topic == "carts/update" || topic == "checkouts/create" ||
      topic == "checkouts/update") {
    return ReadCartTopic(body, envelope, shop);
  }
  if (topic == "customers/data_request" || topic == "customers/redact" || topic == "shop/redact") {
    return ReadRequestTopic(body, topic);
  }
  if (topic == "customers/create" || topic == "customers/update") return ReadCustomerTopic(body, shop);
  if (topic == "app/uninstalled") return {ToldNothing{"the app was uninstalled: nothing more will come"}, {}};
  return {ToldNothing{absl::StrCat("nothing is done with the topic ", CleanLine(topic, 60))}, {}};
}

}  // namespace

absl::StatusOr<hooks::Reception> ReceiveShopify(const hooks::Request& request, const hooks::Secrets& secrets) {
  const std::string_view signature = request.Header("x-shopify-hmac-sha256");
  if (request.verb != "POST" || !IsSigned(request.body, signature, hooks::SecretOf(secrets, kWebhookSecret))) {
    return hooks::NotVerified();
  }
  const std::string topic = CleanLine(request.Header("x-shopify-topic"), 100);
  if (topic.empty()) return InvalidField("x-shopify-topic", "is missing");
  ESNAF_ASSIGN_OR_RETURN(const nlohmann::json body, ParseJsonObject(request.body));
  std::string id = CleanLine(request.Header("x-shopify-webhook-id"), hooks::kMaxExternalIdBytes);
  if (id.empty()) id = Sha256Hex(absl::StrCat(topic, "\n", request.body));
  return hooks::Reception{
      .parcels = {{.external_id = std::move(id),
                   .payload = SerializeEnvelope(topic, request.Header("x-shopify-triggered-at"), body)}}};
}

absl::StatusOr<Told> ReadShopify(const Envelope& envelope, const Shop& shop) {
  FieldViolations violations;
  const Place body(envelope.body, "body", violations);
  Told told = ReadTopic(body, envelope, shop);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return told;
}

}  // namespace esnaf::orders
