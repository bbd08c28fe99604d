#include "services/orders/cart_life.h"

#include "services/orders/order_validation.h"

namespace esnaf::orders {
namespace {

constexpr int kMostIdleMinutes = 7 * 24 * 60;
constexpr int kMostExpireDays = 365;
constexpr int kMostRecoveryDays = 90;

void CheckRange(FieldViolations& violations, std::string_view field, int value, int most) {
  if (value < 1 || value > most) violations.Add(field, "must be 1 to " + std::to_string(most));
}

// Whether somebody would be reminded of it. Amounts of another currency than the policy's say nothing.
bool WorthAbandoning(const Cart& cart, const CartPolicy& policy) {
  if (cart.lines.empty()) return false;
  return cart.currency != policy.currency || cart.Value() >= policy.min_value;
}

const CartOrder* FindOrder(const Cart& cart, const CartPolicy& policy, const std::vector<CartOrder>& orders) {
  const bool named = !cart.order_external_id.empty();
  const Time last_time =
      (cart.abandoned && cart.abandon_time ? *cart.abandon_time : cart.activity_time + policy.IdleTime()) +
      policy.RecoveryTime();
  for (const CartOrder& order : orders) {
    if (named) {
      if (order.external_id == cart.order_external_id) return &order;
    } else if (order.place_time >= cart.activity_time && order.place_time <= last_time) {
      return &order;
    }
  }
  return nullptr;
}

CartReview Changed(Cart cart, Time happen_time) {
  ++cart.version;
  return {std::move(cart), true, happen_time};
}

}  // namespace

bool CartPolicy::SameAs(const CartPolicy& other) const {
  return idle_minutes == other.idle_minutes && expire_days == other.expire_days &&
         recovery_days == other.recovery_days && min_value == other.min_value;
}

void CheckCartPolicy(FieldViolations& violations, const CartPolicy& policy) {
  CheckRange(violations, "idle_minutes", policy.idle_minutes, kMostIdleMinutes);
  CheckRange(violations, "expire_days", policy.expire_days, kMostExpireDays);
  CheckRange(violations, "recovery_days", policy.recovery_days, kMostRecoveryDays);
  if (violations.empty() && policy.ExpireTime() <= policy.IdleTime()) {
    violations.Add("expire_days", "must be more than the idle time");
  }
  CheckAmount(violations, "min_value.minor", policy.min_value);
}

std::optional<Time> FirstCheck(const Cart& cart, Time now) {
  if (cart.order) return std::nullopt;
  return cart.Ordered() ? now : cart.activity_time + kLeastIdleTime;
}

CartReview ReviewCart(const Cart& cart, const CartPolicy& policy, const std::vector<CartOrder>& orders, Time now,
                      Time begin_time) {
  Cart next = cart;
  next.check_time = std::nullopt;
  if (cart.order) return {std::move(next), false, now};
  if (const CartOrder* order = FindOrder(cart, policy, orders)) {
    next.order = *order;
    next.order->named = !cart.order_external_id.empty();
    next.update_time = now;
    return Changed(std::move(next), order->place_time);
  }
  if (cart.Ordered() || cart.expired) return {std::move(next), false, now};
  const Time expire_time = cart.activity_time + policy.ExpireTime();
  if (now >= expire_time) {
    next.expired = true;
    next.abandoned = false;
    next.update_time = now;
    return Changed(std::move(next), expire_time);
  }
  next.check_time = expire_time;
  if (cart.abandoned || !WorthAbandoning(cart, policy)) return {std::move(next), false, now};
  const Time abandon_time = cart.activity_time + policy.IdleTime();
  if (now < abandon_time) {
    next.check_time = abandon_time;
    return {std::move(next), false, now};
  }
  if (cart.create_time < begin_time && abandon_time < begin_time) return {std::move(next), false, now};
  next.abandoned = true;
  ++next.abandon_count;
  next.abandon_time = abandon_time;
  if (!next.first_abandon_time) next.first_abandon_time = abandon_time;
  next.update_time = now;
  return Changed(std::move(next), abandon_time);
}

Cart ReleaseOrder(const Cart& cart, Time now) {
  Cart next = cart;
  next.order = std::nullopt;
  // Its stay was told already, and is not told as another one.
  next.abandoned = cart.abandon_time && *cart.abandon_time >= cart.activity_time;
  next.check_time = now;
  next.update_time = now;
  ++next.version;
  return next;
}

}  // namespace esnaf::orders
