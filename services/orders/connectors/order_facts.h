#pragma once

// Records what a storefront tells of an order apart from the order itself.
#include <string>
#include <vector>

#include "libs/hooks/connector.h"
#include "services/orders/connectors/storefront.h"

namespace esnaf::orders {

// Adds a refund or shipment to its order, as the verbs do; one that the order says already is known. UNAVAILABLE while
// the order has not come, or is older than the fact and leaves no room for it: a newer delivery of the order will.
absl::StatusOr<hooks::Outcome> RecordRefund(const runtime::Call& call, postgres::Tx& tx, const std::string& store_id,
                                            const ToldRefund& told);
absl::StatusOr<hooks::Outcome> RecordFulfillment(const runtime::Call& call, postgres::Tx& tx,
                                                 const std::string& store_id, const ToldFulfillment& told);

// Marks carts as ordered, also those that are told later.
absl::Status RecordOrderedCarts(const runtime::Call& call, postgres::Tx& tx, const std::string& store_id,
                                const std::vector<std::string>& cart_ids, const std::string& order_external_id);
// The mark of such a cart.
inline constexpr char kOrderedCart[] = "ordered_cart";

// Creates or replaces a product's variants where the delivery is newer; what their platform does not tell (the cost)
// stays.
absl::StatusOr<hooks::Outcome> RecordProducts(const runtime::Call& call, postgres::Tx& tx, const Shop& shop,
                                              const ToldProducts& told);

}  // namespace esnaf::orders
