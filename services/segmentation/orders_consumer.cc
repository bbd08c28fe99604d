#include "services/segmentation/orders_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/people/person_wire.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/rfm/rfm_wire.h"
#include "services/segmentation/segments/membership_updater.h"

namespace esnaf::segmentation {
namespace {

struct News {
  std::vector<Purchase> purchases;
  std::vector<CartRecord> carts;
};

absl::StatusOr<News> ReadNews(const std::vector<api::v1::Event>& events) {
  News news;
  for (const api::v1::Event& event : events) {
    if (event.type() == orders::v1::OrderChanged::descriptor()->full_name()) {
      ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<orders::v1::OrderChanged>(event));
      absl::StatusOr<Purchase> purchase = PurchaseFromOrder(changed.order(), event.aggregate_version());
      if (!purchase.ok()) return WithFieldPrefix(purchase.status(), absl::StrCat("event ", event.id()));
      news.purchases.push_back(*std::move(purchase));
    } else if (event.type() == orders::v1::CartChanged::descriptor()->full_name()) {
      ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<orders::v1::CartChanged>(event));
      absl::StatusOr<CartRecord> cart = CartFromProto(changed.cart(), event.aggregate_version());
      if (!cart.ok()) return WithFieldPrefix(cart.status(), absl::StrCat("event ", event.id()));
      news.carts.push_back(*std::move(cart));
    }
  }
  return news;
}

}  // namespace

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  ESNAF_ASSIGN_OR_RETURN(News news, ReadNews(events));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> carters, UpsertCarts(tx, NewestOfEachCart(std::move(news.carts))));
  if (!news.purchases.empty()) {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> buyers,
                           UpsertPurchases(tx, NewestOfEachOrder(std::move(news.purchases))));
    ESNAF_RETURN_IF_ERROR(BuyersChanged(tx, buyers, OwnCause(now)));
  }
  return PeopleChanged(tx, carters, OwnCause(now));
}

}  // namespace esnaf::segmentation
