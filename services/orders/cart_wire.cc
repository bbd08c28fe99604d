#include "services/orders/cart_wire.h"

#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "services/orders/order_validation.h"
#include "services/orders/order_wire.h"

namespace esnaf::orders {
namespace {

Cart ReadCartFields(const v1::Cart& wire, Currency currency, FieldViolations& violations) {
  Cart cart;
  cart.store_id = wire.store_id();
  cart.external_id = wire.external_id();
  cart.id = CartId(cart.store_id, cart.external_id);
  cart.customer = ReadCustomer(wire.customer());
  cart.currency = currency;
  cart.lines = ReadLines(wire.lines(), currency, violations);
  cart.order_external_id = wire.order_external_id();
  if (wire.has_source_update_time()) {
    cart.source.update_time = ReadTime(wire.source_update_time(), "source_update_time", violations);
  }
  return cart;
}

std::optional<Time> ReadOptionalTime(bool given, const google::protobuf::Timestamp& wire, std::string_view field,
                                     FieldViolations& violations) {
  return given ? std::optional(ReadTime(wire, field, violations)) : std::nullopt;
}

// What time and orders made of a cart.
void WriteLife(const Cart& cart, v1::Cart& wire) {
  *wire.mutable_activity_time() = api::ToProto(cart.activity_time);
  wire.set_abandon_count(cart.abandon_count);
  if (cart.abandon_time) *wire.mutable_abandon_time() = api::ToProto(*cart.abandon_time);
  if (cart.first_abandon_time) *wire.mutable_first_abandon_time() = api::ToProto(*cart.first_abandon_time);
  if (!cart.order) return;
  v1::CartOrder& order = *wire.mutable_order();
  order.set_order_id(cart.order->id.ToString());
  order.set_external_id(cart.order->external_id);
  *order.mutable_place_time() = api::ToProto(cart.order->place_time);
  *order.mutable_total() = api::ToProto(Money{cart.order->total, cart.order->currency});
  order.set_named(cart.order->named);
}

absl::Status ReadLife(const v1::Cart& wire, Cart& cart, FieldViolations& violations) {
  // Carts of before there were states say nothing of their activity.
  cart.activity_time =
      wire.has_activity_time() ? ReadTime(wire.activity_time(), "activity_time", violations) : cart.source.update_time;
  cart.abandon_count = wire.abandon_count();
  cart.abandon_time = ReadOptionalTime(wire.has_abandon_time(), wire.abandon_time(), "abandon_time", violations);
  cart.first_abandon_time =
      ReadOptionalTime(wire.has_first_abandon_time(), wire.first_abandon_time(), "first_abandon_time", violations);
  cart.abandoned = wire.state() == v1::CART_STATE_ABANDONED;
  cart.expired = wire.state() == v1::CART_STATE_EXPIRED;
  if (!wire.has_order()) return absl::OkStatus();
  CartOrder order{.external_id = wire.order().external_id(), .named = wire.order().named()};
  ESNAF_ASSIGN_OR_RETURN(order.id, api::ParseId(wire.order().order_id(), "order.order_id"));
  order.place_time = ReadTime(wire.order().place_time(), "order.place_time", violations);
  ESNAF_ASSIGN_OR_RETURN(const Money total, api::FromProto(wire.order().total(), "order.total"));
  order.total = total.minor;
  order.currency = total.currency;
  cart.order = std::move(order);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Cart> ReadCart(const v1::Cart& wire, const Shop& shop, Time now) {
  FieldViolations violations;
  Cart cart = ReadCartFields(wire, ReadCurrency(wire.currency_code(), shop, violations), violations);
  if (!wire.has_source_update_time()) cart.source.update_time = now;
  NormalizeCustomer(violations, cart.customer, shop.country_code);
  CheckCart(violations, cart);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  cart.version = 1;
  // A source whose clock runs ahead does not keep its carts from being abandoned.
  cart.activity_time = std::min(cart.source.update_time, now);
  cart.check_time = FirstCheck(cart, now);
  cart.create_time = now;
  cart.update_time = now;
  return cart;
}

v1::Cart ToWire(const Cart& cart) {
  v1::Cart wire;
  wire.set_id(cart.id.ToString());
  wire.set_store_id(cart.store_id);
  wire.set_external_id(cart.external_id);
  WriteCustomer(cart.customer, *wire.mutable_customer());
  if (cart.contact_id) wire.set_contact_id(cart.contact_id->ToString());
  wire.set_currency_code(cart.currency.code());
  for (const OrderLine& line : cart.lines) WriteLine(line, cart.currency, *wire.add_lines());
  wire.set_value(cart.Value());
  wire.set_order_external_id(cart.order_external_id);
  wire.set_state(static_cast<v1::CartState>(cart.state()));
  *wire.mutable_source_update_time() = api::ToProto(cart.source.update_time);
  *wire.mutable_create_time() = api::ToProto(cart.create_time);
  *wire.mutable_update_time() = api::ToProto(cart.update_time);
  WriteLife(cart, wire);
  return wire;
}

absl::StatusOr<Cart> FromWire(const v1::Cart& wire) {
  FieldViolations violations;
  ESNAF_ASSIGN_OR_RETURN(const Currency currency, Currency::Parse(wire.currency_code()));
  Cart cart = ReadCartFields(wire, currency, violations);
  ReadProducts(wire.lines(), cart.lines);
  if (!wire.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(cart.contact_id, api::ParseId(wire.contact_id(), "contact_id"));
  }
  cart.create_time = ReadTime(wire.create_time(), "create_time", violations);
  cart.update_time = ReadTime(wire.update_time(), "update_time", violations);
  ESNAF_RETURN_IF_ERROR(ReadLife(wire, cart, violations));
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return cart;
}

CartPolicy ReadCartPolicy(const v1::CartPolicy& wire, const Shop& shop, FieldViolations& violations) {
  CartPolicy policy{.store_id = shop.id,
                    .idle_minutes = wire.idle_minutes(),
                    .expire_days = wire.expire_days(),
                    .recovery_days = wire.recovery_days(),
                    .min_value = wire.min_value().minor(),
                    .currency = shop.currency};
  if (!wire.min_value().currency_code().empty() && wire.min_value().currency_code() != shop.currency.code()) {
    violations.Add("min_value.currency_code", "must be " + shop.currency.code() + ", the store's currency");
  }
  CheckCartPolicy(violations, policy);
  return policy;
}

v1::CartPolicy ToWire(const CartPolicy& policy) {
  v1::CartPolicy wire;
  wire.set_store_id(policy.store_id);
  wire.set_idle_minutes(policy.idle_minutes);
  wire.set_expire_days(policy.expire_days);
  wire.set_recovery_days(policy.recovery_days);
  *wire.mutable_min_value() = api::ToProto(Money{policy.min_value, policy.currency});
  wire.set_etag(std::to_string(policy.version));
  if (policy.version > 0) *wire.mutable_update_time() = api::ToProto(policy.update_time);
  return wire;
}

}  // namespace esnaf::orders
