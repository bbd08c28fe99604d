#include "services/orders/connectors/woocommerce.h"

#include "absl/strings/str_cat.h"
#include "libs/api/convert.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"
#include "libs/base/json_object.h"
#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

using Remarks = std::vector<std::string>;

// How far an order of each status is. Its changes are told in seconds: of two within one second the farther is the
// newer.
constexpr std::string_view kStatuses[] = {"pending",   "failed",   "on-hold",   "processing",
                                          "completed", "refunded", "cancelled", "trash"};

constexpr std::size_t kMaxMetaBytes = 4000;

std::optional<int> RankOf(std::string_view status) {
  const auto found = std::find(std::begin(kStatuses), std::end(kStatuses), status);
  if (found == std::end(kStatuses)) return std::nullopt;
  return static_cast<int>(found - std::begin(kStatuses));
}

// Plugins keep what they like there.
std::string MetaOf(const Place& place, std::string_view name) {
  for (const Place& meta : place.Objects("meta_data")) {
    std::string key = meta.Text("key");
    if (key.starts_with("_")) key.erase(0, 1);
    if (key == name) return meta.Anything("value", kMaxMetaBytes);
  }
  return {};
}

// Amounts of WooCommerce never contain their tax, whatever the shop shows; ours do where the shop's prices do.
std::int64_t Gross(const Place& place, const char* net, const char* tax, bool with_tax, Currency currency) {
  return place.AmountOrZero(net, currency) + (with_tax ? place.AmountOrZero(tax, currency) : 0);
}

void ReadLine(const Place& place, bool with_tax, Currency currency, v1::Order& order) {
  v1::OrderLine& line = *order.add_lines();
  line.set_id(place.Id("id"));
  line.set_sku(SkuOr(place.Id("sku"), place.Id("variation_id"), place.Id("product_id")));
  line.set_title(place.Text("name", 1000));
  line.set_quantity(place.Count("quantity"));
  const std::int64_t amount = Gross(place, "subtotal", "subtotal_tax", with_tax, currency);
  const std::int64_t paid = Gross(place, "total", "total_tax", with_tax, currency);
  // A line that was made dearer by hand was sold at what it came to.
  SetMoney(std::max(amount, paid), currency, *line.mutable_amount());
  SetMoney(std::max<std::int64_t>(0, amount - paid), currency, *line.mutable_discount());
  SetMoney(place.AmountOrZero("total_tax", currency), currency, *line.mutable_tax());
  line.set_seller_id(IdOrNothing(MetaOf(place, "seller_id")));
  if (line.seller_id().empty()) line.set_seller_id(IdOrNothing(MetaOf(place, "vendor_id")));
}

// A fee is sold like a piece; a negative one is a discount of the whole order.
void ReadFee(const Place& place, bool with_tax, Currency currency, v1::Order& order) {
  const std::int64_t amount = Gross(place, "total", "total_tax", with_tax, currency);
  if (amount < 0) {
    SetMoney(order.discount().minor() - amount, currency, *order.mutable_discount());
    return;
  }
  v1::OrderLine& line = *order.add_lines();
  line.set_id("fee-" + place.Id("id"));
  line.set_title(place.Text("name", 1000));
  line.set_quantity(1);
  SetMoney(amount, currency, *line.mutable_amount());
  SetMoney(std::max<std::int64_t>(0, place.AmountOrZero("total_tax", currency)), currency, *line.mutable_tax());
}

void ReadPayment(const Place& body, const std::string& status, v1::Order& order) {
  const std::optional<Time> paid = body.When("date_paid_gmt");
  if (!paid && status != "completed" && status != "refunded") return;
  v1::Payment& payment = *order.add_payments();
  payment.set_id(body.Id("transaction_id"));
  if (payment.id().empty()) payment.set_id("woocommerce");
  payment.set_method(body.Text("payment_method", 100));
  *payment.mutable_pay_time() = paid ? api::ToProto(*paid) : order.place_time();
}

// The order names its refunds without their pieces and times.
void ReadRefunds(const Place& body, const std::string& status, Time updated, Currency currency, v1::Order& order) {
  for (const Place& place : body.Objects("refunds")) {
    v1::Refund& refund = *order.add_refunds();
    refund.set_id(place.Id("id"));
    refund.set_reason(place.Text("reason", 1000));
    if (refund.reason().empty()) refund.set_reason(place.Text("refund", 1000));
    const std::int64_t amount = place.AmountOrZero("total", currency);
    SetMoney(amount < 0 ? -amount : amount, currency, *refund.mutable_amount());
    *refund.mutable_refund_time() = api::ToProto(updated);
  }
  if (status == "refunded" && order.refunds().empty() && body.AmountOrZero("total", currency) > 0) {
    v1::Refund& refund = *order.add_refunds();
    refund.set_id("refunded");
    *refund.mutable_refund_time() = api::ToProto(updated);
  }
}

void ReadStatus(const Place& body, const std::string& status, Time updated, v1::Order& order, Remarks& remarks) {
  order.set_fulfilled(status == "completed");
  if (status == "cancelled" || status == "trash") {
    *order.mutable_cancel_time() = api::ToProto(updated);
    order.set_cancel_reason(status);
  }
  if (!RankOf(status)) {
    remarks.push_back(absl::StrCat("the status ", CleanLine(status, 40), " is unknown and taken as open"));
  }
  for (const Place& coupon : body.Objects("coupon_lines")) AddTag("coupon", coupon.Text("code"), order, remarks);
  // WooCommerce's own order attribution.
  for (const char* name : {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}) {
    AddTag(name, MetaOf(body, absl::StrCat("wc_order_attribution_", name)), order, remarks);
  }
  AddLandingPage(MetaOf(body, "wc_order_attribution_session_entry"), order, remarks);
  const std::string referrer = MetaOf(body, "wc_order_attribution_referrer");
  AddTag("referring_site", referrer.substr(0, referrer.find('?')), order, remarks);
}

v1::Customer ReadCustomer(const Place& body, const std::string& id, const Shop& shop, Remarks& remarks) {
  const Place billing = body.Object("billing");
  v1::Customer customer;
  if (id != "0") customer.set_external_id(id);
  std::string email = billing.Text("email");
  if (email.empty()) email = body.Text("email");
  SetEmail(email, false, customer, remarks);
  SetCountry(billing.Text("country"), customer);
  SetPhone(billing.Text("phone"), customer.country_code().empty() ? shop.country_code : customer.country_code(),
           customer, remarks);
  customer.set_given_name(billing.Text("first_name"));
  customer.set_family_name(billing.Text("last_name"));
  if (customer.given_name().empty()) customer.set_given_name(body.Text("first_name"));
  if (customer.family_name().empty()) customer.set_family_name(body.Text("last_name"));
  customer.set_visitor_id(IdOrNothing(MetaOf(body, "esnaf_visitor_id")));
  return customer;
}

std::optional<Time> UpdateTimeOf(const Place& body) {
  std::optional<Time> updated = body.When("date_modified_gmt");
  if (!updated) updated = body.When("date_created_gmt");
  if (!updated) body.Refuse("date_modified_gmt", "is missing");
  return updated;
}

Told ReadOrder(const Place& body, const Shop& shop) {
  Told told;
  const std::string status = body.Text("status");
  if (status == "checkout-draft" || status == "auto-draft") {
    told.what = ToldNothing{"a draft, which is no order yet"};
    return told;
  }
  ToldOrder read;
  v1::Order& order = read.order;
  order.set_store_id(shop.id);
  order.set_external_id(body.Id("id"));
  if (order.external_id().empty()) body.Refuse("id", "is missing");
  const auto currency = Currency::Parse(body.Text("currency"));
  if (!currency.ok()) body.Refuse("currency", "is no ISO 4217 code");
  const std::optional<Time> created = body.When("date_created_gmt"), updated = UpdateTimeOf(body);
  if (!created) body.Refuse("date_created_gmt", "is missing");
  if (!currency.ok() || !created || !updated) return told;
  const bool with_tax = body.Flag("prices_include_tax");
  order.set_currency_code(currency->code());
  order.set_prices_include_tax(with_tax);
  *order.mutable_place_time() = api::ToProto(*created);
  order.set_channel(body.Text("created_via", 100) == "checkout" ? "web" : body.Text("created_via", 100));
  *order.mutable_customer() = ReadCustomer(body, body.Id("customer_id"), shop, told.remarks);
  for (const Place& line : body.Objects("line_items")) ReadLine(line, with_tax, *currency, order);
  for (const Place& fee : body.Objects("fee_lines")) ReadFee(fee, with_tax, *currency, order);
  SetMoney(Gross(body, "shipping_total", "shipping_tax", with_tax, *currency), *currency, *order.mutable_shipping());
  SetMoney(body.AmountOrZero("shipping_tax", *currency), *currency, *order.mutable_shipping_tax());
  ReadPayment(body, status, order);
  ReadRefunds(body, status, *updated, *currency, order);
  ReadStatus(body, status, *updated, order, told.remarks);
  CompareTotal(order, body.Amount("total", *currency), *currency, told.remarks);
  CapRefunds(order, *currency, told.remarks);
  const std::int64_t progress = RankOf(status).value_or(0) * 100'000 + std::min(order.refunds_size(), 1000);
  *order.mutable_source_update_time() = api::ToProto(*updated + Duration(progress));
  told.what = std::move(read);
  return told;
}

Told ReadProduct(const Place& body, const Shop& shop) {
  ToldProducts read;
  read.external_id = body.Id("id");
  if (read.external_id.empty()) body.Refuse("id", "is missing");
  read.update_time = UpdateTimeOf(body).value_or(Time());
  const bool is_variation = body.Text("type") == "variation";
  v1::Product product;
  product.set_store_id(shop.id);
  product.set_sku(SkuOr(body.Id("sku"), is_variation ? read.external_id : "", read.external_id));
  product.set_title(body.Text("name", 1000));
  if (const auto categories = body.Objects("categories"); !categories.empty()) {
    product.set_category(categories[0].Text("name"));
  }
  if (const auto brands = body.Objects("brands"); !brands.empty()) product.set_brand(brands[0].Text("name", 200));
  if (const auto price = body.Amount("price", shop.currency)) {
    SetMoney(*price, shop.currency, *product.mutable_price());
  }
  // A product without a parent says that it is product 0's.
  if (const std::string parent = body.Id("parent_id"); parent != "0") product.set_parent_sku(parent);
  if (body.Has("stock_quantity")) product.set_stock_quantity(body.Count("stock_quantity"));
  read.products.push_back(std::move(product));
  return {std::move(read), {}};
}

Told ReadCustomerTopic(const Place& body, const Shop& shop) {
  Told told;
  const v1::Customer wire = ReadCustomer(body, body.Id("id"), shop, told.remarks);
  if (wire.external_id().empty()) body.Refuse("id", "is missing");
  Customer customer;
  customer.external_id = wire.external_id();
  customer.email = wire.email();
  customer.phone = wire.phone();
  customer.given_name = wire.given_name();
  customer.family_name = wire.family_name();
  customer.country_code = wire.country_code();
  told.what = ToldCustomer{std::move(customer)};
  return told;
}

Told ReadTopic(const Place& body, const std::string& topic, const Shop& shop) {
  if (topic.ends_with(".deleted")) return {ToldNothing{"what was deleted there is kept here"}, {}};
  const bool told_whole = topic.ends_with(".created") || topic.ends_with(".updated") || topic.ends_with(".restored");
  if (told_whole && topic.starts_with("order.")) return ReadOrder(body, shop);
  if (told_whole && topic.starts_with("product.")) return ReadProduct(body, shop);
  if (told_whole && topic.starts_with("customer.")) return ReadCustomerTopic(body, shop);
  return {ToldNothing{absl::StrCat("nothing is done with the topic ", CleanLine(topic, 60))}, {}};
}

// `webhook_id=7`
bool IsPing(std::string_view body) {
  constexpr std::string_view kStart = "webhook_id=";
  if (!body.starts_with(kStart) || body.size() == kStart.size() || body.size() > kStart.size() + 20) return false;
  body.remove_prefix(kStart.size());
  return std::all_of(body.begin(), body.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

absl::StatusOr<hooks::Reception> ReceiveWooCommerce(const hooks::Request& request, const hooks::Secrets& secrets) {
  if (request.verb == "POST" && IsPing(request.body)) return hooks::Reception();
  const std::string_view signature = request.Header("x-wc-webhook-signature");
  if (request.verb != "POST" || !IsSigned(request.body, signature, hooks::SecretOf(secrets, kWebhookSecret))) {
    return hooks::NotVerified();
  }
  const std::string topic = CleanLine(request.Header("x-wc-webhook-topic"), 100);
  if (topic.empty()) return InvalidField("x-wc-webhook-topic", "is missing");
  ESNAF_ASSIGN_OR_RETURN(const nlohmann::json body, ParseJsonObject(request.body));
  const std::string digest = Sha256Hex(absl::StrCat(topic, "\n", request.body)).substr(0, 32);
  const std::string id = CleanLine(request.Header("x-wc-webhook-delivery-id"), 100);
  return hooks::Reception{.parcels = {{.external_id = id.empty() ? digest : absl::StrCat(id, ":", digest),
                                       .payload = SerializeEnvelope(topic, "", body)}}};
}

absl::StatusOr<Told> ReadWooCommerce(const Envelope& envelope, const Shop& shop) {
  FieldViolations violations;
  const Place body(envelope.body, "body", violations);
  Told told = ReadTopic(body, envelope.topic, shop);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return told;
}

}  // namespace esnaf::orders
