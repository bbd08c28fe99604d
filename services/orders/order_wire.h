#pragma once

// Orders between the contract's messages and the domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/base/error.h"
#include "services/orders/order.h"
#include "services/orders/order_validation.h"
#include "services/orders/order_verbs.h"
#include "services/orders/store.h"

namespace esnaf::orders {

// An order as its source delivers it, good to be recorded.
struct Delivery {
  Order order;
  bool by_arrival = false;  // without a version and a time of the source's own
};
// INVALID_ARGUMENT naming every bad field (`lines[2].quantity`).
absl::StatusOr<Delivery> ReadDelivery(const v1::Order& wire, const Shop& shop, Time now);

// The order with its sums and states, as it is answered, published and kept.
v1::Order ToWire(const Order& order);
// Back from ToWire. INVALID_ARGUMENT where the message is none that ToWire made.
absl::StatusOr<Order> FromWire(const v1::Order& wire);

// What is kept in the database, and back. DATA_LOSS where the bytes are no order.
std::string SerializeOrder(const Order& order);
absl::StatusOr<Order> ParseOrder(std::string_view body);

// The field of a message that holds `body` as its message number 1: what stands before the body in an event's payload,
// so that a body travels to the database once.
std::string EventPrefix(std::string_view body);

// What verbs ask for; a missing time is `now`, a missing id a new one.
absl::StatusOr<PaymentRequest> ReadPayment(const v1::Payment& wire, const Order& order, Time now);
absl::StatusOr<RefundRequest> ReadRefund(const v1::Refund& wire, const Order& order, Time now);
absl::StatusOr<Fulfillment> ReadFulfillment(const v1::Fulfillment& wire, Time now);

// Shared with carts.
Customer ReadCustomer(const v1::Customer& wire);
void WriteCustomer(const Customer& customer, v1::Customer& wire);
// Reads lines as they are sent, without what is output only, with their prices completed; adds a violation for each bad
// one.
std::vector<OrderLine> ReadLines(const google::protobuf::RepeatedPtrField<v1::OrderLine>& wire, Currency currency,
                                 FieldViolations& violations);
// What lines that were recorded say of their products, into what ReadLines made of them.
void ReadProducts(const google::protobuf::RepeatedPtrField<v1::OrderLine>& wire, std::vector<OrderLine>& lines);
void WriteLine(const OrderLine& line, Currency currency, v1::OrderLine& wire);
// The currency that a message names, else the shop's.
Currency ReadCurrency(std::string_view code, const Shop& shop, FieldViolations& violations);
Time ReadTime(const google::protobuf::Timestamp& wire, std::string_view field, FieldViolations& violations);

}  // namespace esnaf::orders
