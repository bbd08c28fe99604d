#pragma once

// The SQL of the policies of carts.
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/orders/cart_life.h"

namespace esnaf::orders {

class CartPolicyStore {
 public:
  // Those of the stores that exist; the defaults where nobody has changed them.
  static absl::StatusOr<std::map<std::string, CartPolicy>> Find(postgres::Tx& tx,
                                                                const std::vector<std::string>& store_ids);
  // Creates or replaces it, and marks it for the watch, which looks at the store's carts again; the caller has locked
  // the store.
  static absl::Status Write(postgres::Tx& tx, const CartPolicy& policy);
};

}  // namespace esnaf::orders
