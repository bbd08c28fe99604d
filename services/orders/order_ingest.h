#pragma once

// Takes orders in from their sources: one way for one order and for hundreds. Preparing reads, checks and asks
// contacts; recording writes, in one statement for all. Nothing is held open in between, so an order that somebody else
// changed meanwhile is looked at again.
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/runtime/call.h"
#include "services/orders/order.h"
#include "services/orders/order_linker.h"
#include "services/orders/order_store.h"
#include "services/orders/order_verbs.h"
#include "services/orders/order_wire.h"
#include "services/orders/store.h"

namespace esnaf::orders {

inline constexpr int kMaxBatch = 500;

// What became of one order of a batch.
struct IngestResult {
  absl::Status status;  // else why it failed
  Uuid order_id;
  IngestOutcome outcome = IngestOutcome::kUnchanged;
  // The order as it is now; of a delivery that another one of the same batch overtook: absent.
  std::optional<Order> order;
};

// An order and the call that delivers it.
struct DeliveredOrder {
  runtime::Call* call;
  const v1::Order* order;
};

// Orders that are ready to be recorded.
struct IngestPlan {
  struct Item {
    std::size_t index;  // among the results
    std::size_t cause;  // among the causes
    Delivery delivery;
    std::vector<Item> overtaken;  // by this one: the others of the same order
  };
  std::vector<IngestResult> results;  // one for each order asked; those of `items` are still open
  std::vector<Item> items;            // each order once
  std::map<Uuid, Order> known;
  std::optional<std::uint64_t> known_xact;  // the position of the newest of them
  ProductFacts products;
  std::optional<Uuid> contact_id;  // of the only item's customer, where the own copy says so
  identity::Links links;           // what was learned of the customers
  std::vector<Cause> causes;       // one for each call
};

class OrderIngest {
 public:
  OrderIngest(ShopCache& shops, ContactLinker& linker) : shops_(shops), linker_(linker) {}

  absl::StatusOr<IngestPlan> Prepare(runtime::Call& call, const google::protobuf::RepeatedPtrField<v1::Order>& orders);
  // Orders of several calls, which share a connection; those of one call stand together.
  absl::StatusOr<IngestPlan> Prepare(const std::vector<DeliveredOrder>& orders);

  // Records within `tx`, and can run again for the same plan. Answers the plan's results, completed.
  static absl::StatusOr<std::vector<IngestResult>> Record(postgres::Tx& tx, const IngestPlan& plan);
  // For a plan whose recording IsRefusedData: finds the items that the database refuses, by recording parts of the plan
  // and rolling them back, and gives them their errors. The newest that such an item overtook takes its place. What is
  // left can be recorded.
  static absl::Status DropRefused(postgres::Connection& connection, IngestPlan& plan);
  // What Record would answer, without writing.
  static std::vector<IngestResult> Foresee(const IngestPlan& plan);

 private:
  void ReadOrders(const std::vector<DeliveredOrder>& orders, IngestPlan& plan);
  absl::Status LinkCustomers(runtime::Call& call, IngestPlan& plan);
  ShopCache& shops_;
  ContactLinker& linker_;
};

// Whether a failed batch may succeed in parts: the database refused data, not service.
bool IsRefusedData(const absl::Status& status);

}  // namespace esnaf::orders
