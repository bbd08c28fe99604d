#include "services/segmentation/attribution_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/attribution/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/segments/membership_updater.h"

namespace esnaf::segmentation {
namespace {

absl::StatusOr<AcquisitionRecord> AcquisitionFromProto(const attribution::v1::AcquisitionChanged& changed,
                                                       std::int64_t version) {
  AcquisitionRecord record{.first_order = changed.first_order(), .version = version};
  ESNAF_ASSIGN_OR_RETURN(record.order_id, api::ParseId(changed.order_id(), "order_id"));
  if (!changed.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(record.contact_id, api::ParseId(changed.contact_id(), "contact_id"));
  }
  ESNAF_ASSIGN_OR_RETURN(record.place_time, api::FromProto(changed.place_time(), "place_time"));
  record.channel = changed.channel();
  record.source = changed.source();
  record.medium = changed.medium();
  record.campaign = changed.campaign();
  return record;
}

}  // namespace

absl::Status ApplyAttributionEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  std::vector<AcquisitionRecord> records;
  for (const api::v1::Event& event : events) {
    if (event.type() != attribution::v1::AcquisitionChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<attribution::v1::AcquisitionChanged>(event));
    absl::StatusOr<AcquisitionRecord> record = AcquisitionFromProto(changed, event.aggregate_version());
    if (!record.ok()) return WithFieldPrefix(record.status(), absl::StrCat("event ", event.id()));
    records.push_back(*std::move(record));
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> touched,
                         UpsertAcquisitions(tx, NewestOfEachAcquisition(std::move(records))));
  return PeopleChanged(tx, touched, OwnCause(now));
}

}  // namespace esnaf::segmentation
