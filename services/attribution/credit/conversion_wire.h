#pragma once

// What orders tell, as conversions.
#include "absl/status/statusor.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "services/attribution/credit/conversion_store.h"

namespace esnaf::attribution {

// INVALID_ARGUMENT naming a field that makes no sense.
absl::StatusOr<Conversion> ConversionFromOrder(const orders::v1::Order& order, std::int64_t version);

// None where no order came of the cart.
absl::StatusOr<std::optional<CartBegin>> CartBeginFromCart(const orders::v1::Cart& cart);

}  // namespace esnaf::attribution
