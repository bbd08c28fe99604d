#pragma once

// What time and orders make of a cart: abandoned after its idle time, recovered by an order, expired after a longer
// time. A function of facts and a policy, so it can be asked again as often as one likes. Pure, like order.h.
#include <vector>

#include "libs/base/error.h"
#include "services/orders/cart.h"

namespace esnaf::orders {

// Every policy asks for at least this; until then nothing but its customer changes a cart.
inline constexpr std::chrono::minutes kLeastIdleTime{1};

struct CartPolicy {
  std::string store_id;
  int idle_minutes = 60;
  int expire_days = 30;
  int recovery_days = 7;
  std::int64_t min_value = 0;  // minor units of the store's currency
  Currency currency;           // the store's
  std::int64_t version = 0;    // 0: nobody has changed the defaults
  Time update_time;

  Duration IdleTime() const { return std::chrono::minutes(idle_minutes); }
  Duration ExpireTime() const { return std::chrono::days(expire_days); }
  Duration RecoveryTime() const { return std::chrono::days(recovery_days); }
  // Whether both ask for the same, whatever their versions are.
  bool SameAs(const CartPolicy& other) const;
  bool operator==(const CartPolicy&) const = default;
};

// Adds a violation for each bad field, by the contract's names.
void CheckCartPolicy(FieldViolations& violations, const CartPolicy& policy);

// When a cart that was just delivered is to be looked at.
std::optional<Time> FirstCheck(const Cart& cart, Time now);

// A cart as time and orders have made it.
struct CartReview {
  Cart cart;             // with its next check; as it was where it has not changed
  bool changed = false;  // more than its next check
  Time happen_time;      // of the change
};

// `orders` are those that may have come of it and count for no other cart, the earliest first: the one that it names,
// else those of its person.
// A cart that is older than `begin_time`, and was idle before it, is not told as abandoned: there was no watch then.
CartReview ReviewCart(const Cart& cart, const CartPolicy& policy, const std::vector<CartOrder>& orders, Time now,
                      Time begin_time = Time());

// The cart without its order, which another one names: as it was left before, and to be looked at now.
Cart ReleaseOrder(const Cart& cart, Time now);

}  // namespace esnaf::orders
