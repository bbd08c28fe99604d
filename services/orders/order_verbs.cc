#include "services/orders/order_verbs.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

absl::Status Refuse(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

template <typename Fact>
const Fact* FindFact(const std::vector<Fact>& facts, std::string_view id) {
  auto found = std::find_if(facts.begin(), facts.end(), [&](const Fact& fact) { return fact.id == id; });
  return found == facts.end() ? nullptr : &*found;
}

absl::Status CheckRoom(std::size_t facts) {
  if (facts < kMaxFacts) return absl::OkStatus();
  return Refuse("TOO_MANY_FACTS", "the order has as many of these as it can hold");
}

// What a verb does with a fact whose id is known: nothing where it says the same.
absl::StatusOr<bool> Repeated(bool same, std::string_view kind, std::string_view id) {
  if (same) return false;
  return MakeError(absl::StatusCode::kAlreadyExists, "FACT_ID_REUSED",
                   "another " + std::string(kind) + " of the order has this id", {{"id", std::string(id)}});
}

// Checks that every part names a line of the order once, with at most the pieces that `available` says.
template <typename Available>
absl::Status CheckParts(const Order& order, const std::vector<LineQuantity>& parts, std::string_view field,
                        std::string_view reason, const Available& available) {
  if (parts.empty()) return absl::OkStatus();
  const std::vector<LineProgress> progress = ProgressOf(order);
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < order.lines.size(); ++i) index.emplace(order.lines[i].id, i);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string at = absl::StrCat(ToAbsl(field), "[", i, "]");
    auto line = index.find(parts[i].line_id);
    if (line == index.end())
      return InvalidField(absl::StrCat(at, ".line_id"), "is no line of the order, or named twice");
    if (parts[i].quantity < 1) return InvalidField(absl::StrCat(at, ".quantity"), "must be at least 1");
    if (parts[i].quantity > available(order.lines[line->second], progress[line->second])) {
      return MakeError(absl::StatusCode::kFailedPrecondition, reason, "the line has fewer pieces left",
                       {{"line_id", parts[i].line_id}});
    }
    index.erase(line);
  }
  return absl::OkStatus();
}

// What was paid for the pieces of a line that come back after `before` came back earlier. It is a difference of rounded
// sums, so that all pieces of a line together give its value to the minor unit, however they are split.
std::int64_t ValueOfPieces(std::int64_t value, std::int64_t sold, std::int64_t before, std::int64_t pieces) {
  const auto value_of_first = [&](std::int64_t count) {
    const std::array<std::int64_t, 2> weights = {count, sold - count};
    return AllocateByLargestRemainder(value, weights)[0];
  };
  return value_of_first(before + pieces) - value_of_first(before);
}

std::int64_t ValueOfReturn(const Order& order, const std::vector<LineQuantity>& parts) {
  const std::vector<std::int64_t> values = LineValues(order);
  const std::vector<LineProgress> progress = ProgressOf(order);
  std::int64_t sum = 0;
  for (const LineQuantity& part : parts) {
    for (std::size_t i = 0; i < order.lines.size(); ++i) {
      if (order.lines[i].id != part.line_id) continue;
      sum += ValueOfPieces(values[i], order.lines[i].quantity, progress[i].returned, part.quantity);
    }
  }
  return sum;
}

std::vector<LineQuantity> OpenParts(const Order& order) {
  const std::vector<LineProgress> progress = ProgressOf(order);
  std::vector<LineQuantity> parts;
  for (std::size_t i = 0; i < order.lines.size(); ++i) {
    const std::int64_t open = OpenQuantity(order.lines[i], progress[i]);
    if (open > 0) parts.push_back({order.lines[i].id, open});
  }
  return parts;
}

// The parts to ship: those asked for, or all that are open.
absl::StatusOr<std::vector<LineQuantity>> PartsToFulfill(const Order& order, const std::vector<LineQuantity>& asked) {
  if (asked.empty()) {
    std::vector<LineQuantity> parts = OpenParts(order);
    if (parts.empty()) return Refuse("NOTHING_LEFT_TO_FULFILL", "every piece of the order has left or came back");
    return parts;
  }
  ESNAF_RETURN_IF_ERROR(
      CheckParts(order, asked, "fulfillment.lines", "FULFILLMENT_EXCEEDS_OPEN_QUANTITY", OpenQuantity));
  return asked;
}

// The same fact but for what the request left open and for who recorded it.
bool SaysTheSame(const Payment& known, const PaymentRequest& request) {
  return known.method == request.payment.method && (!request.amount || *request.amount == known.amount);
}
bool SaysTheSame(const Fulfillment& known, const Fulfillment& asked) {
  return known.carrier == asked.carrier && known.tracking_number == asked.tracking_number &&
         (asked.lines.empty() || asked.lines == known.lines);
}
bool SaysTheSame(const Refund& known, const RefundRequest& request) {
  return known.reason == request.refund.reason && known.returned_lines == request.refund.returned_lines &&
         (!request.amount || *request.amount == known.amount);
}

// A fact that cannot be is the source's mistake: names the field of the delivery.
absl::Status AsBadField(const absl::Status& status, std::string_view field) {
  if (status.ok()) return status;
  return InvalidField(field, std::string(status.message()));
}

template <typename Fact>
void NumberFact(Fact& fact, std::size_t index) {
  if (fact.id.empty()) fact.id = std::to_string(index + 1);
}

template <typename Fact>
absl::Status CheckFactIds(const std::vector<Fact>& facts, std::string_view field) {
  std::vector<std::string_view> ids;
  for (const Fact& fact : facts) ids.push_back(fact.id);
  std::sort(ids.begin(), ids.end());
  if (auto twice = std::adjacent_find(ids.begin(), ids.end()); twice != ids.end()) {
    return InvalidField(field, "names the id " + std::string(*twice) + " twice");
  }
  return absl::OkStatus();
}

absl::Status ReportPayments(Order& order, const std::vector<PaymentRequest>& payments) {
  const std::int64_t total = payments.empty() ? 0 : Derive(order).totals.total;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < payments.size(); ++i) {
    Payment payment = payments[i].payment;
    NumberFact(payment, i);
    payment.amount = payments[i].amount ? *payments[i].amount : std::max<std::int64_t>(0, total - sum);
    sum += payment.amount;
    if (sum > kMaxAmount) return InvalidField("payments", "add up to too much");
    order.payments.push_back(std::move(payment));
  }
  return CheckFactIds(order.payments, "payments");
}

absl::Status ReportFulfillments(Order& order, const std::vector<Fulfillment>& fulfillments) {
  for (std::size_t i = 0; i < fulfillments.size(); ++i) {
    Fulfillment fulfillment = fulfillments[i];
    NumberFact(fulfillment, i);
    auto parts = PartsToFulfill(order, fulfillment.lines);
    ESNAF_RETURN_IF_ERROR(AsBadField(parts.status(), absl::StrCat("fulfillments[", i, "]")));
    fulfillment.lines = *std::move(parts);
    order.fulfillments.push_back(std::move(fulfillment));
  }
  return CheckFactIds(order.fulfillments, "fulfillments");
}

// What a delivery does not name was taken from the product when the line was first recorded, and stays.
void KeepProducts(const Order& known, Order& order) {
  std::unordered_map<std::string_view, const OrderLine*> lines;
  for (const OrderLine& line : known.lines) {
    if (line.unit_cost || !line.category.empty() || !line.brand.empty()) lines.emplace(line.id, &line);
  }
  if (lines.empty()) return;
  for (OrderLine& line : order.lines) {
    auto before = lines.find(line.id);
    if (before == lines.end() || before->second->sku != line.sku) continue;
    if (!line.unit_cost) line.unit_cost = before->second->unit_cost;
    line.category = before->second->category;
    line.brand = before->second->brand;
  }
}

}  // namespace

absl::StatusOr<bool> Pay(Order& order, const PaymentRequest& request) {
  if (const Payment* known = FindFact(order.payments, request.payment.id)) {
    return Repeated(SaysTheSame(*known, request), "payment", known->id);
  }
  if (order.cancellation) return Refuse("ORDER_CANCELLED", "the order is cancelled");
  ESNAF_RETURN_IF_ERROR(CheckRoom(order.payments.size()));
  const OrderTotals totals = Derive(order).totals;
  const std::int64_t open = totals.total - totals.paid;
  Payment payment = request.payment;
  payment.amount = request.amount.value_or(open);
  if (open <= 0 && !request.amount) return Refuse("NOTHING_LEFT_TO_PAY", "the order is paid in full");
  if (payment.amount > open) return Refuse("PAYMENT_EXCEEDS_TOTAL", "more would be paid than the order's total");
  order.payments.push_back(std::move(payment));
  return true;
}

absl::StatusOr<bool> Fulfill(Order& order, const Fulfillment& fulfillment) {
  if (const Fulfillment* known = FindFact(order.fulfillments, fulfillment.id)) {
    return Repeated(SaysTheSame(*known, fulfillment), "fulfillment", known->id);
  }
  if (order.cancellation) return Refuse("ORDER_CANCELLED", "the order is cancelled");
  ESNAF_RETURN_IF_ERROR(CheckRoom(order.fulfillments.size()));
  ESNAF_ASSIGN_OR_RETURN(std::vector<LineQuantity> parts, PartsToFulfill(order, fulfillment.lines));
  order.fulfillments.push_back(fulfillment);
  order.fulfillments.back().lines = std::move(parts);
  return true;
}

absl::StatusOr<bool> RefundPart(Order& order, const RefundRequest& request) {
  if (const Refund* known = FindFact(order.refunds, request.refund.id)) {
    return Repeated(SaysTheSame(*known, request), "refund", known->id);
  }
  if (order.kind == OrderKind::kReturn) return Refuse("ORDER_IS_RETURN", "a return cannot be refunded");
  ESNAF_RETURN_IF_ERROR(CheckRoom(order.refunds.size()));
  const auto left_to_return = [](const OrderLine& line, const LineProgress& progress) {
    return line.quantity - progress.returned;
  };
  ESNAF_RETURN_IF_ERROR(CheckParts(order, request.refund.returned_lines, "refund.returned_lines",
                                   "RETURN_EXCEEDS_QUANTITY", left_to_return));
  const OrderTotals totals = Derive(order).totals;
  const std::int64_t left = totals.total - totals.refunded;
  Refund refund = request.refund;
  if (request.amount) {
    refund.amount = *request.amount;
  } else if (refund.returned_lines.empty()) {
    if (left == 0) return Refuse("NOTHING_LEFT_TO_REFUND", "all of the order is refunded");
    refund.amount = left;
  } else {
    refund.amount = std::min(left, ValueOfReturn(order, refund.returned_lines));
  }
  if (refund.amount > left) return Refuse("REFUND_EXCEEDS_TOTAL", "more would be refunded than the order's total");
  order.refunds.push_back(std::move(refund));
  return true;
}

absl::Status Cancel(Order& order, const Cancellation& cancellation) {
  if (order.cancellation) return Refuse("ORDER_CANCELLED", "the order is cancelled already");
  const bool left = order.fulfilled || !order.fulfillments.empty();
  if (left) return Refuse("ORDER_FULFILLED", "something of the order has left; refund it instead");
  order.cancellation = cancellation;
  return absl::OkStatus();
}

absl::Status ReportFacts(Order& order, const ReportedFacts& facts) {
  // The flags say what is so in the end; the named facts are checked as if they came one by one.
  const bool paid = std::exchange(order.paid, false);
  const bool fulfilled = std::exchange(order.fulfilled, false);
  ESNAF_RETURN_IF_ERROR(ReportPayments(order, facts.payments));
  ESNAF_RETURN_IF_ERROR(ReportFulfillments(order, facts.fulfillments));
  for (std::size_t i = 0; i < facts.refunds.size(); ++i) {
    RefundRequest request = facts.refunds[i];
    NumberFact(request.refund, i);
    const std::string field = absl::StrCat("refunds[", i, "]");
    if (FindFact(order.refunds, request.refund.id) != nullptr)
      return InvalidField(absl::StrCat(field, ".id"), "is named twice");
    ESNAF_RETURN_IF_ERROR(AsBadField(RefundPart(order, request).status(), field));
  }
  order.cancellation = facts.cancellation;
  order.paid = paid;
  order.fulfilled = fulfilled;
  return absl::OkStatus();
}

namespace {

// The facts of one kind that verbs recorded and the source does not report itself, added to the order where `carry`
// finds that they fit. Answers how many do not.
template <typename Fact, typename Carry>
int CarryFacts(const std::vector<Fact>& recorded, Order& order, std::vector<Fact> Order::*facts, const Carry& carry) {
  int dropped = 0;
  for (const Fact& fact : recorded) {
    if (!fact.recorded_here || FindFact(order.*facts, fact.id) != nullptr) continue;
    if ((order.*facts).size() == kMaxFacts || !carry(order, fact)) ++dropped;
  }
  return dropped;
}

// Money that came in came in, even where the order has become smaller. Only where the source names payments itself and
// leaves no room, one of them is this one under another id.
bool CarryPayment(Order& order, const Payment& payment, bool source_names_payments) {
  const OrderTotals totals = Derive(order).totals;
  if (source_names_payments && payment.amount > totals.total - totals.paid) return false;
  if (payment.amount > kMaxAmount - totals.paid) return false;
  order.payments.push_back(payment);
  return true;
}

// Pieces are counted, not the order of events: the source may report that one came back after it had left here.
bool CarryFulfillment(Order& order, const Fulfillment& fulfillment) {
  const auto left_to_send = [](const OrderLine& line, const LineProgress& progress) {
    return line.quantity - progress.fulfilled;
  };
  if (!CheckParts(order, fulfillment.lines, "fulfillment.lines", "", left_to_send).ok()) return false;
  order.fulfillments.push_back(fulfillment);
  return true;
}

bool CarryRefund(Order& order, const Refund& refund) { return RefundPart(order, {refund, refund.amount}).ok(); }

}  // namespace

IngestOutcome Compare(const Order& known, const Order& delivered, bool by_arrival) {
  if (by_arrival) {
    Order same = Succeed(known, delivered).order;
    same.source = known.source;
    same.version = known.version;
    same.update_time = known.update_time;
    if (same == known) return IngestOutcome::kUnchanged;
  }
  if (delivered.source > known.source) return IngestOutcome::kUpdated;
  return delivered.source == known.source ? IngestOutcome::kUnchanged : IngestOutcome::kStale;
}

Succession Succeed(const Order& known, Order delivered) {
  Succession next{std::move(delivered)};
  Order& order = next.order;
  // The flags and the cancellation say how things stand in the end; what was recorded on the way is true all the same.
  const bool paid = std::exchange(order.paid, false);
  const bool fulfilled = std::exchange(order.fulfilled, false);
  std::optional<Cancellation> cancellation = std::exchange(order.cancellation, std::nullopt);
  const bool names_payments = !order.payments.empty();
  next.dropped_facts += CarryFacts(
      known.payments, order, &Order::payments,
      [names_payments](Order& to, const Payment& payment) { return CarryPayment(to, payment, names_payments); });
  next.dropped_facts += CarryFacts(known.fulfillments, order, &Order::fulfillments, CarryFulfillment);
  next.dropped_facts += CarryFacts(known.refunds, order, &Order::refunds, CarryRefund);
  order.paid = paid;
  order.fulfilled = fulfilled;
  order.cancellation = std::move(cancellation);
  if (known.cancellation && known.cancellation->recorded_here && !order.cancellation) {
    const absl::Status cancelled = Cancel(order, *known.cancellation);
    next.dropped_facts += cancelled.ok() ? 0 : 1;
  }
  KeepProducts(known, order);
  if (known.contact_id && known.customer.SameIdentities(order.customer)) order.contact_id = known.contact_id;
  order.version = known.version + 1;
  order.create_time = known.create_time;
  return next;
}

}  // namespace esnaf::orders
