#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/api/convert.h"
#include "services/orders/connectors/shopify.h"

namespace esnaf::orders {
namespace {

using Remarks = std::vector<std::string>;

std::int64_t SumOf(const std::vector<Place>& places, const char* name, Currency currency) {
  std::int64_t sum = 0;
  for (const Place& place : places) sum += place.AmountOrZero(name, currency);
  return sum;
}

// A line's property, which the storefront's theme sets; names that begin with `_` are hidden from customers.
std::string PropertyOf(const Place& place, const char* list, std::string_view name) {
  for (const Place& property : place.Objects(list)) {
    std::string key = property.Text("name");
    if (key.starts_with("_")) key.erase(0, 1);
    if (key == name) return IdOrNothing(property.Anything("value", 4000));
  }
  return {};
}

std::int64_t LineDiscount(const Place& line, Currency currency) {
  const std::vector<Place> allocations = line.Objects("discount_allocations");
  return allocations.empty() ? line.AmountOrZero("total_discount", currency) : SumOf(allocations, "amount", currency);
}

void ReadLine(const Place& place, Currency currency, v1::Order& order) {
  v1::OrderLine& line = *order.add_lines();
  line.set_id(place.Id("id"));
  line.set_sku(SkuOr(place.Id("sku"), place.Id("variant_id"), place.Id("product_id")));
  line.set_title(place.Text("name", 1000));
  if (line.title().empty()) line.set_title(place.Text("title", 1000));
  line.set_quantity(place.Count("quantity"));
  const std::optional<std::int64_t> price = place.Amount("price", currency);
  if (!price) place.Refuse("price", "is missing");
  SetMoney(price.value_or(0), currency, *line.mutable_unit_price());
  const absl::StatusOr<std::int64_t> amount = CheckedMultiply(price.value_or(0), line.quantity());
  if (!amount.ok()) place.Refuse("price", "is too large");
  SetMoney(amount.value_or(0), currency, *line.mutable_amount());
  SetMoney(LineDiscount(place, currency), currency, *line.mutable_discount());
  SetMoney(SumOf(place.Objects("tax_lines"), "price", currency), currency, *line.mutable_tax());
  line.set_seller_id(PropertyOf(place, "properties", "seller_id"));
}

// Older bodies name the tax of the whole order alone: then the lines share it by what was paid for them.
void SpreadTax(const Place& body, Currency currency, v1::Order& order, Remarks& remarks) {
  const std::int64_t told = body.AmountOrZero("total_tax", currency) - order.shipping_tax().minor();
  std::int64_t sum = 0;
  std::vector<std::int64_t> weights;
  for (const v1::OrderLine& line : order.lines()) {
    sum += line.tax().minor();
    weights.push_back(std::max<std::int64_t>(0, line.amount().minor() - line.discount().minor()));
  }
  if (sum == told || told < 0 || weights.empty()) return;
  if (sum != 0) {
    remarks.push_back(absl::StrCat("the lines' taxes add up to ", FormatMoney({sum, currency}), ", not to ",
                                   FormatMoney({told, currency})));
    return;
  }
  const std::vector<std::int64_t> shares = AllocateByLargestRemainder(told, weights);
  for (int i = 0; i < order.lines_size(); ++i) {
    SetMoney(shares[static_cast<std::size_t>(i)], currency, *order.mutable_lines(i)->mutable_tax());
  }
}

void ReadShipping(const Place& body, Currency currency, v1::Order& order) {
  std::int64_t shipping = 0, tax = 0;
  for (const Place& line : body.Objects("shipping_lines")) {
    const std::int64_t price = line.AmountOrZero("price", currency);
    shipping += line.Amount("discounted_price", currency)
                    .value_or(price - SumOf(line.Objects("discount_allocations"), "amount", currency));
    tax += SumOf(line.Objects("tax_lines"), "price", currency);
  }
  SetMoney(shipping, currency, *order.mutable_shipping());
  SetMoney(tax, currency, *order.mutable_shipping_tax());
}

// What discounts the lines and the shipping do not name is the whole order's.
void ReadDiscount(const Place& body, Currency currency, v1::Order& order, Remarks& remarks) {
  std::int64_t rest = body.AmountOrZero("total_discounts", currency);
  for (const v1::OrderLine& line : order.lines()) rest -= line.discount().minor();
  for (const Place& line : body.Objects("shipping_lines")) {
    rest -= SumOf(line.Objects("discount_allocations"), "amount", currency);
  }
  SetMoney(std::max<std::int64_t>(0, rest), currency, *order.mutable_discount());
  for (const Place& code : body.Objects("discount_codes")) AddTag("coupon", code.Text("code"), order, remarks);
}

void ReadPayments(const Place& body, Currency currency, v1::Order& order, Remarks& remarks) {
  const std::string status = body.Text("financial_status");
  std::string method = body.Text("gateway", 100);
  if (const auto gateways = body.Texts("payment_gateway_names"); !gateways.empty()) {
    method = CleanLine(gateways[0], 100);
  }
  const std::optional<Time> processed = body.When("processed_at");
  const auto add = [&](std::optional<std::int64_t> amount) {
    v1::Payment& payment = *order.add_payments();
    payment.set_id("shopify");
    payment.set_method(method);
    if (amount) SetMoney(*amount, currency, *payment.mutable_amount());
    *payment.mutable_pay_time() = processed ? api::ToProto(*processed) : order.place_time();
  };
  if (status == "paid" || status == "partially_refunded" || status == "refunded") return add(std::nullopt);
  if (status == "partially_paid") {
    const std::optional<std::int64_t> total = body.Amount("total_price", currency);
    const std::optional<std::int64_t> open = body.Amount("total_outstanding", currency);
    if (total && open && *open >= 0 && *open < *total) return add(*total - *open);
    remarks.emplace_back("it is paid in part, without saying how much");
  }
  static constexpr std::string_view kUnpaid[] = {"", "pending", "authorized", "voided", "expired", "partially_paid"};
  if (std::find(std::begin(kUnpaid), std::end(kUnpaid), status) == std::end(kUnpaid)) {
    remarks.push_back(absl::StrCat("financial_status ", CleanLine(status, 40), " is unknown and taken as not paid"));
  }
}

void ReadFacts(const Place& body, Currency currency, v1::Order& order, Remarks& remarks) {
  ReadPayments(body, currency, order, remarks);
  for (const Place& place : body.Objects("fulfillments")) {
    if (HasLeft(place.Text("status"))) *order.add_fulfillments() = ReadShopifyFulfillment(place);
  }
  order.set_fulfilled(body.Text("fulfillment_status") == "fulfilled" && order.fulfillments().empty());
  for (const Place& place : body.Objects("refunds")) {
    *order.add_refunds() = ReadShopifyRefund(place, currency, remarks);
  }
  if (const std::optional<Time> cancelled = body.When("cancelled_at")) {
    *order.mutable_cancel_time() = api::ToProto(*cancelled);
    order.set_cancel_reason(body.Text("cancel_reason"));
  }
}

std::string ChannelOf(const std::string& source) {
  if (source == "pos") return "in_store";
  if (source == "iphone" || source == "android") return "mobile";
  if (source == "shopify_draft_order") return "draft";
  return source;
}

void ReadTags(const Place& body, v1::Order& order, Remarks& remarks) {
  for (const auto& tag : absl::StrSplit(body.Text("tags", 5000), ',')) {
    AddTag("", CleanLine({tag.data(), tag.size()}, 500), order, remarks);
  }
  AddLandingPage(body.Text("landing_site", 4000), order, remarks);
  const std::string referrer = body.Text("referring_site", 4000);
  AddTag("referring_site", referrer.substr(0, referrer.find('?')), order, remarks);
}

}  // namespace

bool HasLeft(const std::string& status) {
  return status.empty() || status == "success" || status == "open" || status == "pending";
}

v1::Fulfillment ReadShopifyFulfillment(const Place& place) {
  v1::Fulfillment fulfillment;
  fulfillment.set_id(place.Id("id"));
  fulfillment.set_carrier(place.Text("tracking_company", 100));
  fulfillment.set_tracking_number(place.Text("tracking_number", 200));
  if (const auto time = place.When("created_at")) *fulfillment.mutable_fulfill_time() = api::ToProto(*time);
  for (const Place& line : place.Objects("line_items")) {
    v1::LineQuantity& part = *fulfillment.add_lines();
    part.set_line_id(line.Id("id"));
    part.set_quantity(line.Count("quantity"));
  }
  return fulfillment;
}

v1::Refund ReadShopifyRefund(const Place& place, Currency currency, Remarks& remarks) {
  v1::Refund refund;
  refund.set_id(place.Id("id"));
  refund.set_reason(place.Text("note", 1000));
  std::optional<Time> time = place.When("processed_at");
  if (!time) time = place.When("created_at");
  if (time) *refund.mutable_refund_time() = api::ToProto(*time);
  bool all_removed = true;
  std::map<std::string, std::int64_t> pieces;
  for (const Place& line : place.Objects("refund_line_items")) {
    pieces[line.Id("line_item_id")] += line.Count("quantity");
    all_removed = all_removed && line.Text("restock_type") == "cancel";
  }
  for (const auto& [line, quantity] : pieces) {
    v1::LineQuantity& part = *refund.add_returned_lines();
    part.set_line_id(line);
    part.set_quantity(quantity);
  }
  std::int64_t amount = 0;
  bool money_moved = false, foreign = false;
  for (const Place& transaction : place.Objects("transactions")) {
    const std::string kind = transaction.Text("kind"), status = transaction.Text("status");
    if (kind != "refund" && kind != "void") continue;
    if (status == "failure" || status == "error") {
      remarks.emplace_back("a refund's transaction failed");
      continue;
    }
    if (const std::string code = transaction.Text("currency"); !code.empty() && code != currency.code()) {
      remarks.push_back(absl::StrCat("a refund is in ", CleanLine(code, 3), " instead of ", currency.code()));
      foreign = true;
      continue;
    }
    money_moved = true;
    amount += kind == "refund" ? transaction.AmountOrZero("amount", currency) : 0;
  }
  // Pieces that were removed before they were paid or sent: what they cost is not owed any more, which is what an
  // absent amount says. What was paid back in another currency is worth what the pieces cost, too.
  const bool by_pieces = !money_moved && (all_removed || foreign) && !pieces.empty();
  if (!by_pieces) SetMoney(amount, currency, *refund.mutable_amount());
  return refund;
}

v1::Customer ReadShopifyCustomer(const Place& order, const Place& customer, const Shop& shop, Remarks& remarks) {
  v1::Customer read;
  read.set_external_id(customer.Id("id"));
  const std::string own = customer.Text("email");
  std::string email = order.Text("email");
  if (email.empty()) email = order.Text("contact_email");
  if (email.empty()) email = own;
  SetEmail(email, email == own && customer.Flag("verified_email"), read, remarks);
  const Place billing = order.Object("billing_address"), shipping = order.Object("shipping_address"),
              home = customer.Object("default_address");
  const auto first = [](std::initializer_list<std::string> texts) {
    for (const std::string& text : texts) {
      if (!text.empty()) return text;
    }
    return std::string();
  };
  const std::string country =
      first({billing.Text("country_code"), shipping.Text("country_code"), home.Text("country_code")});
  SetCountry(country, read);
  const std::string region = read.country_code().empty() ? shop.country_code : read.country_code();
  SetPhone(first({order.Text("phone"), customer.Text("phone"), billing.Text("phone"), shipping.Text("phone"),
                  home.Text("phone")}),
           region, read, remarks);
  read.set_given_name(first({customer.Text("first_name"), billing.Text("first_name")}));
  read.set_family_name(first({customer.Text("last_name"), billing.Text("last_name")}));
  read.set_visitor_id(PropertyOf(order, "note_attributes", "esnaf_visitor_id"));
  return read;
}

Told ReadShopifyOrder(const Place& body, const Envelope& envelope, const Shop& shop) {
  Told told;
  if (body.Flag("test")) {
    told.what = ToldNothing{"a test of the platform, which is not recorded"};
    return told;
  }
  ToldOrder read;
  v1::Order& order = read.order;
  order.set_store_id(shop.id);
  order.set_external_id(body.Id("id"));
  if (order.external_id().empty()) body.Refuse("id", "is missing");
  const auto currency = Currency::Parse(body.Text("currency"));
  if (!currency.ok()) {
    body.Refuse("currency", "is no ISO 4217 code");
    return told;
  }
  order.set_currency_code(currency->code());
  const std::optional<Time> created = body.When("created_at"), updated = body.When("updated_at");
  if (!created) body.Refuse("created_at", "is missing");
  if (!updated) body.Refuse("updated_at", "is missing");
  if (!created || !updated) return told;
  *order.mutable_place_time() = api::ToProto(*created);
  *order.mutable_source_update_time() = api::ToProto(PositionOf(*updated, envelope.trigger_time));
  order.set_channel(CleanLine(ChannelOf(body.Id("source_name")), 100));
  order.set_prices_include_tax(body.Flag("taxes_included"));
  *order.mutable_customer() = ReadShopifyCustomer(body, body.Object("customer"), shop, told.remarks);
  for (const Place& line : body.Objects("line_items")) ReadLine(line, *currency, order);
  ReadShipping(body, *currency, order);
  ReadDiscount(body, *currency, order, told.remarks);
  SpreadTax(body, *currency, order, told.remarks);
  ReadFacts(body, *currency, order, told.remarks);
  ReadTags(body, order, told.remarks);
  CompareTotal(order, body.Amount("total_price", *currency), *currency, told.remarks);
  CapRefunds(order, *currency, told.remarks);
  for (const char* name : {"cart_token", "checkout_token"}) {
    if (std::string id = body.Id(name); !id.empty()) read.cart_ids.push_back(std::move(id));
  }
  told.what = std::move(read);
  return told;
}

}  // namespace esnaf::orders
