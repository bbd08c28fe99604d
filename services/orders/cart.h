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
enum class CartState { kOpen = 1, kOrdered = 2 };

inline constexpr std::size_t kMaxCartLines = 1000;

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

  std::int64_t version = 0;
  Time create_time;
  Time update_time;

  CartState state() const { return order_external_id.empty() ? CartState::kOpen : CartState::kOrdered; }
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
Cart Succeed(const Cart& known, Cart delivered);

}  // namespace esnaf::orders
