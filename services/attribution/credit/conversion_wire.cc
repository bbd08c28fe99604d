#include "services/attribution/credit/conversion_wire.h"

#include "libs/api/convert.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {

absl::StatusOr<Conversion> ConversionFromOrder(const orders::v1::Order& order, std::int64_t version) {
  Conversion conversion{.store_id = order.store_id(),
                        .order_external_id = order.external_id(),
                        .currency_code = order.currency_code(),
                        .is_return = order.kind() == orders::v1::ORDER_KIND_RETURN,
                        .cancelled = order.state() == orders::v1::ORDER_STATE_CANCELLED,
                        .refunded_minor = order.totals().refunded(),
                        .version = version};
  ESNAF_ASSIGN_OR_RETURN(conversion.order_id, api::ParseId(order.id(), "order.id"));
  ESNAF_ASSIGN_OR_RETURN(conversion.place_time, api::FromProto(order.place_time(), "order.place_time"));
  if (!order.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(conversion.contact_id, api::ParseId(order.contact_id(), "order.contact_id"));
  }
  if (conversion.cancelled) return conversion;
  const orders::v1::OrderTotals& totals = order.totals();
  // What came back without its order was no revenue when it was sold either: it only lowers what stayed.
  conversion.amounts = {.revenue = conversion.is_return ? 0 : totals.gross() - totals.discount(),
                        .net = totals.net(),
                        .cost = totals.cost()};
  return conversion;
}

absl::StatusOr<std::optional<CartBegin>> CartBeginFromCart(const orders::v1::Cart& cart) {
  if (cart.order_external_id().empty()) return std::nullopt;
  CartBegin begin{.store_id = cart.store_id(), .order_external_id = cart.order_external_id()};
  ESNAF_ASSIGN_OR_RETURN(begin.begin_time, api::FromProto(cart.create_time(), "cart.create_time"));
  return begin;
}

}  // namespace esnaf::attribution
