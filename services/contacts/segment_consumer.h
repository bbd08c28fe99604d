#pragma once

// What contacts do with the events of segmentation: lines in the timeline.
#include <optional>
#include <vector>

#include "esnaf/api/v1/event.pb.h"
#include "libs/postgres/connection.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// A change of somebody's label under one policy.
struct LabelChange {
  Uuid contact_id;
  std::string policy_id;
  std::string store_id;        // of the policy; empty: all
  std::string label;           // the key; empty where nothing counts any more, or the person was merged into another
  std::string label_name;      // what people read; the key where it has no name
  std::string previous_label;  // the key
  std::int64_t version = 0;    // counts the person's changes under the policy
  Time time;
};

// The id of the line that tells of the change's day: one for each person, policy and day in Istanbul.
Uuid LineIdOf(const LabelChange& change);

// The day's line after a change, given the line before it; nullopt for none. It says where the day began and where it
// has come to, and goes where it comes back to its beginning. A change that is not newer than the line changes nothing.
// That a merged contact has no label of its own any more is told by the merge.
std::optional<TimelineEntry> Retell(const std::optional<TimelineEntry>& line, const LabelChange& change,
                                    bool contact_is_merged);

// Applies a batch of the feed of segmentation.
absl::Status ApplySegmentEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

}  // namespace esnaf::contacts
