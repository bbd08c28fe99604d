#include "services/orders/order.h"

#include <algorithm>
#include <unordered_map>

namespace esnaf::orders {
namespace {

OrderTotals SumUp(const Order& order, const std::vector<LineProgress>& progress) {
  OrderTotals totals;
  std::int64_t cost = 0;
  for (std::size_t i = 0; i < order.lines.size(); ++i) {
    const OrderLine& line = order.lines[i];
    totals.gross += line.amount;
    totals.discount += line.discount;
    totals.tax += line.tax;
    cost += line.unit_cost.value_or(0) * (line.quantity - progress[i].returned);
  }
  totals.discount += order.discount;
  totals.tax += order.shipping_tax;
  totals.shipping = order.shipping;
  const std::int64_t goods = totals.gross - totals.discount;
  totals.total = goods + totals.shipping + (order.prices_include_tax ? 0 : totals.tax);
  for (const Refund& refund : order.refunds) totals.refunded += refund.amount;
  for (const Payment& payment : order.payments) totals.paid += payment.amount;
  if (order.paid) totals.paid = std::max(totals.paid, totals.total);
  if (order.cancellation) return totals;
  const bool sale = order.kind == OrderKind::kSale;
  totals.net = sale ? std::max<std::int64_t>(0, goods - totals.refunded) : -goods;
  totals.cost = sale ? cost : -cost;
  return totals;
}

PaymentState PaymentStateOf(const OrderTotals& totals) {
  if (totals.refunded > 0) {
    return totals.refunded >= totals.total ? PaymentState::kRefunded : PaymentState::kPartiallyRefunded;
  }
  if (totals.paid >= totals.total) return PaymentState::kPaid;
  return totals.paid > 0 ? PaymentState::kPartiallyPaid : PaymentState::kPending;
}

struct Pieces {
  std::int64_t sold = 0;
  std::int64_t returned = 0;
  std::int64_t fulfilled = 0;
  std::int64_t open = 0;
};

Pieces CountPieces(const Order& order, const std::vector<LineProgress>& progress) {
  Pieces pieces;
  for (std::size_t i = 0; i < order.lines.size(); ++i) {
    pieces.sold += order.lines[i].quantity;
    pieces.returned += progress[i].returned;
    pieces.fulfilled += progress[i].fulfilled;
    pieces.open += OpenQuantity(order.lines[i], progress[i]);
  }
  return pieces;
}

FulfillmentState FulfillmentStateOf(const Pieces& pieces) {
  if (pieces.returned > 0) {
    return pieces.returned == pieces.sold ? FulfillmentState::kReturned : FulfillmentState::kPartiallyReturned;
  }
  if (pieces.open == 0) return FulfillmentState::kFulfilled;
  return pieces.fulfilled > 0 ? FulfillmentState::kPartiallyFulfilled : FulfillmentState::kUnfulfilled;
}

OrderState OrderStateOf(const Order& order, PaymentState payment, const Pieces& pieces) {
  if (order.cancellation) return OrderState::kCancelled;
  const bool settled = payment != PaymentState::kPending && payment != PaymentState::kPartiallyPaid;
  return settled && pieces.open == 0 ? OrderState::kCompleted : OrderState::kOpen;
}

// Goods that went out or came back.
struct Movement {
  Time time;
  bool out;
  const std::vector<LineQuantity>* parts;
};

// All of an order in the order of time. Where the source says that all has left, its shipments add nothing to that.
std::vector<Movement> MovementsInTime(const Order& order) {
  std::vector<Movement> movements;
  for (const Fulfillment& fulfillment : order.fulfillments) {
    if (!order.fulfilled) movements.push_back({fulfillment.time, true, &fulfillment.lines});
  }
  for (const Refund& refund : order.refunds) movements.push_back({refund.time, false, &refund.returned_lines});
  std::stable_sort(movements.begin(), movements.end(),
                   [](const Movement& a, const Movement& b) { return a.time < b.time; });
  return movements;
}

}  // namespace

bool Customer::Identifiable() const {
  return !external_id.empty() || !email.empty() || !phone.empty() || !visitor_id.empty();
}

bool Customer::SameIdentities(const Customer& other) const {
  return external_id == other.external_id && email == other.email && email_verified == other.email_verified &&
         phone == other.phone && phone_verified == other.phone_verified && visitor_id == other.visitor_id;
}

Uuid OrderId(std::string_view store_id, std::string_view external_id) {
  return Uuid::FromName("order", std::string(store_id) + "\n" + std::string(external_id));
}

std::int64_t OpenQuantity(const OrderLine& line, const LineProgress& progress) {
  return std::max<std::int64_t>(0, line.quantity - progress.fulfilled - progress.removed);
}

std::vector<LineProgress> ProgressOf(const Order& order) {
  std::vector<LineProgress> progress(order.lines.size());
  if (order.fulfilled) {
    for (std::size_t i = 0; i < order.lines.size(); ++i) progress[i].fulfilled = order.lines[i].quantity;
  }
  if (order.refunds.empty() && order.fulfillments.empty()) return progress;
  std::unordered_map<std::string_view, LineProgress*> by_line;
  for (std::size_t i = 0; i < order.lines.size(); ++i) by_line.emplace(order.lines[i].id, &progress[i]);
  for (const Movement& movement : MovementsInTime(order)) {
    for (const LineQuantity& part : *movement.parts) {
      auto line = by_line.find(part.line_id);
      if (line == by_line.end()) continue;
      LineProgress& pieces = *line->second;
      if (movement.out) {
        pieces.fulfilled += part.quantity;
        continue;
      }
      // What comes back had left, as far as anything had; the rest was taken off the order before.
      const std::int64_t away = pieces.fulfilled - (pieces.returned - pieces.removed);
      pieces.removed += part.quantity - std::min(part.quantity, away);
      pieces.returned += part.quantity;
    }
  }
  return progress;
}

OrderDerived Derive(const Order& order) {
  OrderDerived derived;
  derived.lines = ProgressOf(order);
  derived.totals = SumUp(order, derived.lines);
  const Pieces pieces = CountPieces(order, derived.lines);
  derived.payment_state = PaymentStateOf(derived.totals);
  derived.fulfillment_state = FulfillmentStateOf(pieces);
  derived.state = OrderStateOf(order, derived.payment_state, pieces);
  return derived;
}

std::vector<std::int64_t> LineValues(const Order& order) {
  if (order.lines.empty()) return {};
  std::vector<std::int64_t> values;
  values.reserve(order.lines.size());
  for (const OrderLine& line : order.lines) values.push_back(line.amount - line.discount);
  const std::vector<std::int64_t> shares = AllocateByLargestRemainder(order.discount, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] -= shares[i];
    if (!order.prices_include_tax) values[i] += order.lines[i].tax;
  }
  return values;
}

}  // namespace esnaf::orders
