#include "services/attribution/orders_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {
namespace {

// Who placed an order is who browsed: the strongest word on whose visitor it is.
absl::StatusOr<std::optional<VisitorLink>> LinkOf(const orders::v1::Order& order) {
  if (order.customer().visitor_id().empty() || order.contact_id().empty()) return std::nullopt;
  VisitorLink link{.visitor_id = order.customer().visitor_id(), .proven = true};
  ESNAF_ASSIGN_OR_RETURN(link.contact_id, api::ParseId(order.contact_id(), "order.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(link.link_time, api::FromProto(order.place_time(), "order.place_time"));
  return link;
}

}  // namespace

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  std::vector<VisitorLink> links;
  for (const api::v1::Event& event : events) {
    if (event.type() != orders::v1::OrderChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<orders::v1::OrderChanged>(event));
    const absl::StatusOr<std::optional<VisitorLink>> link = LinkOf(changed.order());
    if (!link.ok()) return WithFieldPrefix(link.status(), absl::StrCat("event ", event.id()));
    if (*link) links.push_back(**link);
  }
  return LinkVisitors(tx, links, now);
}

}  // namespace esnaf::attribution
