// Goal: a cart is abandoned once for each time that it is left alone, whenever somebody looks, and an order that
// follows recovers it.
#include "services/orders/cart_life.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::orders {
namespace {

using namespace std::chrono_literals;

const Time kStart = *ParseRfc3339("2026-11-23T07:00:00Z");
const Currency kTry = *Currency::Parse("TRY");
const CartPolicy kPolicy{.store_id = "tr", .currency = kTry};

Cart Delivered(Time activity, std::int64_t amount = 1000) {
  Cart cart{.id = CartId("tr", "a"), .store_id = "tr", .external_id = "a", .currency = kTry};
  if (amount > 0) cart.lines.push_back({.id = "1", .quantity = 1, .unit_price = amount, .amount = amount});
  cart.source.update_time = cart.activity_time = activity;
  cart.version = 1;
  cart.check_time = FirstCheck(cart, activity);
  return cart;
}

CartOrder OrderAt(Time time, const std::string& external_id = "1001") {
  return {
      .id = OrderId("tr", external_id), .external_id = external_id, .place_time = time, .total = 900, .currency = kTry};
}

TEST_CASE("a cart is abandoned when its idle time is over, and expires later") {
  const Cart cart = Delivered(kStart);
  CartReview review = ReviewCart(cart, kPolicy, {}, kStart + 59min);
  CHECK_FALSE(review.changed);
  CHECK(review.cart.check_time == kStart + 60min);
  review = ReviewCart(cart, kPolicy, {}, kStart + 70min);
  CHECK(review.changed);
  CHECK(review.happen_time == kStart + 60min);
  CHECK(review.cart.state() == CartState::kAbandoned);
  CHECK(review.cart.abandon_count == 1);
  CHECK(review.cart.version == 2);
  CHECK(review.cart.check_time == kStart + std::chrono::days(30));
  CHECK_FALSE(ReviewCart(review.cart, kPolicy, {}, kStart + 80min).changed);
  review = ReviewCart(review.cart, kPolicy, {}, kStart + std::chrono::days(30));
  CHECK(review.cart.state() == CartState::kExpired);
  CHECK_FALSE(review.cart.check_time);
  CHECK_FALSE(ReviewCart(review.cart, kPolicy, {}, kStart + std::chrono::days(60)).changed);
  // Nobody is reminded of what was found too late.
  CHECK(ReviewCart(cart, kPolicy, {}, kStart + std::chrono::days(31)).cart.state() == CartState::kExpired);
}

TEST_CASE("what is empty or worth too little is not abandoned, but expires") {
  CartPolicy policy = kPolicy;
  policy.min_value = 1001;
  for (const Cart& cart : {Delivered(kStart), Delivered(kStart, 0)}) {
    const CartReview review = ReviewCart(cart, policy, {}, kStart + 2h);
    CHECK_FALSE(review.changed);
    CHECK(review.cart.check_time == kStart + std::chrono::days(30));
    CHECK(ReviewCart(cart, policy, {}, kStart + std::chrono::days(30)).cart.state() == CartState::kExpired);
  }
  policy.currency = *Currency::Parse("EUR");
  CHECK(ReviewCart(Delivered(kStart), policy, {}, kStart + 2h).cart.state() == CartState::kAbandoned);
}

TEST_CASE("an order recovers what was abandoned before it, within the policy's time") {
  const Cart open = Delivered(kStart);
  const Cart abandoned = ReviewCart(open, kPolicy, {}, kStart + 1h).cart;
  const auto state_by = [](const Cart& cart, Time order_time) {
    return ReviewCart(cart, kPolicy, {OrderAt(order_time)}, kStart + std::chrono::days(9)).cart.state();
  };
  CHECK(state_by(open, kStart + 10min) == CartState::kOrdered);
  CHECK(state_by(abandoned, kStart - 1s) == CartState::kAbandoned);
  // An order that became known late: nobody had left.
  CHECK(state_by(abandoned, kStart + 10min) == CartState::kOrdered);
  CHECK(state_by(abandoned, kStart + 1h) == CartState::kRecovered);
  CHECK(state_by(abandoned, kStart + 1h + std::chrono::days(7)) == CartState::kRecovered);
  CHECK(state_by(abandoned, kStart + 1h + std::chrono::days(7) + 1s) == CartState::kAbandoned);

  Cart back = Delivered(kStart + 3h);
  back = Succeed(abandoned, back);
  CHECK(back.state() == CartState::kOpen);
  CHECK(back.abandon_count == 1);
  CHECK(state_by(back, kStart + 4h) == CartState::kRecovered);
  const CartReview review = ReviewCart(back, kPolicy, {OrderAt(kStart + 4h)}, kStart + 5h);
  CHECK(review.happen_time == kStart + 4h);
  CHECK(review.cart.order->total == 900);
  CHECK_FALSE(review.cart.order->named);
  CHECK_FALSE(review.cart.check_time);
}

TEST_CASE("an order that the cart names counts at any time, and no other does") {
  const Cart abandoned = ReviewCart(Delivered(kStart), kPolicy, {}, kStart + 1h).cart;
  Cart named = Delivered(kStart + std::chrono::days(20));
  named.order_external_id = "1001";
  named = Succeed(abandoned, named);
  CHECK(named.state() == CartState::kRecovered);
  CHECK(FirstCheck(named, kStart) == kStart);
  const Time now = kStart + std::chrono::days(21);
  CHECK_FALSE(ReviewCart(named, kPolicy, {OrderAt(named.activity_time, "1002")}, now).changed);
  const CartReview review = ReviewCart(named, kPolicy, {OrderAt(named.activity_time)}, now);
  CHECK(review.cart.order->named);
  CHECK(review.cart.state() == CartState::kRecovered);
  CHECK_FALSE(ReviewCart(review.cart, kPolicy, {OrderAt(named.activity_time)}, now).changed);
}

TEST_CASE("a cart that is filled after its order begins anew, one that is emptied stays ordered") {
  const Cart abandoned = ReviewCart(Delivered(kStart), kPolicy, {}, kStart + 1h).cart;
  const Cart recovered = ReviewCart(abandoned, kPolicy, {OrderAt(kStart + 2h)}, kStart + 2h).cart;
  CHECK(recovered.state() == CartState::kRecovered);
  const Cart emptied = Succeed(recovered, Delivered(kStart + 3h, 0));
  CHECK(emptied.state() == CartState::kRecovered);
  CHECK(emptied.order == recovered.order);
  const Cart again = Succeed(emptied, Delivered(kStart + 4h));
  CHECK(again.state() == CartState::kOpen);
  CHECK_FALSE(again.first_abandon_time);
  CHECK(again.abandon_count == 1);
  CHECK(ReviewCart(again, kPolicy, {OrderAt(kStart + 4h, "1002")}, kStart + 5h).cart.state() == CartState::kOrdered);
}

TEST_CASE("a policy is checked by the names of its fields") {
  const auto fields = [](const CartPolicy& policy) {
    FieldViolations violations;
    CheckCartPolicy(violations, policy);
    std::string names;
    for (const auto& [field, problem] : ErrorFields(violations.ToStatus())) names += field + ";";
    return names;
  };
  CHECK(fields(kPolicy).empty());
  CartPolicy bad = kPolicy;
  bad.idle_minutes = bad.expire_days = bad.recovery_days = 0;
  bad.min_value = -1;
  CHECK(fields(bad) == "idle_minutes;expire_days;recovery_days;min_value.minor;");
  bad = kPolicy;
  bad.idle_minutes = 24 * 60;
  bad.expire_days = 1;
  CHECK(fields(bad) == "expire_days;");
}

TEST_CASE("whenever somebody looks, each time that a cart is left alone counts once") {
  CHECK(rc::check("abandonments are those that a look at every minute finds", [] {
    CartPolicy policy = kPolicy;
    policy.idle_minutes = *rc::gen::inRange(1, 120);
    policy.expire_days = 1;
    Time now = kStart;
    Cart cart = Delivered(now);
    // By the beginning of each idle period: how often it was told.
    std::map<Time, int> told, expected;
    bool expired = false;
    const auto steps = *rc::gen::container<std::vector<std::pair<bool, int>>>(
        rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange(0, 400)));
    for (const auto& [is_activity, minutes] : steps) {
      now += std::chrono::minutes(minutes);
      if (is_activity) {
        if (now == cart.activity_time) continue;
        cart = Succeed(cart, Delivered(now));
        expired = false;
        RC_ASSERT(cart.state() == CartState::kOpen);
        continue;
      }
      const bool due = now - cart.activity_time >= policy.IdleTime();
      const bool over = now - cart.activity_time >= policy.ExpireTime();
      expired = expired || over;
      if (due && !expired) expected[cart.activity_time] = 1;
      const CartReview review = ReviewCart(cart, policy, {}, now);
      RC_ASSERT(review.cart.version == cart.version + (review.changed ? 1 : 0));
      if (review.changed && review.cart.state() == CartState::kAbandoned) ++told[cart.activity_time];
      // What is not changed now is not before its next check either.
      if (review.cart.check_time) RC_ASSERT(*review.cart.check_time > now);
      cart = review.cart;
      RC_ASSERT((cart.state() == CartState::kExpired) == expired);
    }
    RC_ASSERT(told == expected);
    RC_ASSERT(cart.abandon_count == static_cast<std::int64_t>(told.size()));
  }));
}

}  // namespace
}  // namespace esnaf::orders
