#pragma once

// Whose order it is (design: linking). An order is linked as it comes, by the own copy of the identities or by asking
// contacts; while contacts is away it is parked, and a worker links it later.
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/identity/linker.h"
#include "libs/postgres/connection.h"
#include "services/orders/order.h"

namespace esnaf::orders {

using identity::ContactLinker;

// By what a store knows a customer, in the order of trust.
identity::IdentitySet IdentitiesOf(const Customer& customer, std::string_view store_id);

// One round of the worker: links up to 500 parked facts of a store (OrderStore, CartStore) and publishes them. Answers
// how many it linked.
template <typename Store>
absl::StatusOr<int> LinkParked(postgres::Connection& connection, ContactLinker& linker, Time now);

}  // namespace esnaf::orders
