#include "services/contacts/segment_consumer.h"

#include "esnaf/segmentation/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/text.h"
#include "libs/events/consumer.h"
#include "services/contacts/timeline_store.h"

namespace esnaf::contacts {

using segmentation::v1::RfmLabelChanged;

absl::StatusOr<TimelineEntry> EntryOfLabelChange(const api::v1::Event& event) {
  ESNAF_ASSIGN_OR_RETURN(const RfmLabelChanged changed, events::Decode<RfmLabelChanged>(event));
  const segmentation::v1::RfmScore& score = changed.score();
  TimelineEntry entry;
  ESNAF_ASSIGN_OR_RETURN(entry.id, api::ParseId(event.id(), "event.id"));
  ESNAF_ASSIGN_OR_RETURN(entry.contact_id, api::ParseId(score.contact_id(), "score.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(entry.occur_time, api::FromProto(score.label_time(), "score.label_time"));
  entry.kind = TimelineKind::kSegment;
  entry.subject_id = score.policy_id();
  std::string summary = "RFM etiketi: " + (score.label_name_tr().empty() ? score.label() : score.label_name_tr());
  if (!score.previous_label().empty()) summary += " (önceki: " + score.previous_label() + ")";
  entry.summary = std::string(Truncate(summary, kMaxSummaryBytes));
  return entry;
}

absl::Status ApplySegmentEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  std::vector<TimelineEntry> entries;
  for (const api::v1::Event& event : events) {
    if (event.type() != RfmLabelChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(TimelineEntry entry, EntryOfLabelChange(event));
    entries.push_back(std::move(entry));
  }
  return AddTimelineEntries(tx, entries);
}

}  // namespace esnaf::contacts
