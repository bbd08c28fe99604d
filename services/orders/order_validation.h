#pragma once

// What an order must be like to be recorded.
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "services/orders/order.h"
#include "services/orders/order_verbs.h"

namespace esnaf::orders {

inline constexpr std::size_t kMaxIdBytes = 200;

// A line's price and amount, of which a source may give either or both.
struct LinePrice {
  std::int64_t unit_price = 0;
  std::int64_t amount = 0;
};
// OUT_OF_RANGE where the amount is too large; INVALID_ARGUMENT where the two do not belong together, or none is given.
absl::StatusOr<LinePrice> PriceLine(std::optional<std::int64_t> unit_price, std::optional<std::int64_t> amount,
                                    std::int64_t quantity);

// Adds a violation unless the text is clean UTF-8 of at most `bytes`.
void CheckText(FieldViolations& violations, std::string_view field, std::string_view text, std::size_t bytes);
// Adds a violation unless the time lies in the years 1970 to 2199.
void CheckTime(FieldViolations& violations, std::string_view field, Time time);
// Adds a violation unless the amount lies within 0 and kMaxAmount.
void CheckAmount(FieldViolations& violations, std::string_view field, std::int64_t amount);
// Brings e-mail and phone into the form in which they are compared; `region` is the country of phone numbers without a
// country code. Adds a violation for each field that is none.
void NormalizeCustomer(FieldViolations& violations, Customer& customer, std::string_view region);
// Checks what carts have in common with orders.
void CheckLines(FieldViolations& violations, const std::vector<OrderLine>& lines);

// Adds a violation for each bad field of an order as its source delivers it, by the contract's names. What the facts
// ask of each other (a refund within the total) is not looked at here: ReportFacts says that.
void CheckOrder(FieldViolations& violations, const Order& order);
// The same for the facts that a source reports or a verb adds; `at` is the field that holds the fact.
void CheckPayment(FieldViolations& violations, std::string_view at, const PaymentRequest& request);
void CheckFulfillment(FieldViolations& violations, std::string_view at, const Fulfillment& fulfillment);
void CheckRefund(FieldViolations& violations, std::string_view at, const RefundRequest& request);
void CheckCancellation(FieldViolations& violations, const Cancellation& cancellation, std::string_view reason_field);
void CheckFacts(FieldViolations& violations, const ReportedFacts& facts);

}  // namespace esnaf::orders
