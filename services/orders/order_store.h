#pragma once

// The SQL of orders. Every change of an order, whoever makes it, is the one statement behind Write: the row guarded by
// its version, and its event.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/identity/identity.h"
#include "libs/postgres/connection.h"
#include "services/orders/order.h"
#include "services/orders/product_change.h"

namespace esnaf::orders {

// Who changes something, for the events that tell of it.
struct Cause {
  std::string actor;
  std::string trace_parent;
  Time now;
};

// An order as it shall be: `order.version` is one above what is recorded, 1 for a new one.
struct OrderChange {
  Order order;
  Time happen_time;  // in the world
};

// A change with who makes it, where several do at once. Both outlive it.
struct CausedChange {
  const Cause* cause;
  const OrderChange* change;
};

// What a product says of the lines that it is sold by.
struct ProductFact {
  std::optional<std::int64_t> cost;  // of one piece
  std::string category;
  std::string brand;
  std::optional<Time> cost_time{};     // since when the cost is what it is
  std::vector<CostFrom> past_costs{};  // in the order of their times; filled where an order is older than that

  // What one piece cost at a time.
  std::optional<std::int64_t> CostOf(Time time) const;
  // Gives its category and brand to a line that has neither.
  void Describe(OrderLine& line) const;
  bool operator==(const ProductFact&) const = default;
};
// By store and SKU; those that say nothing are left out.
using ProductFacts = std::map<std::pair<std::string, std::string>, ProductFact>;

// An order, where it is recorded, with what products say and who owns the identity that was asked about.
struct FoundOrder {
  std::optional<Order> order;
  ProductFacts products;
  std::optional<identity::Owner> owner;
};

// A person's orders in one currency; see CurrencySummary of the contract.
struct CurrencySum {
  std::string currency;
  std::int64_t order_count = 0;
  std::int64_t return_count = 0;
  std::int64_t gross = 0;
  std::int64_t refunded = 0;
  std::int64_t net = 0;
  Time first_place_time;
  Time last_place_time;
};

class OrderStore {
 public:
  using Fact = Order;
  using Change = OrderChange;

  // Writes the orders whose version follows what is recorded, with an OrderChanged for each that is not unlinked, in
  // one statement. Answers the ids that were written; another was changed by somebody else meanwhile.
  static absl::StatusOr<std::vector<Uuid>> Write(postgres::Tx& tx, const Cause& cause,
                                                 const std::vector<OrderChange>& changes);
  static absl::StatusOr<std::vector<Uuid>> Write(postgres::Tx& tx, std::vector<CausedChange> changes);

  // Those that exist, by id. These three note the position behind which they are found, so that a call that changes
  // nothing names one too.
  static absl::StatusOr<std::map<Uuid, Order>> Find(postgres::Tx& tx, const std::vector<Uuid>& ids);
  static absl::StatusOr<FoundOrder> FindWithProducts(postgres::Tx& tx, const Uuid& id, const std::string& store_id,
                                                     const std::vector<std::string>& skus,
                                                     const std::optional<identity::Identity>& identity);
  static absl::StatusOr<std::optional<Order>> FindForUpdate(postgres::Tx& tx, const Uuid& id);
  // What is known of the products, given as parallel lists.
  static absl::StatusOr<ProductFacts> FindProducts(postgres::Tx& tx, const std::vector<std::string>& store_ids,
                                                   const std::vector<std::string>& skus);
  // Adds their past costs to the products given, as parallel lists.
  static absl::Status AddPastCosts(postgres::Tx& tx, const std::vector<std::string>& store_ids,
                                   const std::vector<std::string>& skus, ProductFacts& products);
  // Visits a store's orders that were placed from `start` on and before `end`, a page at a time, in the order of their
  // times. CANCELLED where `cancelled` says so in between.
  static absl::Status VisitPlaced(postgres::Tx& tx, const std::string& store_id, Time start, Time end,
                                  const std::function<bool()>& cancelled,
                                  const std::function<void(const Order&)>& visit);
  // By currency. `store_ids` empty: all.
  static absl::StatusOr<std::vector<CurrencySum>> SumByCurrency(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                                                const std::vector<std::string>& store_ids);

  // Unlinked orders whose turn has come, the longest waiting first.
  static absl::StatusOr<std::vector<Order>> FindUnlinked(postgres::Tx& tx, Time now, int limit);
  // Lets unlinked orders wait.
  static absl::Status Postpone(postgres::Tx& tx, const std::vector<Uuid>& ids, Time until);
  static absl::StatusOr<std::int64_t> CountUnlinked(postgres::Tx& tx);
};

}  // namespace esnaf::orders
