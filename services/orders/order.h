#pragma once

// What an order is: facts that its source and our verbs recorded, and everything that follows from them. Sums and
// states are never stored by hand; they are functions of the facts. No SQL, gRPC, protobuf or clock in here.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::orders {

// The numbers of all enums are those of the contract, and what the database holds.
enum class OrderKind { kSale = 1, kReturn = 2 };
enum class OrderState { kOpen = 1, kCompleted = 2, kCancelled = 3 };
enum class PaymentState { kPending = 1, kPartiallyPaid = 2, kPaid = 3, kPartiallyRefunded = 4, kRefunded = 5 };
enum class FulfillmentState {
  kUnfulfilled = 1,
  kPartiallyFulfilled = 2,
  kFulfilled = 3,
  kPartiallyReturned = 4,
  kReturned = 5
};

// No amount of an order, and no sum of its amounts, is larger: so nothing here overflows 64 bits.
inline constexpr std::int64_t kMaxAmount = 1'000'000'000'000'000;
inline constexpr std::int64_t kMaxQuantity = 1'000'000'000;
inline constexpr std::size_t kMaxLines = 5000;
inline constexpr std::size_t kMaxFacts = 200;  // of each kind: payments, fulfillments, refunds
inline constexpr std::size_t kMaxTags = 50;

// Who bought, as the store knows it. E-mail and phone are normalized.
struct Customer {
  std::string external_id;
  std::string email;
  bool email_verified = false;
  std::string phone;
  bool phone_verified = false;
  std::string given_name;
  std::string family_name;
  std::string display_name;
  std::string visitor_id;
  std::string country_code;
  // Whether anything is known by which a contact could be found.
  bool Identifiable() const;
  // Whether both are known by the same identities, whatever they are called.
  bool SameIdentities(const Customer& other) const;
  bool operator==(const Customer&) const = default;
};

// Amounts are minor units of the order's currency.
struct OrderLine {
  std::string id;
  std::string sku;
  std::string title;
  std::int64_t quantity = 0;
  std::int64_t unit_price = 0;
  std::int64_t amount = 0;
  std::int64_t discount = 0;
  std::int64_t tax = 0;
  std::optional<std::int64_t> unit_cost;
  std::string seller_id;
  std::string category;  // of the product, as it was when the line was recorded
  std::string brand;     // likewise
  bool operator==(const OrderLine&) const = default;
};

struct Payment {
  std::string id;
  std::int64_t amount = 0;
  std::string method;
  Time time;
  bool recorded_here = false;  // by a verb, not by the order's source
  bool operator==(const Payment&) const = default;
};

struct LineQuantity {
  std::string line_id;
  std::int64_t quantity = 0;
  bool operator==(const LineQuantity&) const = default;
};

struct Fulfillment {
  std::string id;
  std::vector<LineQuantity> lines;
  std::string carrier;
  std::string tracking_number;
  Time time;
  bool recorded_here = false;
  bool operator==(const Fulfillment&) const = default;
};

struct Refund {
  std::string id;
  std::int64_t amount = 0;
  std::vector<LineQuantity> returned_lines;
  std::string reason;
  Time time;
  bool recorded_here = false;
  bool operator==(const Refund&) const = default;
};

struct Cancellation {
  Time time;
  std::string reason;
  bool recorded_here = false;
  bool operator==(const Cancellation&) const = default;
};

// Where a delivery stands among the source's deliveries of one order: by version, then by time.
struct SourcePosition {
  std::int64_t version = 0;
  Time update_time;
  auto operator<=>(const SourcePosition&) const = default;
};

struct Order {
  Uuid id;
  std::string store_id;
  std::string external_id;
  OrderKind kind = OrderKind::kSale;
  Customer customer;
  std::optional<Uuid> contact_id;
  std::string channel;
  Time place_time;
  SourcePosition source;
  Currency currency;
  bool prices_include_tax = false;
  std::vector<OrderLine> lines;
  std::int64_t discount = 0;
  std::int64_t shipping = 0;
  std::int64_t shipping_tax = 0;
  std::vector<Payment> payments;
  std::vector<Fulfillment> fulfillments;
  std::vector<Refund> refunds;
  std::optional<Cancellation> cancellation;
  std::vector<std::string> tags;
  bool paid = false;       // the source says so, without naming payments
  bool fulfilled = false;  // the source says so, without naming shipments

  std::int64_t version = 0;  // counts our own changes from 1
  Time create_time;
  Time update_time;

  // A customer is known but not whose contact that is: nothing is published of the order until it is linked.
  bool Unlinked() const { return !contact_id && customer.Identifiable(); }
  bool operator==(const Order&) const = default;
};

// The id of the order that a store knows as `external_id`: known before it is recorded, and the same everywhere.
Uuid OrderId(std::string_view store_id, std::string_view external_id);

// See OrderTotals of the contract, which says what each is.
struct OrderTotals {
  std::int64_t gross = 0;
  std::int64_t discount = 0;
  std::int64_t tax = 0;
  std::int64_t shipping = 0;
  std::int64_t total = 0;
  std::int64_t refunded = 0;
  std::int64_t net = 0;
  std::int64_t cost = 0;
  std::int64_t paid = 0;
  bool operator==(const OrderTotals&) const = default;
};

// What became of the pieces of one line.
struct LineProgress {
  std::int64_t returned = 0;
  std::int64_t fulfilled = 0;
  std::int64_t removed = 0;  // of the returned ones those that had not left
};

// One for each line, in the order of the lines.
std::vector<LineProgress> ProgressOf(const Order& order);
// The pieces of a line that can still leave.
std::int64_t OpenQuantity(const OrderLine& line, const LineProgress& progress);

// Everything that follows from an order's facts.
struct OrderDerived {
  OrderTotals totals;
  OrderState state = OrderState::kOpen;
  PaymentState payment_state = PaymentState::kPending;
  FulfillmentState fulfillment_state = FulfillmentState::kUnfulfilled;
  std::vector<LineProgress> lines;
};
OrderDerived Derive(const Order& order);

// What was paid for each line: its amount less its discount and its share of the order's discount, with its tax where
// prices do not include it. Together they are the total without shipping and its tax.
std::vector<std::int64_t> LineValues(const Order& order);

}  // namespace esnaf::orders
