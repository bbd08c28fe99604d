#include "services/orders/order_ingest.h"

#include <set>
#include <unordered_map>

#include "libs/base/log.h"
#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

// How often an order is looked at again that somebody else keeps changing.
constexpr int kMostAttempts = 5;

// What a delivery makes of what is known, if it changes it at all.
struct Decision {
  IngestOutcome outcome;
  std::optional<Order> next;
};

void FillFromProducts(Order& order, const ProductFacts& products) {
  if (products.empty()) return;
  for (OrderLine& line : order.lines) {
    auto found = products.find({order.store_id, line.sku});
    if (found == products.end()) continue;
    const ProductFact& product = found->second;
    product.Describe(line);
    if (line.unit_cost) continue;
    const std::optional<std::int64_t> cost = product.CostOf(order.place_time);
    if (!cost) continue;
    // A cost that would make the line's cost overflow says nothing of this line.
    auto all = CheckedMultiply(*cost, line.quantity);
    if (all.ok() && *all <= kMaxAmount / static_cast<std::int64_t>(kMaxLines)) line.unit_cost = cost;
  }
}

Decision Decide(const Delivery& delivery, const Order* known, const ProductFacts& products) {
  Decision decision{IngestOutcome::kCreated, std::nullopt};
  if (known == nullptr) {
    decision.next = delivery.order;
  } else {
    decision.outcome = Compare(*known, delivery.order, delivery.by_arrival);
    if (decision.outcome != IngestOutcome::kUpdated) return decision;
    Succession succession = Succeed(*known, delivery.order);
    if (succession.dropped_facts > 0) {
      LogWarning("facts recorded here no longer fit the order that its source reports",
                 {{"order_id", known->id.ToString()}, {"facts", succession.dropped_facts}});
    }
    decision.next = std::move(succession.order);
  }
  FillFromProducts(*decision.next, products);
  return decision;
}

const Order* FindKnown(const std::map<Uuid, Order>& known, const Uuid& id) {
  auto found = known.find(id);
  return found == known.end() ? nullptr : &found->second;
}

// Fills the result of what needs no writing; answers what needs it.
std::optional<OrderChange> Settle(const IngestPlan::Item& item, const Order* known, const ProductFacts& products,
                                  IngestResult& result) {
  Decision decision = Decide(item.delivery, known, products);
  result.outcome = decision.outcome;
  if (!decision.next) {
    result.order = *known;
    return std::nullopt;
  }
  result.order = decision.next;
  return OrderChange{*std::move(decision.next), item.delivery.order.source.update_time};
}

// Records some of a plan's items. An order that was changed in between is read again and decided anew.
absl::Status RecordItems(postgres::Tx& tx, const IngestPlan& plan, std::vector<const IngestPlan::Item*> open,
                         std::vector<IngestResult>& results) {
  std::map<Uuid, Order> reread;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    std::vector<OrderChange> changes;
    changes.reserve(open.size());
    std::vector<CausedChange> caused;
    std::vector<const IngestPlan::Item*> writing;
    for (const IngestPlan::Item* item : open) {
      const Order* known = FindKnown(attempt == 0 ? plan.known : reread, item->delivery.order.id);
      auto change = Settle(*item, known, plan.products, results[item->index]);
      if (!change) continue;
      changes.push_back(*std::move(change));
      caused.push_back({&plan.causes[item->cause], &changes.back()});
      writing.push_back(item);
    }
    if (changes.empty()) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> written, OrderStore::Write(tx, std::move(caused)));
    if (written.size() == changes.size()) return absl::OkStatus();
    std::sort(written.begin(), written.end());
    open.clear();
    std::vector<Uuid> ids;
    for (const IngestPlan::Item* item : writing) {
      const Uuid& id = item->delivery.order.id;
      if (std::binary_search(written.begin(), written.end(), id)) continue;
      open.push_back(item);
      ids.push_back(id);
    }
    ESNAF_ASSIGN_OR_RETURN(reread, OrderStore::Find(tx, ids));
  }
  for (const IngestPlan::Item* item : open) {
    results[item->index].status = absl::AbortedError("the order keeps being changed by others; try again");
  }
  return absl::OkStatus();
}

// Adds what products cost before, where an order was placed when they still did.
absl::Status AddPastCosts(postgres::Tx& tx, IngestPlan& plan) {
  std::set<std::pair<std::string, std::string>> keys;
  const auto add_lines = [&](const Order& order) {
    for (const OrderLine& line : order.lines) {
      const auto product = plan.products.find({order.store_id, line.sku});
      if (product == plan.products.end() || !product->second.cost_time) continue;
      if (order.place_time < *product->second.cost_time) keys.insert(product->first);
    }
  };
  for (const IngestPlan::Item& item : plan.items) {
    add_lines(item.delivery.order);
    for (const IngestPlan::Item& older : item.overtaken) add_lines(older.delivery.order);
  }
  if (keys.empty()) return absl::OkStatus();
  std::vector<std::string> store_ids, skus;
  for (const auto& [store_id, sku] : keys) {
    store_ids.push_back(store_id);
    skus.push_back(sku);
  }
  return OrderStore::AddPastCosts(tx, store_ids, skus, plan.products);
}

std::vector<const IngestPlan::Item*> ItemsOf(const IngestPlan& plan) {
  std::vector<const IngestPlan::Item*> items;
  for (const IngestPlan::Item& item : plan.items) items.push_back(&item);
  return items;
}

// Whether the database would take these items: records them, and rolls back.
absl::Status TryItems(postgres::Connection& connection, const IngestPlan& plan,
                      const std::vector<const IngestPlan::Item*>& items) {
  const absl::Status kTaken = absl::CancelledError("this was only tried");
  const absl::Status tried = connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    std::vector<IngestResult> results = plan.results;
    ESNAF_RETURN_IF_ERROR(RecordItems(tx, plan, items, results));
    return kTaken;
  });
  return tried == kTaken ? absl::OkStatus() : tried;
}

// Halves the items until those that the database refuses stand alone.
absl::Status MarkRefused(postgres::Connection& connection, const IngestPlan& plan,
                         const std::vector<const IngestPlan::Item*>& items, std::vector<IngestResult>& results) {
  const absl::Status tried = TryItems(connection, plan, items);
  if (tried.ok() || !IsRefusedData(tried)) return tried;
  if (items.size() == 1) {
    results[items[0]->index].status = tried;
    return absl::OkStatus();
  }
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  ESNAF_RETURN_IF_ERROR(MarkRefused(connection, plan, {items.begin(), middle}, results));
  return MarkRefused(connection, plan, {middle, items.end()}, results);
}

// Keeps of several deliveries of one order the newest, the later one where they are equal, and with it the others.
void KeepNewest(IngestPlan& plan) {
  std::unordered_map<Uuid, std::size_t> newest;
  std::vector<IngestPlan::Item> kept;
  for (IngestPlan::Item& item : plan.items) {
    auto [at, first] = newest.emplace(item.delivery.order.id, kept.size());
    if (first) {
      kept.push_back(std::move(item));
      continue;
    }
    IngestPlan::Item& best = kept[at->second];
    if (item.delivery.order.source >= best.delivery.order.source) {
      item.overtaken = std::move(best.overtaken);
      std::swap(item, best);
    }
    best.overtaken.push_back(std::move(item));
  }
  plan.items = std::move(kept);
}

// The newest of what an item that cannot be recorded overtook. Nobody asked contacts about it; the worker will.
std::optional<IngestPlan::Item> NextNewest(IngestPlan::Item failed) {
  if (failed.overtaken.empty()) return std::nullopt;
  const auto next = std::max_element(
      failed.overtaken.begin(), failed.overtaken.end(), [](const IngestPlan::Item& a, const IngestPlan::Item& b) {
        return std::pair(a.delivery.order.source, a.index) < std::pair(b.delivery.order.source, b.index);
      });
  IngestPlan::Item item = std::move(*next);
  failed.overtaken.erase(next);
  item.overtaken = std::move(failed.overtaken);
  return item;
}

// Most storefronts know a customer by one number.
std::optional<identity::Identity> OnlyIdentityOf(const Order& order) {
  identity::IdentitySet set = IdentitiesOf(order.customer, order.store_id);
  if (set.identities.size() != 1) return std::nullopt;
  return std::move(set.identities.front());
}

// Answers what was overtaken by what became of the one that overtook it.
void SettleOvertaken(const std::vector<IngestPlan::Item>& items, std::vector<IngestResult>& results) {
  for (const IngestPlan::Item& item : items) {
    for (const IngestPlan::Item& older : item.overtaken) {
      IngestResult& result = results[older.index];
      result.status = results[item.index].status;
      const bool same = older.delivery.order.source == item.delivery.order.source && !item.delivery.by_arrival;
      result.outcome = same ? IngestOutcome::kUnchanged : IngestOutcome::kStale;
    }
  }
}

}  // namespace

bool IsRefusedData(const absl::Status& status) {
  // Only what came from the database names a SQLSTATE; 22 is bad data, 23 a broken constraint.
  const std::string sqlstate = ErrorMetadataValue(status, "sqlstate").value_or("");
  return sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate.starts_with("54");
}

void OrderIngest::ReadOrders(const std::vector<DeliveredOrder>& orders, IngestPlan& plan) {
  std::map<std::string, absl::StatusOr<Shop>> shops;
  const runtime::Call* caller = nullptr;
  for (const auto& [call, order] : orders) {
    if (call != caller) plan.causes.push_back({call->caller().actor, call->info().trace_parent, call->now()});
    caller = call;
    IngestResult& result = plan.results.emplace_back();
    if (order->store_id().empty()) {
      result.status = InvalidField("store_id", "is missing");
      continue;
    }
    result.status = CheckScope(call->caller(), order->store_id());
    if (!result.status.ok()) continue;
    auto shop = shops.find(order->store_id());
    if (shop == shops.end()) shop = shops.emplace(order->store_id(), shops_.Get(*call, order->store_id())).first;
    result.status = shop->second.status();
    // What went wrong for one call, its time say, need not for the next.
    if (!result.status.ok() && !absl::IsNotFound(result.status)) shops.erase(shop);
    if (!result.status.ok()) continue;
    auto delivery = ReadDelivery(*order, *shop->second, call->now());
    result.status = delivery.status();
    if (!delivery.ok()) continue;
    result.order_id = delivery->order.id;
    plan.items.push_back({plan.results.size() - 1, plan.causes.size() - 1, *std::move(delivery), {}});
  }
}

absl::Status OrderIngest::LinkCustomers(runtime::Call& call, IngestPlan& plan) {
  std::vector<identity::IdentitySet> sets;
  std::vector<IngestPlan::Item*> asking;
  for (IngestPlan::Item& item : plan.items) {
    const Order& order = item.delivery.order;
    if (!order.customer.Identifiable()) continue;
    if (const Order* known = FindKnown(plan.known, order.id)) {
      if (Compare(*known, order, item.delivery.by_arrival) != IngestOutcome::kUpdated) continue;
      if (known->contact_id && known->customer.SameIdentities(order.customer)) continue;
    }
    if (plan.contact_id) {
      item.delivery.order.contact_id = plan.contact_id;
      continue;
    }
    sets.push_back(IdentitiesOf(order.customer, order.store_id));
    asking.push_back(&item);
  }
  ESNAF_ASSIGN_OR_RETURN(plan.links, linker_.Link(call.connection(), sets, call.info().deadline));
  for (std::size_t i = 0; i < asking.size(); ++i) asking[i]->delivery.order.contact_id = plan.links.contacts[i];
  return absl::OkStatus();
}

absl::StatusOr<IngestPlan> OrderIngest::Prepare(runtime::Call& call,
                                                const google::protobuf::RepeatedPtrField<v1::Order>& orders) {
  std::vector<DeliveredOrder> delivered;
  delivered.reserve(static_cast<std::size_t>(orders.size()));
  for (const v1::Order& order : orders) delivered.push_back({&call, &order});
  ESNAF_ASSIGN_OR_RETURN(IngestPlan plan, Prepare(delivered));
  // A store that could not be read says nothing of its orders: told of each, it would look like their refusal.
  for (const IngestResult& result : plan.results) {
    if (!result.status.ok() && !identity::IsRefusal(result.status)) return result.status;
  }
  return plan;
}

absl::StatusOr<IngestPlan> OrderIngest::Prepare(const std::vector<DeliveredOrder>& orders) {
  IngestPlan plan;
  ReadOrders(orders, plan);
  if (orders.size() > 1) KeepNewest(plan);
  if (plan.items.empty()) return plan;

  std::vector<Uuid> ids;
  std::vector<std::string> store_ids, skus;
  const auto add_lines = [&](const Order& order) {
    for (const OrderLine& line : order.lines) {
      if (line.sku.empty()) continue;
      store_ids.push_back(order.store_id);
      skus.push_back(line.sku);
    }
  };
  for (const IngestPlan::Item& item : plan.items) {
    ids.push_back(item.delivery.order.id);
    add_lines(item.delivery.order);
    for (const IngestPlan::Item& older : item.overtaken) add_lines(older.delivery.order);
  }
  // The call with the least time left speaks for all.
  runtime::Call& call = *std::min_element(orders.begin(), orders.end(), [](const auto& a, const auto& b) {
                           return a.call->info().deadline < b.call->info().deadline;
                         })->call;
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) -> absl::Status {
    if (ids.size() == 1) {
      const Order& order = plan.items[0].delivery.order;
      const std::optional<identity::Identity> identity = OnlyIdentityOf(order);
      ESNAF_ASSIGN_OR_RETURN(FoundOrder found,
                             OrderStore::FindWithProducts(tx, ids[0], order.store_id, skus, identity));
      plan.contact_id = found.owner ? identity::ContactOf(*identity, *found.owner) : std::nullopt;
      if (found.order) plan.known.emplace(ids[0], *std::move(found.order));
      plan.products = std::move(found.products);
    } else {
      ESNAF_ASSIGN_OR_RETURN(plan.known, OrderStore::Find(tx, ids));
      if (!skus.empty()) {
        ESNAF_ASSIGN_OR_RETURN(plan.products, OrderStore::FindProducts(tx, store_ids, skus));
      }
    }
    ESNAF_RETURN_IF_ERROR(AddPastCosts(tx, plan));
    plan.known_xact = tx.event_xact();
    return absl::OkStatus();
  }));
  ESNAF_RETURN_IF_ERROR(LinkCustomers(call, plan));
  return plan;
}

absl::StatusOr<std::vector<IngestResult>> OrderIngest::Record(postgres::Tx& tx, const IngestPlan& plan) {
  std::vector<IngestResult> results = plan.results;
  ESNAF_RETURN_IF_ERROR(plan.links.Remember(tx));
  // Who changes nothing is told where to find what is there.
  if (plan.known_xact) tx.NoteEventXact(*plan.known_xact);
  ESNAF_RETURN_IF_ERROR(RecordItems(tx, plan, ItemsOf(plan), results));
  SettleOvertaken(plan.items, results);
  return results;
}

absl::Status OrderIngest::DropRefused(postgres::Connection& connection, IngestPlan& plan) {
  std::vector<IngestPlan::Item> kept;
  while (!plan.items.empty()) {
    ESNAF_RETURN_IF_ERROR(MarkRefused(connection, plan, ItemsOf(plan), plan.results));
    std::vector<IngestPlan::Item> next;
    for (IngestPlan::Item& item : plan.items) {
      if (plan.results[item.index].status.ok()) {
        kept.push_back(std::move(item));
      } else if (auto older = NextNewest(std::move(item))) {
        next.push_back(*std::move(older));
      }
    }
    plan.items = std::move(next);
  }
  plan.items = std::move(kept);
  return absl::OkStatus();
}

std::vector<IngestResult> OrderIngest::Foresee(const IngestPlan& plan) {
  std::vector<IngestResult> results = plan.results;
  for (const IngestPlan::Item& item : plan.items) {
    Settle(item, FindKnown(plan.known, item.delivery.order.id), plan.products, results[item.index]);
  }
  SettleOvertaken(plan.items, results);
  return results;
}

}  // namespace esnaf::orders
