#pragma once

// The SQL of carts; written like orders, one guarded row and its event at a time or many.
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/orders/cart.h"
#include "services/orders/order_store.h"

namespace esnaf::orders {

struct CartChange {
  Cart cart;
  Time happen_time;
};

class CartStore {
 public:
  using Fact = Cart;
  using Change = CartChange;

  // As OrderStore::Write, with a CartChanged.
  static absl::StatusOr<std::vector<Uuid>> Write(postgres::Tx& tx, const Cause& cause,
                                                 const std::vector<CartChange>& changes);
  // Notes the position behind which it is found, so that a call that changes nothing names one too.
  static absl::StatusOr<std::optional<Cart>> Find(postgres::Tx& tx, const Uuid& id);
  static absl::StatusOr<std::vector<Cart>> FindUnlinked(postgres::Tx& tx, Time now, int limit);
  static absl::Status Postpone(postgres::Tx& tx, const std::vector<Uuid>& ids, Time until);

  // Carts whose check is due, locked, the longest waiting first; without those that somebody else has locked.
  // One that cannot be read is logged and left for an hour, so that it does not stop the others.
  static absl::StatusOr<std::vector<Cart>> LockDue(postgres::Tx& tx, Time now, int limit);
  // Those that have one of the orders without naming it, locked.
  static absl::StatusOr<std::vector<Cart>> LockUnnamedHolders(postgres::Tx& tx, const std::vector<Uuid>& order_ids);
  // Records the next checks of locked carts, and the columns that carts of before the watch still lack.
  static absl::Status CheckLater(postgres::Tx& tx, const std::vector<Cart>& carts);
  // What signs the links to carts.
  static absl::StatusOr<std::string> LinkSecret(postgres::Tx& tx);
};

}  // namespace esnaf::orders
