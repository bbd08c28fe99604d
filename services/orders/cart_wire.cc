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

}  // namespace

absl::StatusOr<Cart> ReadCart(const v1::Cart& wire, const Shop& shop, Time now) {
  FieldViolations violations;
  Cart cart = ReadCartFields(wire, ReadCurrency(wire.currency_code(), shop, violations), violations);
  if (!wire.has_source_update_time()) cart.source.update_time = now;
  NormalizeCustomer(violations, cart.customer, shop.country_code);
  CheckCart(violations, cart);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  cart.version = 1;
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
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return cart;
}

}  // namespace esnaf::orders
