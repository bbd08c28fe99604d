#pragma once

// What can be done to an order that is recorded, and how a newer delivery of its source follows an older one.
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/orders/order.h"

namespace esnaf::orders {

// What verbs ask for; an absent amount means what the contract says.
struct PaymentRequest {
  Payment payment;
  std::optional<std::int64_t> amount;
};
struct RefundRequest {
  Refund refund;
  std::optional<std::int64_t> amount;
};

// The verbs. Each adds a fact, or answers FAILED_PRECONDITION with the reason why the order does not allow it, or
// INVALID_ARGUMENT naming the field. A fact that is there already under its id changes nothing where it says the same,
// and is ALREADY_EXISTS where it differs. They answer whether the order changed.
absl::StatusOr<bool> Pay(Order& order, const PaymentRequest& request);
absl::StatusOr<bool> Fulfill(Order& order, const Fulfillment& fulfillment);
absl::StatusOr<bool> RefundPart(Order& order, const RefundRequest& request);
absl::Status Cancel(Order& order, const Cancellation& cancellation);

// The facts of a source's delivery, as it names them.
struct ReportedFacts {
  std::vector<PaymentRequest> payments;
  std::vector<Fulfillment> fulfillments;
  std::vector<RefundRequest> refunds;
  std::optional<Cancellation> cancellation;
};
// Adds a source's facts to an order that has none yet, in their order; one without an id gets its number.
// INVALID_ARGUMENT naming the fact that does not fit the order. A source may report what a verb would refuse where it
// is true of the world all the same: more paid than asked, a cancellation after a shipment.
absl::Status ReportFacts(Order& order, const ReportedFacts& facts);

// What a delivery does to what is known.
enum class IngestOutcome { kCreated = 1, kUpdated = 2, kUnchanged = 3, kStale = 4 };

// `by_arrival`: the source gave neither a version nor a time, so `delivered.source` is the time of arrival, and a
// delivery that says what is known is no change.
IngestOutcome Compare(const Order& known, const Order& delivered, bool by_arrival);

// The order after a newer delivery: what the source says, and of what verbs recorded here whatever the source does not
// report itself and still fits. The contact stays as long as the customer's identities do. Whoever gives a verb the id
// by which the source will report the same fact never sees it twice.
struct Succession {
  Order order;
  int dropped_facts = 0;  // recorded here, and fitting no longer
};
Succession Succeed(const Order& known, Order delivered);

}  // namespace esnaf::orders
