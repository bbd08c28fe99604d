#include "services/orders/connectors/order_facts.h"

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/orders/cart_store.h"
#include "services/orders/catalog_wire.h"
#include "services/orders/connectors/storefront_store.h"
#include "services/orders/order_store.h"
#include "services/orders/order_verbs.h"
#include "services/orders/order_wire.h"
#include "services/orders/product.h"

namespace esnaf::orders {
namespace {

constexpr int kMostAttempts = 5;

Cause CauseOf(const runtime::Call& call) { return {call.caller().actor, call.info().trace_parent, call.now()}; }

absl::StatusOr<Order> FindOrder(postgres::Tx& tx, const std::string& store_id, const std::string& external_id) {
  ESNAF_ASSIGN_OR_RETURN(std::optional<Order> order, OrderStore::FindForUpdate(tx, OrderId(store_id, external_id)));
  if (!order) return absl::UnavailableError(absl::StrCat("the order ", external_id, " has not come yet"));
  return *std::move(order);
}

// Facts that come by themselves stand by time, whichever came first.
template <typename Fact>
void SortByTime(std::vector<Fact>& facts) {
  std::stable_sort(facts.begin(), facts.end(),
                   [](const Fact& a, const Fact& b) { return std::tie(a.time, a.id) < std::tie(b.time, b.id); });
}

absl::StatusOr<hooks::Outcome> Write(const runtime::Call& call, postgres::Tx& tx, Order order, Time happen_time,
                                     const char* message) {
  order.version += 1;
  order.update_time = call.now();
  const hooks::Outcome outcome{.subject_id = order.id.ToString(), .message = message};
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> written,
                         OrderStore::Write(tx, CauseOf(call), {{std::move(order), happen_time}}));
  if (written.empty()) return absl::AbortedError("the order was changed by somebody else meanwhile");
  return outcome;
}

// What to do where the order does not take the fact: wait for a newer delivery of it, unless it is that new already.
absl::StatusOr<hooks::Outcome> NotTaken(const Order& order, Time update_time, const absl::Status& refusal) {
  const std::string why(ToStd(refusal.message()));
  if (order.source.update_time < update_time) {
    return absl::UnavailableError(absl::StrCat("waits for a newer delivery of its order: ", why));
  }
  return hooks::Outcome{.subject_id = order.id.ToString(),
                        .message = absl::StrCat("left to what the order itself says: ", why)};
}

template <typename Fact>
const Fact* Find(const std::vector<Fact>& facts, const std::string& id) {
  for (const Fact& fact : facts) {
    if (fact.id == id) return &fact;
  }
  return nullptr;
}

// Pieces are counted, not the order in which they are told: what came back had left, though its shipment is told later,
// and so had what left before the cancellation.
absl::Status AddFulfillment(Order& order, const Fulfillment& fulfillment) {
  std::vector<Refund> refunds = std::exchange(order.refunds, {});
  std::optional<Cancellation> cancellation = std::exchange(order.cancellation, std::nullopt);
  const bool fulfilled = std::exchange(order.fulfilled, false);
  const absl::Status added = Fulfill(order, fulfillment).status();
  order.refunds = std::move(refunds);
  order.cancellation = std::move(cancellation);
  order.fulfilled = fulfilled;
  return added;
}

bool SaysTheSame(const Fulfillment& a, const Fulfillment& b) {
  return a.carrier == b.carrier && a.tracking_number == b.tracking_number && (b.lines.empty() || a.lines == b.lines);
}

absl::Status MarkOrdered(const runtime::Call& call, postgres::Tx& tx, const std::string& store_id,
                         const std::string& cart_id, const std::string& order_external_id) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    ESNAF_ASSIGN_OR_RETURN(std::optional<Cart> cart, CartStore::Find(tx, CartId(store_id, cart_id)));
    if (!cart || cart->order_external_id == order_external_id) return absl::OkStatus();
    cart->order_external_id = order_external_id;
    cart->version += 1;
    cart->update_time = call.now();
    ESNAF_ASSIGN_OR_RETURN(const auto written, CartStore::Write(tx, CauseOf(call), {{*std::move(cart), call.now()}}));
    if (!written.empty()) return absl::OkStatus();
  }
  return absl::AbortedError("the cart keeps being changed by others");
}

}  // namespace

absl::StatusOr<hooks::Outcome> RecordRefund(const runtime::Call& call, postgres::Tx& tx, const std::string& store_id,
                                            const ToldRefund& told) {
  ESNAF_ASSIGN_OR_RETURN(Order order, FindOrder(tx, store_id, told.order_external_id));
  v1::Refund wire = told.refund;
  if (wire.has_amount() && wire.amount().currency_code() != order.currency.code()) {
    // Digits of another currency say nothing here: what the pieces cost does, if there are any.
    wire.clear_amount();
    if (wire.returned_lines().empty()) SetMoney(0, order.currency, *wire.mutable_amount());
  }
  ESNAF_ASSIGN_OR_RETURN(RefundRequest request, ReadRefund(wire, order, call.now()));
  const std::string known{order.id.ToString()};
  if (Find(order.refunds, request.refund.id) != nullptr) {
    return hooks::Outcome{.subject_id = known, .message = "a refund known before"};
  }
  request.refund.recorded_here = true;
  const Time happened = request.refund.time;
  const absl::StatusOr<bool> refunded = RefundPart(order, request);
  if (!refunded.ok()) return NotTaken(order, told.update_time, refunded.status());
  SortByTime(order.refunds);
  return Write(call, tx, std::move(order), happened, "a refund of the order");
}

absl::StatusOr<hooks::Outcome> RecordFulfillment(const runtime::Call& call, postgres::Tx& tx,
                                                 const std::string& store_id, const ToldFulfillment& told) {
  ESNAF_ASSIGN_OR_RETURN(Order order, FindOrder(tx, store_id, told.order_external_id));
  ESNAF_ASSIGN_OR_RETURN(Fulfillment fulfillment, ReadFulfillment(told.fulfillment, call.now()));
  fulfillment.recorded_here = true;
  const std::string id = absl::StrCat(told.order_external_id, "/", fulfillment.id);
  ESNAF_ASSIGN_OR_RETURN(const bool newer, AdvanceMark(tx, store_id, "fulfillment", id, told.update_time));
  const hooks::Outcome known{.subject_id = order.id.ToString(), .message = "a shipment known before"};
  if (!newer) return known;
  if (const Fulfillment* before = Find(order.fulfillments, fulfillment.id)) {
    // The order's own delivery has the last word from its time on.
    const bool said_since = !before->recorded_here && order.source.update_time >= told.update_time;
    if (said_since || (!told.ended && SaysTheSame(*before, fulfillment))) return known;
    std::erase_if(order.fulfillments, [&](const Fulfillment& one) { return one.id == fulfillment.id; });
  } else if (told.ended) {
    return hooks::Outcome{.subject_id = order.id.ToString(), .message = "a shipment that never left"};
  }
  const Time happened = told.ended ? told.update_time : fulfillment.time;
  if (!told.ended) {
    if (const absl::Status added = AddFulfillment(order, fulfillment); !added.ok()) {
      return NotTaken(order, told.update_time, added);
    }
    SortByTime(order.fulfillments);
  }
  return Write(call, tx, std::move(order), happened, told.ended ? "a shipment taken back" : "a shipment of the order");
}

absl::Status RecordOrderedCarts(const runtime::Call& call, postgres::Tx& tx, const std::string& store_id,
                                const std::vector<std::string>& cart_ids, const std::string& order_external_id) {
  for (const std::string& cart_id : cart_ids) {
    ESNAF_RETURN_IF_ERROR(AdvanceMark(tx, store_id, kOrderedCart, cart_id, call.now(), order_external_id).status());
    ESNAF_RETURN_IF_ERROR(MarkOrdered(call, tx, store_id, cart_id, order_external_id));
  }
  return absl::OkStatus();
}

absl::StatusOr<hooks::Outcome> RecordProducts(const runtime::Call& call, postgres::Tx& tx, const Shop& shop,
                                              const ToldProducts& told) {
  std::map<std::string, Product> products;  // of an SKU that comes twice the first counts
  for (const v1::Product& wire : told.products) {
    ESNAF_ASSIGN_OR_RETURN(Product product, ReadProduct(wire, shop));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Product> known, ProductStore::Find(tx, shop.id, product.sku));
    if (known) {
      product.cost = known->cost;
      if (product.category.empty()) product.category = known->category;
      if (product.brand.empty()) product.brand = known->brand;
      if (product.parent_sku.empty()) product.parent_sku = known->parent_sku;
      if (product.options.empty()) product.options = known->options;
      product.categories = known->categories;
    }
    products.emplace(product.sku, std::move(product));
  }
  ESNAF_ASSIGN_OR_RETURN(const bool newer, AdvanceMark(tx, shop.id, "product", told.external_id, told.update_time));
  if (!newer) return hooks::Outcome{.subject_id = told.external_id, .message = "a product known as new or newer"};
  std::vector<Product> changed;
  for (auto& [sku, product] : products) changed.push_back(std::move(product));
  if (!changed.empty()) ESNAF_RETURN_IF_ERROR(ProductStore::Upsert(tx, changed, call.now()));
  return hooks::Outcome{.subject_id = told.external_id,
                        .message = absl::StrCat("a product of ", changed.size(), " SKUs")};
}

}  // namespace esnaf::orders
