#include "services/orders/cart.h"

#include "services/orders/order_validation.h"

namespace esnaf::orders {

std::int64_t Cart::Value() const {
  std::int64_t value = 0;
  for (const OrderLine& line : lines) value += line.amount - line.discount;
  return value;
}

CartState Cart::state() const {
  if (Ordered()) {
    const Time order_time = order ? order->place_time : source.update_time;
    return first_abandon_time && order_time >= *first_abandon_time ? CartState::kRecovered : CartState::kOrdered;
  }
  if (expired) return CartState::kExpired;
  return abandoned ? CartState::kAbandoned : CartState::kOpen;
}

Uuid CartId(std::string_view store_id, std::string_view external_id) {
  return Uuid::FromName("cart", std::string(store_id) + "\n" + std::string(external_id));
}

void CheckCart(FieldViolations& violations, const Cart& cart) {
  if (cart.external_id.empty()) violations.Add("external_id", "is missing");
  CheckText(violations, "external_id", cart.external_id, kMaxIdBytes);
  CheckText(violations, "order_external_id", cart.order_external_id, kMaxIdBytes);
  CheckTime(violations, "source_update_time", cart.source.update_time);
  if (cart.lines.size() > kMaxCartLines) violations.Add("lines", "are more than " + std::to_string(kMaxCartLines));
  CheckLines(violations, cart.lines);
}

Cart Succeed(const Cart& known, Cart delivered) {
  if (known.contact_id && known.customer.SameIdentities(delivered.customer)) delivered.contact_id = known.contact_id;
  delivered.version = known.version + 1;
  delivered.abandon_count = known.abandon_count;
  const bool names_order = !delivered.order_external_id.empty();
  const bool emptied = !names_order && known.order && !known.order->named && delivered.lines.empty();
  const bool same_round = names_order || emptied || (!known.Ordered() && !known.expired);
  if (same_round) {
    delivered.first_abandon_time = known.first_abandon_time;
    delivered.abandon_time = known.abandon_time;
  }
  if (emptied || (names_order && known.order && known.order->external_id == delivered.order_external_id)) {
    delivered.order = known.order;
    delivered.check_time = std::nullopt;
  }
  delivered.create_time = known.create_time;
  return delivered;
}

}  // namespace esnaf::orders
