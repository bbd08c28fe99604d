#pragma once

// What a cart is: what somebody means to buy, as its source last said. Pure, like order.h.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/error.h"
#include "services/orders/order.h"

namespace esnaf::orders {

// The numbers are those of the contract.
enum class CartState { kOpen = 1, kOrdered = 2, kAbandoned = 3, kRecovered = 4, kExpired = 5 };

inline constexpr std::size_t kMaxCartLines = 1000;

// The recorded order that came of a cart.
struct CartOrder {
  Uuid id;
  std::string external_id;
  Time place_time;
  std::int64_t total = 0;
  Currency currency;
  bool named = false;  // by the cart itself
  bool operator==(const CartOrder&) const = default;
};

struct Cart {
  Uuid id;
  std::string store_id;
  std::string external_id;
  Customer customer;
  std::optional<Uuid> contact_id;
  Currency currency;
  std::vector<OrderLine> lines;
  std::string order_external_id;
  SourcePosition source;  // by time alone

  Time activity_time;  // when its customer last did something with it
  std::int64_t abandon_count = 0;
  bool abandoned = false;  // since its last activity
  bool expired = false;    // likewise
  // Of this round, which begins anew where a cart is filled after an order or its expiry.
  std::optional<Time> first_abandon_time, abandon_time;
  std::optional<CartOrder> order;
  // When the watch looks at it next; none where nothing but a delivery or an order can change it. Not part of the
  // contract's message.
  std::optional<Time> check_time;

  std::int64_t version = 0;
  Time create_time;
  Time update_time;

  CartState state() const;
  bool Ordered() const { return order.has_value() || !order_external_id.empty(); }
  // The lines' amounts less their discounts.
  std::int64_t Value() const;
  bool Unlinked() const { return !contact_id && customer.Identifiable(); }
  // Whether something proves whose it is: a customer number or a verified address, which no browser can give.
  bool OfProvenCustomer() const {
    return !customer.external_id.empty() || customer.email_verified || customer.phone_verified;
  }
  bool operator==(const Cart&) const = default;
};

Uuid CartId(std::string_view store_id, std::string_view external_id);

// Adds a violation for each bad field, by the contract's names.
void CheckCart(FieldViolations& violations, const Cart& cart);

// The cart after a newer delivery: whole as delivered, with the contact kept as long as the customer's identities are.
// A delivery is activity, so it is open again, unless it names its order. To empty a cart of which an order was found
// is what shops do after a sale, and leaves it ordered.
Cart Succeed(const Cart& known, Cart delivered);

}  // namespace esnaf::orders
