#pragma once

// Carts between the contract's messages and the domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "services/orders/cart.h"
#include "services/orders/cart_life.h"
#include "services/orders/store.h"

namespace esnaf::orders {

// INVALID_ARGUMENT naming every bad field.
absl::StatusOr<Cart> ReadCart(const v1::Cart& wire, const Shop& shop, Time now);
v1::Cart ToWire(const Cart& cart);
// Back from ToWire, without the version and the next check, which the contract does not show.
absl::StatusOr<Cart> FromWire(const v1::Cart& wire);

// The policy of a shop's carts as somebody asks for it, without a version; adds a violation for each bad field.
CartPolicy ReadCartPolicy(const v1::CartPolicy& wire, const Shop& shop, FieldViolations& violations);
v1::CartPolicy ToWire(const CartPolicy& policy);

}  // namespace esnaf::orders
