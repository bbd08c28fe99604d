#pragma once

// What contacts do with the events of segmentation: lines in the timeline.
#include <vector>

#include "esnaf/api/v1/event.pb.h"
#include "libs/postgres/connection.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// The line that a change of label is.
absl::StatusOr<TimelineEntry> EntryOfLabelChange(const api::v1::Event& event);

// Applies a batch of the feed of segmentation.
absl::Status ApplySegmentEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

}  // namespace esnaf::contacts
