#include "services/contacts/order_consumer.h"

#include <map>

#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/money.h"
#include "libs/base/text.h"
#include "libs/events/consumer.h"
#include "services/contacts/timeline_store.h"

namespace esnaf::contacts {
namespace {

// An amount as people read it: `1234.50 TRY`.
std::string Amount(std::int64_t minor, const std::string& currency_code) {
  const auto currency = Currency::Parse(currency_code);
  if (!currency.ok()) return std::to_string(minor);
  return FormatMoney({minor, *currency}) + " " + currency_code;
}

std::int64_t Pieces(const orders::v1::Order& order) {
  std::int64_t pieces = 0;
  for (const orders::v1::OrderLine& line : order.lines()) pieces += line.quantity();
  return pieces;
}

std::string WithReason(const std::string& text, const std::string& reason) {
  return reason.empty() ? text : text + " (" + reason + ")";
}

// Collects the entries of one order.
class OrderStory {
 public:
  OrderStory(const orders::v1::Order& order, const Uuid& contact, std::int64_t version)
      : order_(order), contact_(contact), version_(version) {}

  absl::Status Tell(const std::string& what, const google::protobuf::Timestamp& when, std::string_view summary) {
    ESNAF_ASSIGN_OR_RETURN(const Time time, api::FromProto(when, "order." + what));
    entries_.push_back({.id = Uuid::FromName("contacts.timeline.order", order_.id() + ":" + what),
                        .contact_id = contact_,
                        .kind = TimelineKind::kOrder,
                        .occur_time = time,
                        .summary = std::string(Truncate(summary, kMaxSummaryBytes)),
                        .subject_id = order_.id(),
                        .subject_version = version_,
                        .store_id = order_.store_id()});
    return absl::OkStatus();
  }

  std::vector<TimelineEntry> Take() { return std::move(entries_); }

 private:
  const orders::v1::Order& order_;
  Uuid contact_;
  std::int64_t version_;
  std::vector<TimelineEntry> entries_;
};

}  // namespace

absl::StatusOr<std::vector<TimelineEntry>> EntriesOf(const orders::v1::Order& order, std::int64_t version) {
  if (order.contact_id().empty()) return std::vector<TimelineEntry>();
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(order.contact_id(), "order.contact_id"));
  OrderStory story(order, contact, version);
  const std::string name = "Sipariş " + order.external_id();
  const bool is_return = order.kind() == orders::v1::ORDER_KIND_RETURN;
  ESNAF_RETURN_IF_ERROR(story.Tell("placed", order.place_time(),
                                   (is_return ? "İade " + order.external_id() : name) + ": " +
                                       std::to_string(Pieces(order)) + " ürün, " +
                                       Amount(order.totals().total(), order.currency_code())));
  for (const orders::v1::Fulfillment& fulfillment : order.fulfillments()) {
    if (!fulfillment.has_fulfill_time()) continue;
    ESNAF_RETURN_IF_ERROR(story.Tell("fulfilled:" + fulfillment.id(), fulfillment.fulfill_time(),
                                     WithReason(name + " gönderildi", fulfillment.carrier())));
  }
  for (const orders::v1::Refund& refund : order.refunds()) {
    if (!refund.has_refund_time()) continue;
    const std::string amount = Amount(refund.amount().minor(), order.currency_code());
    ESNAF_RETURN_IF_ERROR(story.Tell("refunded:" + refund.id(), refund.refund_time(),
                                     WithReason(name + " için iade: " + amount, refund.reason())));
  }
  if (order.has_cancel_time()) {
    ESNAF_RETURN_IF_ERROR(
        story.Tell("cancelled", order.cancel_time(), WithReason(name + " iptal edildi", order.cancel_reason())));
  }
  return story.Take();
}

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  // Of several versions of one order in a batch only the newest counts.
  std::map<std::string, const api::v1::Event*> newest;
  for (const api::v1::Event& event : events) {
    if (event.type() != orders::v1::OrderChanged::descriptor()->full_name()) continue;
    const api::v1::Event*& held = newest[event.aggregate_id()];
    if (held == nullptr || held->aggregate_version() < event.aggregate_version()) held = &event;
  }
  std::vector<TimelineEntry> entries;
  for (const auto& [order_id, event] : newest) {
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<orders::v1::OrderChanged>(*event));
    ESNAF_ASSIGN_OR_RETURN(const auto told, EntriesOf(changed.order(), event->aggregate_version()));
    entries.insert(entries.end(), told.begin(), told.end());
  }
  return ReplaceTimelineEntries(tx, entries);
}

}  // namespace esnaf::contacts
