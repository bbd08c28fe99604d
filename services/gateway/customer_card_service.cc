#include "services/gateway/customer_card_service.h"

#include <set>

#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "esnaf/segmentation/v1/values.pb.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "services/gateway/fan_out.h"

namespace esnaf::gateway {
namespace {

constexpr int kTimelineEntries = 20;
constexpr int kRecentOrders = 10;
constexpr int kOpenCarts = 50;
constexpr int kConsents = 200;

// What the services answered, each part with its own outcome.
struct Parts {
  contacts::v1::Contact contact;
  contacts::v1::ListConsentsResponse consents;
  contacts::v1::ListTimelineResponse timeline;
  orders::v1::ContactOrderSummary summary;
  orders::v1::ListOrdersResponse orders;
  orders::v1::ListCartsResponse carts;
  segmentation::v1::RfmScore rfm;
  segmentation::v1::ContactValue value;
  attribution::v1::ListContactTouchpointsResponse touches;
  support::v1::ContactSupportSummary support;
  absl::Status contact_status, consents_status, timeline_status, summary_status, orders_status, carts_status,
      rfm_status, value_status, touches_status, support_status;
};

void AskAll(FanOut& fan, const std::string& contact_id, Parts& parts) {
  contacts::v1::GetContactRequest contact;
  contact.set_id(contact_id);
  fan.Ask(Upstream::kContacts, "/esnaf.contacts.v1.ContactService/GetContact", contact, parts.contact,
          parts.contact_status);
  contacts::v1::ListConsentsRequest consents;
  consents.set_contact_id(contact_id);
  consents.set_page_size(kConsents);
  fan.Ask(Upstream::kContacts, "/esnaf.contacts.v1.ConsentService/ListConsents", consents, parts.consents,
          parts.consents_status);
  contacts::v1::ListTimelineRequest timeline;
  timeline.set_contact_id(contact_id);
  timeline.set_page_size(kTimelineEntries);
  fan.Ask(Upstream::kContacts, "/esnaf.contacts.v1.InteractionService/ListTimeline", timeline, parts.timeline,
          parts.timeline_status);
  orders::v1::GetContactOrderSummaryRequest summary;
  summary.set_contact_id(contact_id);
  fan.Ask(Upstream::kOrders, "/esnaf.orders.v1.OrderService/GetContactOrderSummary", summary, parts.summary,
          parts.summary_status);
  orders::v1::ListOrdersRequest orders;
  orders.set_contact_id(contact_id);
  orders.set_page_size(kRecentOrders);
  orders.set_order_by("place_time desc");
  fan.Ask(Upstream::kOrders, "/esnaf.orders.v1.OrderService/ListOrders", orders, parts.orders, parts.orders_status);
  orders::v1::ListCartsRequest carts;
  carts.set_contact_id(contact_id);
  carts.set_page_size(kOpenCarts);
  fan.Ask(Upstream::kOrders, "/esnaf.orders.v1.CartService/ListCarts", carts, parts.carts, parts.carts_status);
  segmentation::v1::GetContactRfmRequest rfm;
  rfm.set_contact_id(contact_id);
  fan.Ask(Upstream::kSegmentation, "/esnaf.segmentation.v1.RfmService/GetContactRfm", rfm, parts.rfm, parts.rfm_status);
  segmentation::v1::GetContactValueRequest value;
  value.set_contact_id(contact_id);
  fan.Ask(Upstream::kSegmentation, "/esnaf.segmentation.v1.ValueService/GetContactValue", value, parts.value,
          parts.value_status);
  attribution::v1::ListContactTouchpointsRequest touches;
  touches.set_contact_id(contact_id);
  fan.Ask(Upstream::kAttribution, "/esnaf.attribution.v1.TouchpointService/ListContactTouchpoints", touches,
          parts.touches, parts.touches_status);
  support::v1::GetContactSupportSummaryRequest support;
  support.set_contact_id(contact_id);
  fan.Ask(Upstream::kSupport, "/esnaf.support.v1.TicketService/GetContactSupportSummary", support, parts.support,
          parts.support_status);
}

v1::CustomerCard PutTogether(Parts& parts) {
  v1::CustomerCard card;
  std::set<std::string> unreachable;
  // A service that knows nothing of the person answers NOT_FOUND: that part is absent, not missing.
  const auto answered = [&](Upstream upstream, const absl::Status& status) {
    if (!status.ok() && status.code() != absl::StatusCode::kNotFound) unreachable.insert(UpstreamName(upstream));
    return status.ok();
  };
  card.mutable_contact()->Swap(&parts.contact);
  if (answered(Upstream::kContacts, parts.consents_status))
    card.mutable_consents()->Swap(parts.consents.mutable_consents());
  if (answered(Upstream::kContacts, parts.timeline_status))
    card.mutable_timeline()->Swap(parts.timeline.mutable_entries());
  if (answered(Upstream::kOrders, parts.summary_status)) card.mutable_order_summary()->Swap(&parts.summary);
  if (answered(Upstream::kOrders, parts.orders_status))
    card.mutable_recent_orders()->Swap(parts.orders.mutable_orders());
  if (answered(Upstream::kOrders, parts.carts_status)) {
    for (orders::v1::Cart& cart : *parts.carts.mutable_carts()) {
      const bool waits =
          cart.state() == orders::v1::CART_STATE_OPEN || cart.state() == orders::v1::CART_STATE_ABANDONED;
      if (waits) card.add_open_carts()->Swap(&cart);
    }
  }
  if (answered(Upstream::kSegmentation, parts.rfm_status)) card.mutable_rfm()->Swap(&parts.rfm);
  if (answered(Upstream::kSegmentation, parts.value_status)) card.mutable_value()->Swap(&parts.value);
  if (answered(Upstream::kAttribution, parts.touches_status) && !parts.touches.touchpoints().empty()) {
    *card.mutable_first_touch() = parts.touches.touchpoints(0);
    *card.mutable_last_touch() = *parts.touches.touchpoints().rbegin();
  }
  if (answered(Upstream::kSupport, parts.support_status)) card.mutable_support()->Swap(&parts.support);
  card.mutable_unreachable()->Add(unreachable.begin(), unreachable.end());
  return card;
}

}  // namespace

runtime::RpcService CustomerCardService::Rpcs() {
  runtime::RpcService rpc("esnaf.gateway.v1.CustomerCardService");
  rpc.Unary("GetCustomerCard", this, &CustomerCardService::GetCustomerCard);
  return rpc;
}

absl::StatusOr<v1::CustomerCard> CustomerCardService::GetCustomerCard(runtime::Call& call,
                                                                      const v1::GetCustomerCardRequest& request) {
  ESNAF_RETURN_IF_ERROR(api::ParseId(request.contact_id(), "contact_id").status());
  Parts parts;
  {
    FanOut fan(upstreams_, call, part_timeout_);
    AskAll(fan, request.contact_id(), parts);
  }
  if (parts.contact_status.code() == absl::StatusCode::kNotFound ||
      parts.contact_status.code() == absl::StatusCode::kInvalidArgument) {
    return parts.contact_status;
  }
  if (!parts.contact_status.ok()) {
    return MakeError(absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE", "the service contacts did not answer",
                     {{"service", "contacts"}});
  }
  return PutTogether(parts);
}

}  // namespace esnaf::gateway
