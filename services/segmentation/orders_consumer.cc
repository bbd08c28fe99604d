#include "services/segmentation/orders_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "services/segmentation/purchase_store.h"
#include "services/segmentation/rfm_scorer.h"
#include "services/segmentation/rfm_wire.h"

namespace esnaf::segmentation {

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  std::vector<Purchase> purchases;
  for (const api::v1::Event& event : events) {
    if (event.type() != orders::v1::OrderChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(const orders::v1::OrderChanged changed, events::Decode<orders::v1::OrderChanged>(event));
    absl::StatusOr<Purchase> purchase = PurchaseFromOrder(changed.order(), event.aggregate_version());
    if (!purchase.ok()) return WithFieldPrefix(purchase.status(), absl::StrCat("event ", event.id()));
    purchases.push_back(*std::move(purchase));
  }
  if (purchases.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> touched, UpsertPurchases(tx, NewestOfEachOrder(std::move(purchases))));
  return Rescore(tx, touched, OwnCause(now));
}

}  // namespace esnaf::segmentation
