#include "services/orders/order_wire.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "libs/api/convert.h"
#include "libs/base/absl_compat.h"
#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

using api::ToProto;

std::string At(std::string_view list, int index, std::string_view field) {
  return absl::StrCat(ToAbsl(list), "[", index, "]", ToAbsl(field));
}

// Reads amounts of one order, which all are of its currency; `at` and `field` name one where it is not.
class MoneyReader {
 public:
  MoneyReader(Currency currency, FieldViolations& violations) : code_(currency.code()), violations_(violations) {}

  std::int64_t Read(const esnaf::api::v1::Money& wire, std::string_view at, std::string_view field) {
    if (!wire.currency_code().empty() && wire.currency_code() != code_) {
      violations_.Add(absl::StrCat(ToAbsl(at), ToAbsl(field), ".currency_code"),
                      absl::StrCat("must be ", code_, ", the order's currency"));
    }
    return wire.minor();
  }

 private:
  const std::string code_;
  FieldViolations& violations_;
};

std::vector<LineQuantity> ReadParts(const google::protobuf::RepeatedPtrField<v1::LineQuantity>& wire) {
  std::vector<LineQuantity> parts;
  for (const v1::LineQuantity& part : wire) parts.push_back({part.line_id(), part.quantity()});
  return parts;
}

void WriteParts(const std::vector<LineQuantity>& parts, google::protobuf::RepeatedPtrField<v1::LineQuantity>& wire) {
  for (const LineQuantity& part : parts) {
    v1::LineQuantity& added = *wire.Add();
    added.set_line_id(part.line_id);
    added.set_quantity(part.quantity);
  }
}

void WriteMoney(std::int64_t minor, Currency currency, esnaf::api::v1::Money& wire) {
  wire.set_minor(minor);
  wire.set_currency_code(currency.code());
}

PaymentRequest ReadPaymentFields(const v1::Payment& wire, std::string_view at, MoneyReader& money) {
  PaymentRequest request;
  request.payment.id = wire.id();
  request.payment.method = wire.method();
  request.payment.recorded_here = wire.recorded_here();
  if (wire.has_amount()) request.amount = money.Read(wire.amount(), at, ".amount");
  return request;
}

RefundRequest ReadRefundFields(const v1::Refund& wire, std::string_view at, MoneyReader& money) {
  RefundRequest request;
  request.refund.id = wire.id();
  request.refund.reason = wire.reason();
  request.refund.returned_lines = ReadParts(wire.returned_lines());
  request.refund.recorded_here = wire.recorded_here();
  if (wire.has_amount()) request.amount = money.Read(wire.amount(), at, ".amount");
  return request;
}

Fulfillment ReadFulfillmentFields(const v1::Fulfillment& wire) {
  Fulfillment fulfillment;
  fulfillment.id = wire.id();
  fulfillment.lines = ReadParts(wire.lines());
  fulfillment.carrier = wire.carrier();
  fulfillment.tracking_number = wire.tracking_number();
  fulfillment.recorded_here = wire.recorded_here();
  return fulfillment;
}

// The facts of an order; a missing time is `otherwise`.
ReportedFacts ReadFacts(const v1::Order& wire, Currency currency, Time otherwise, FieldViolations& violations) {
  const auto time_of = [&](bool given, const google::protobuf::Timestamp& time, const std::string& field) {
    return given ? ReadTime(time, field, violations) : otherwise;
  };
  MoneyReader money(currency, violations);
  ReportedFacts facts;
  for (int i = 0; i < wire.payments_size(); ++i) {
    const v1::Payment& payment = wire.payments(i);
    facts.payments.push_back(ReadPaymentFields(payment, At("payments", i, ""), money));
    facts.payments.back().payment.time =
        time_of(payment.has_pay_time(), payment.pay_time(), At("payments", i, ".pay_time"));
  }
  for (int i = 0; i < wire.fulfillments_size(); ++i) {
    const v1::Fulfillment& fulfillment = wire.fulfillments(i);
    facts.fulfillments.push_back(ReadFulfillmentFields(fulfillment));
    facts.fulfillments.back().time =
        time_of(fulfillment.has_fulfill_time(), fulfillment.fulfill_time(), At("fulfillments", i, ".fulfill_time"));
  }
  for (int i = 0; i < wire.refunds_size(); ++i) {
    const v1::Refund& refund = wire.refunds(i);
    facts.refunds.push_back(ReadRefundFields(refund, At("refunds", i, ""), money));
    facts.refunds.back().refund.time =
        time_of(refund.has_refund_time(), refund.refund_time(), At("refunds", i, ".refund_time"));
  }
  if (wire.has_cancel_time()) {
    facts.cancellation = Cancellation{ReadTime(wire.cancel_time(), "cancel_time", violations), wire.cancel_reason(),
                                      wire.cancel_recorded_here()};
  }
  return facts;
}

// Everything of an order but its facts and our own bookkeeping.
Order ReadOrderFields(const v1::Order& wire, Currency currency, FieldViolations& violations) {
  Order order;
  order.store_id = wire.store_id();
  order.external_id = wire.external_id();
  order.id = OrderId(order.store_id, order.external_id);
  order.kind = wire.kind() == v1::ORDER_KIND_RETURN ? OrderKind::kReturn : OrderKind::kSale;
  if (wire.kind() < v1::ORDER_KIND_UNSPECIFIED || wire.kind() > v1::ORDER_KIND_RETURN)
    violations.Add("kind", "is unknown");
  order.customer = ReadCustomer(wire.customer());
  order.channel = wire.channel();
  if (wire.has_place_time()) {
    order.place_time = ReadTime(wire.place_time(), "place_time", violations);
  } else {
    violations.Add("place_time", "is missing");
  }
  order.source.version = wire.source_version();
  if (wire.has_source_update_time()) {
    order.source.update_time = ReadTime(wire.source_update_time(), "source_update_time", violations);
  }
  order.currency = currency;
  order.prices_include_tax = wire.prices_include_tax();
  order.lines = ReadLines(wire.lines(), currency, violations);
  MoneyReader money(currency, violations);
  if (wire.has_discount()) order.discount = money.Read(wire.discount(), "", "discount");
  if (wire.has_shipping()) order.shipping = money.Read(wire.shipping(), "", "shipping");
  if (wire.has_shipping_tax()) order.shipping_tax = money.Read(wire.shipping_tax(), "", "shipping_tax");
  order.tags.assign(wire.tags().begin(), wire.tags().end());
  order.paid = wire.paid();
  order.fulfilled = wire.fulfilled();
  return order;
}

// What verbs record here is theirs to say, not a source's.
void ClearRecordedHere(ReportedFacts& facts) {
  for (PaymentRequest& request : facts.payments) request.payment.recorded_here = false;
  for (Fulfillment& fulfillment : facts.fulfillments) fulfillment.recorded_here = false;
  for (RefundRequest& request : facts.refunds) request.refund.recorded_here = false;
  if (facts.cancellation) facts.cancellation->recorded_here = false;
}

void WriteFacts(const Order& order, v1::Order& wire) {
  for (const Payment& payment : order.payments) {
    v1::Payment& added = *wire.add_payments();
    added.set_id(payment.id);
    WriteMoney(payment.amount, order.currency, *added.mutable_amount());
    added.set_method(payment.method);
    *added.mutable_pay_time() = ToProto(payment.time);
    added.set_recorded_here(payment.recorded_here);
  }
  for (const Fulfillment& fulfillment : order.fulfillments) {
    v1::Fulfillment& added = *wire.add_fulfillments();
    added.set_id(fulfillment.id);
    WriteParts(fulfillment.lines, *added.mutable_lines());
    added.set_carrier(fulfillment.carrier);
    added.set_tracking_number(fulfillment.tracking_number);
    *added.mutable_fulfill_time() = ToProto(fulfillment.time);
    added.set_recorded_here(fulfillment.recorded_here);
  }
  for (const Refund& refund : order.refunds) {
    v1::Refund& added = *wire.add_refunds();
    added.set_id(refund.id);
    WriteMoney(refund.amount, order.currency, *added.mutable_amount());
    WriteParts(refund.returned_lines, *added.mutable_returned_lines());
    added.set_reason(refund.reason);
    *added.mutable_refund_time() = ToProto(refund.time);
    added.set_recorded_here(refund.recorded_here);
  }
  if (order.cancellation) {
    *wire.mutable_cancel_time() = ToProto(order.cancellation->time);
    wire.set_cancel_reason(order.cancellation->reason);
    wire.set_cancel_recorded_here(order.cancellation->recorded_here);
  }
}

void WriteDerived(const Order& order, v1::Order& wire) {
  const OrderDerived derived = Derive(order);
  for (std::size_t i = 0; i < order.lines.size(); ++i) {
    v1::OrderLine& line = *wire.mutable_lines(static_cast<int>(i));
    line.set_returned_quantity(derived.lines[i].returned);
    line.set_fulfilled_quantity(derived.lines[i].fulfilled);
  }
  v1::OrderTotals& totals = *wire.mutable_totals();
  totals.set_gross(derived.totals.gross);
  totals.set_discount(derived.totals.discount);
  totals.set_tax(derived.totals.tax);
  totals.set_shipping(derived.totals.shipping);
  totals.set_total(derived.totals.total);
  totals.set_refunded(derived.totals.refunded);
  totals.set_net(derived.totals.net);
  totals.set_cost(derived.totals.cost);
  totals.set_paid(derived.totals.paid);
  wire.set_state(static_cast<v1::OrderState>(derived.state));
  wire.set_payment_state(static_cast<v1::PaymentState>(derived.payment_state));
  wire.set_fulfillment_state(static_cast<v1::FulfillmentState>(derived.fulfillment_state));
}

template <typename Wire>
std::string FactId(const Wire& wire, Time now) {
  return wire.id().empty() ? Uuid::NewV7(now).ToString() : wire.id();
}

}  // namespace

Time ReadTime(const google::protobuf::Timestamp& wire, std::string_view field, FieldViolations& violations) {
  auto time = api::FromProto(wire, field);
  if (time.ok()) return *time;
  violations.Add(field, "is no time");
  return Time();
}

Currency ReadCurrency(std::string_view code, const Shop& shop, FieldViolations& violations) {
  if (code.empty()) return shop.currency;
  auto currency = Currency::Parse(code);
  if (currency.ok()) return *currency;
  violations.Add("currency_code", "is no ISO 4217 code");
  return shop.currency;
}

Customer ReadCustomer(const v1::Customer& wire) {
  return {wire.external_id(), wire.email(),       wire.email_verified(), wire.phone(),      wire.phone_verified(),
          wire.given_name(),  wire.family_name(), wire.display_name(),   wire.visitor_id(), wire.country_code()};
}

void WriteCustomer(const Customer& customer, v1::Customer& wire) {
  wire.set_external_id(customer.external_id);
  wire.set_email(customer.email);
  wire.set_email_verified(customer.email_verified);
  wire.set_phone(customer.phone);
  wire.set_phone_verified(customer.phone_verified);
  wire.set_given_name(customer.given_name);
  wire.set_family_name(customer.family_name);
  wire.set_display_name(customer.display_name);
  wire.set_visitor_id(customer.visitor_id);
  wire.set_country_code(customer.country_code);
}

std::vector<OrderLine> ReadLines(const google::protobuf::RepeatedPtrField<v1::OrderLine>& wire, Currency currency,
                                 FieldViolations& violations) {
  MoneyReader money(currency, violations);
  std::vector<OrderLine> lines;
  lines.reserve(static_cast<std::size_t>(wire.size()));
  for (int i = 0; i < wire.size(); ++i) {
    const v1::OrderLine& from = wire[i];
    const std::string at = At("lines", i, "");
    OrderLine line;
    line.id = from.id().empty() ? std::to_string(i + 1) : from.id();
    line.sku = from.sku();
    line.title = from.title();
    line.quantity = from.quantity();
    std::optional<std::int64_t> unit_price, amount;
    if (from.has_unit_price()) unit_price = money.Read(from.unit_price(), at, ".unit_price");
    if (from.has_amount()) amount = money.Read(from.amount(), at, ".amount");
    if (auto price = PriceLine(unit_price, amount, line.quantity); price.ok()) {
      line.unit_price = price->unit_price;
      line.amount = price->amount;
    } else {
      const auto fields = ErrorFields(price.status());
      violations.Add(absl::StrCat(at, ".", fields.empty() ? "amount" : fields[0].first),
                     fields.empty() ? "is too large" : fields[0].second);
    }
    if (from.has_discount()) line.discount = money.Read(from.discount(), at, ".discount");
    if (from.has_tax()) line.tax = money.Read(from.tax(), at, ".tax");
    if (from.has_unit_cost()) line.unit_cost = money.Read(from.unit_cost(), at, ".unit_cost");
    line.seller_id = from.seller_id();
    lines.push_back(std::move(line));
  }
  return lines;
}

void ReadProducts(const google::protobuf::RepeatedPtrField<v1::OrderLine>& wire, std::vector<OrderLine>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const v1::OrderLine& from = wire[static_cast<int>(i)];
    lines[i].category = from.category();
    lines[i].brand = from.brand();
  }
}

void WriteLine(const OrderLine& line, Currency currency, v1::OrderLine& wire) {
  wire.set_id(line.id);
  wire.set_sku(line.sku);
  wire.set_title(line.title);
  wire.set_quantity(line.quantity);
  WriteMoney(line.unit_price, currency, *wire.mutable_unit_price());
  WriteMoney(line.amount, currency, *wire.mutable_amount());
  if (line.discount != 0) WriteMoney(line.discount, currency, *wire.mutable_discount());
  if (line.tax != 0) WriteMoney(line.tax, currency, *wire.mutable_tax());
  if (line.unit_cost) WriteMoney(*line.unit_cost, currency, *wire.mutable_unit_cost());
  wire.set_seller_id(line.seller_id);
  wire.set_category(line.category);
  wire.set_brand(line.brand);
}

absl::StatusOr<Delivery> ReadDelivery(const v1::Order& wire, const Shop& shop, Time now) {
  FieldViolations violations;
  const Currency currency = ReadCurrency(wire.currency_code(), shop, violations);
  Delivery delivery;
  delivery.order = ReadOrderFields(wire, currency, violations);
  Order& order = delivery.order;
  delivery.by_arrival = order.source.version == 0 && !wire.has_source_update_time();
  if (!wire.has_source_update_time()) order.source.update_time = delivery.by_arrival ? now : order.place_time;
  ReportedFacts facts = ReadFacts(wire, currency, order.place_time, violations);
  ClearRecordedHere(facts);
  NormalizeCustomer(violations, order.customer, shop.country_code);
  CheckOrder(violations, order);
  CheckFacts(violations, facts);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  ESNAF_RETURN_IF_ERROR(ReportFacts(order, facts));
  order.version = 1;
  order.create_time = now;
  order.update_time = now;
  return delivery;
}

v1::Order ToWire(const Order& order) {
  v1::Order wire;
  wire.set_id(order.id.ToString());
  wire.set_store_id(order.store_id);
  wire.set_external_id(order.external_id);
  wire.set_kind(static_cast<v1::OrderKind>(order.kind));
  WriteCustomer(order.customer, *wire.mutable_customer());
  if (order.contact_id) wire.set_contact_id(order.contact_id->ToString());
  wire.set_channel(order.channel);
  *wire.mutable_place_time() = ToProto(order.place_time);
  *wire.mutable_source_update_time() = ToProto(order.source.update_time);
  wire.set_source_version(order.source.version);
  wire.set_currency_code(order.currency.code());
  wire.set_prices_include_tax(order.prices_include_tax);
  wire.mutable_lines()->Reserve(static_cast<int>(order.lines.size()));
  for (const OrderLine& line : order.lines) WriteLine(line, order.currency, *wire.add_lines());
  if (order.discount != 0) WriteMoney(order.discount, order.currency, *wire.mutable_discount());
  if (order.shipping != 0) WriteMoney(order.shipping, order.currency, *wire.mutable_shipping());
  if (order.shipping_tax != 0) WriteMoney(order.shipping_tax, order.currency, *wire.mutable_shipping_tax());
  WriteFacts(order, wire);
  wire.mutable_tags()->Assign(order.tags.begin(), order.tags.end());
  WriteDerived(order, wire);
  *wire.mutable_create_time() = ToProto(order.create_time);
  *wire.mutable_update_time() = ToProto(order.update_time);
  wire.set_etag(std::to_string(order.version));
  wire.set_paid(order.paid);
  wire.set_fulfilled(order.fulfilled);
  return wire;
}

absl::StatusOr<Order> FromWire(const v1::Order& wire) {
  FieldViolations violations;
  ESNAF_ASSIGN_OR_RETURN(const Currency currency, Currency::Parse(wire.currency_code()));
  Order order = ReadOrderFields(wire, currency, violations);
  ReadProducts(wire.lines(), order.lines);
  ReportedFacts facts = ReadFacts(wire, currency, Time(), violations);
  for (PaymentRequest& request : facts.payments) {
    request.payment.amount = request.amount.value_or(0);
    order.payments.push_back(std::move(request.payment));
  }
  order.fulfillments = std::move(facts.fulfillments);
  for (RefundRequest& request : facts.refunds) {
    request.refund.amount = request.amount.value_or(0);
    order.refunds.push_back(std::move(request.refund));
  }
  order.cancellation = std::move(facts.cancellation);
  if (!wire.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(order.contact_id, api::ParseId(wire.contact_id(), "contact_id"));
  }
  order.create_time = ReadTime(wire.create_time(), "create_time", violations);
  order.update_time = ReadTime(wire.update_time(), "update_time", violations);
  const std::string& etag = wire.etag();
  if (auto end = std::from_chars(etag.data(), etag.data() + etag.size(), order.version); end.ec != std::errc()) {
    violations.Add("etag", "is no version");
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return order;
}

std::string SerializeOrder(const Order& order) { return ToWire(order).SerializeAsString(); }

absl::StatusOr<Order> ParseOrder(std::string_view body) {
  v1::Order wire;
  if (!wire.ParseFromArray(body.data(), static_cast<int>(body.size())))
    return absl::DataLossError("a recorded order cannot be read");
  return FromWire(wire);
}

std::string EventPrefix(std::string_view body) {
  std::string prefix;
  {
    google::protobuf::io::StringOutputStream stream(&prefix);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.WriteTag((1 << 3) | 2);  // field 1, length-delimited
    coded.WriteVarint32(static_cast<std::uint32_t>(body.size()));
  }
  return prefix;
}

absl::StatusOr<PaymentRequest> ReadPayment(const v1::Payment& wire, const Order& order, Time now) {
  FieldViolations violations;
  MoneyReader money(order.currency, violations);
  PaymentRequest request = ReadPaymentFields(wire, "payment", money);
  request.payment.id = FactId(wire, now);
  request.payment.time = wire.has_pay_time() ? ReadTime(wire.pay_time(), "payment.pay_time", violations) : now;
  request.payment.recorded_here = true;
  CheckPayment(violations, "payment", request);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return request;
}

absl::StatusOr<RefundRequest> ReadRefund(const v1::Refund& wire, const Order& order, Time now) {
  FieldViolations violations;
  MoneyReader money(order.currency, violations);
  RefundRequest request = ReadRefundFields(wire, "refund", money);
  request.refund.id = FactId(wire, now);
  request.refund.time = wire.has_refund_time() ? ReadTime(wire.refund_time(), "refund.refund_time", violations) : now;
  request.refund.recorded_here = true;
  CheckRefund(violations, "refund", request);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return request;
}

absl::StatusOr<Fulfillment> ReadFulfillment(const v1::Fulfillment& wire, Time now) {
  FieldViolations violations;
  Fulfillment fulfillment = ReadFulfillmentFields(wire);
  fulfillment.id = FactId(wire, now);
  fulfillment.time =
      wire.has_fulfill_time() ? ReadTime(wire.fulfill_time(), "fulfillment.fulfill_time", violations) : now;
  fulfillment.recorded_here = true;
  CheckFulfillment(violations, "fulfillment", fulfillment);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return fulfillment;
}

}  // namespace esnaf::orders
