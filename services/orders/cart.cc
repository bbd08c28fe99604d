#include "services/orders/cart.h"

#include "services/orders/order_validation.h"

namespace esnaf::orders {

std::int64_t Cart::Value() const {
  std::int64_t value = 0;
  for (const OrderLine& line : lines) value += line.amount - line.discount;
  return value;
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
  delivered.create_time = known.create_time;
  return delivered;
}

}  // namespace esnaf::orders
