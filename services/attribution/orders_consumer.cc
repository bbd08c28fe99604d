#include "services/attribution/orders_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "services/attribution/credit/conversion_wire.h"
#include "services/attribution/credit/crediter.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {
namespace {

// Who placed an order is who browsed: the strongest word on whose visitor it is.
absl::StatusOr<std::optional<VisitorLink>> LinkOf(const orders::v1::Order& order) {
  if (order.customer().visitor_id().empty() || order.contact_id().empty()) return std::nullopt;
  VisitorLink link{.visitor_id = order.customer().visitor_id(), .proven = true, .by_order = true};
  ESNAF_ASSIGN_OR_RETURN(link.contact_id, api::ParseId(order.contact_id(), "order.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(link.link_time, api::FromProto(order.place_time(), "order.place_time"));
  return link;
}

struct News {
  std::vector<VisitorLink> links;
  std::vector<Conversion> conversions;
  std::vector<CartBegin> carts;
};

absl::Status ReadOrder(const orders::v1::Order& order, std::int64_t version, News& news) {
  ESNAF_ASSIGN_OR_RETURN(const std::optional<VisitorLink> link, LinkOf(order));
  if (link) news.links.push_back(*link);
  ESNAF_ASSIGN_OR_RETURN(Conversion conversion, ConversionFromOrder(order, version));
  news.conversions.push_back(std::move(conversion));
  return absl::OkStatus();
}

absl::Status ReadEvent(const api::v1::Event& event, News& news) {
  if (event.type() == orders::v1::OrderChanged::descriptor()->full_name()) {
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<orders::v1::OrderChanged>(event));
    return ReadOrder(changed.order(), event.aggregate_version(), news);
  }
  if (event.type() == orders::v1::CartChanged::descriptor()->full_name()) {
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<orders::v1::CartChanged>(event));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<CartBegin> cart, CartBeginFromCart(changed.cart()));
    if (cart) news.carts.push_back(*cart);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  News news;
  for (const api::v1::Event& event : events) {
    const absl::Status read = ReadEvent(event, news);
    if (!read.ok()) return WithFieldPrefix(read, absl::StrCat("event ", event.id()));
  }
  ESNAF_RETURN_IF_ERROR(LinkVisitors(tx, news.links, now));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> carts, UpsertCartBegins(tx, news.carts));
  ESNAF_RETURN_IF_ERROR(LockBuyers(tx, news.conversions, carts));
  ESNAF_ASSIGN_OR_RETURN(ChangedConversions changed, UpsertConversions(tx, std::move(news.conversions)));
  changed.contacts.insert(changed.contacts.end(), carts.begin(), carts.end());
  return Recredit(tx, changed, "path", now);
}

}  // namespace esnaf::attribution
