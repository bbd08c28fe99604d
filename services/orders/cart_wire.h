#pragma once

// Carts between the contract's messages and the domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "services/orders/cart.h"
#include "services/orders/store.h"

namespace esnaf::orders {

// INVALID_ARGUMENT naming every bad field.
absl::StatusOr<Cart> ReadCart(const v1::Cart& wire, const Shop& shop, Time now);
v1::Cart ToWire(const Cart& cart);
// Back from ToWire, without the version, which the contract does not show.
absl::StatusOr<Cart> FromWire(const v1::Cart& wire);

}  // namespace esnaf::orders
