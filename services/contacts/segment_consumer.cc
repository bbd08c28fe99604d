#include "services/contacts/segment_consumer.h"

#include <map>
#include <set>

#include "esnaf/segmentation/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/check.h"
#include "libs/base/text.h"
#include "libs/events/consumer.h"
#include "services/contacts/merge_store.h"
#include "services/contacts/timeline_store.h"

namespace esnaf::contacts {
namespace {

using segmentation::v1::RfmLabelChanged;

const TimeZone& Istanbul() {
  static const TimeZone kZone = [] {
    absl::StatusOr<TimeZone> zone = TimeZone::Load("Europe/Istanbul");
    ESNAF_CHECK(zone.ok());
    return *std::move(zone);
  }();
  return kZone;
}

absl::StatusOr<LabelChange> ReadChange(const api::v1::Event& event) {
  ESNAF_ASSIGN_OR_RETURN(const RfmLabelChanged changed, events::Decode<RfmLabelChanged>(event));
  const segmentation::v1::RfmScore& score = changed.score();
  LabelChange change;
  ESNAF_ASSIGN_OR_RETURN(change.contact_id, api::ParseId(score.contact_id(), "score.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(change.time, api::FromProto(score.label_time(), "score.label_time"));
  change.policy_id = score.policy_id();
  change.store_id = changed.store_id();
  change.label = score.label();
  change.label_name = score.label_name_tr().empty() ? score.label() : score.label_name_tr();
  change.previous_label = score.previous_label();
  change.version = event.aggregate_version();
  return change;
}

std::string Summary(const LabelChange& change, const std::string& before) {
  std::string summary =
      change.label.empty() ? "RFM etiketi kalktı: sayılan sipariş kalmadı" : "RFM etiketi: " + change.label_name;
  if (!before.empty()) summary += " (önceki: " + before + ")";
  return std::string(Truncate(summary, kMaxSummaryBytes));
}

}  // namespace

Uuid LineIdOf(const LabelChange& change) {
  return Uuid::FromName("contacts.timeline.label", absl::StrCat(change.contact_id.ToString(), ":", change.policy_id,
                                                                ":", FormatDate(Istanbul().LocalDate(change.time))));
}

std::optional<TimelineEntry> Retell(const std::optional<TimelineEntry>& line, const LabelChange& change,
                                    bool contact_is_merged) {
  if (line && line->subject_version >= change.version) return line;
  const std::string& before = line ? line->label_before : change.previous_label;
  if (change.label == before) return std::nullopt;
  if (change.label.empty() && contact_is_merged) return line;
  return TimelineEntry{.id = LineIdOf(change),
                       .contact_id = change.contact_id,
                       .kind = TimelineKind::kSegment,
                       .occur_time = change.time,
                       .summary = Summary(change, before),
                       .subject_id = change.policy_id,
                       .subject_version = change.version,
                       .store_id = change.store_id,
                       .label_before = before};
}

absl::Status ApplySegmentEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  std::vector<LabelChange> changes;
  std::vector<Uuid> ids, contacts;
  for (const api::v1::Event& event : events) {
    if (event.type() != RfmLabelChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(LabelChange change, ReadChange(event));
    ids.push_back(LineIdOf(change));
    if (change.label.empty()) contacts.push_back(change.contact_id);
    changes.push_back(std::move(change));
  }
  if (changes.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const auto stored, FindTimelineEntries(tx, ids));
  std::set<Uuid> merged;
  if (!contacts.empty()) {
    ESNAF_ASSIGN_OR_RETURN(merged, MergedOf(tx, contacts));
  }
  std::map<Uuid, std::optional<TimelineEntry>> lines;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [at, fresh] = lines.try_emplace(ids[i]);
    if (const auto found = stored.find(ids[i]); fresh && found != stored.end()) at->second = found->second;
    at->second = Retell(at->second, changes[i], merged.contains(changes[i].contact_id));
  }
  std::vector<TimelineEntry> kept;
  std::vector<Uuid> removed;
  for (auto& [id, line] : lines) {
    if (line) {
      kept.push_back(*std::move(line));
    } else if (stored.contains(id)) {
      removed.push_back(id);
    }
  }
  return PutTimelineEntries(tx, kept, removed);
}

}  // namespace esnaf::contacts
