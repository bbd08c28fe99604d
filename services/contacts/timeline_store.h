#pragma once

// The SQL of the timeline.
#include <optional>
#include <vector>

#include "libs/api/list_query.h"
#include "libs/postgres/connection.h"
#include "services/contacts/interaction.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// Adds entries of things that never change. One that is there already is left alone.
absl::Status AddTimelineEntries(postgres::Tx& tx, const std::vector<TimelineEntry>& entries);

// Makes the entries of subjects (orders, scores) what these say. A subject whose stored entries are of the same or a
// newer version is left alone, so deliveries may come twice and in any order. Each subject comes once.
absl::Status ReplaceTimelineEntries(postgres::Tx& tx, const std::vector<TimelineEntry>& entries);

struct TimelineFilter {
  std::vector<Uuid> contact_ids;
  std::vector<int> kinds;     // empty: all
  std::vector<int> channels;  // empty: all
};
struct TimelineItem {
  TimelineEntry entry;
  std::optional<Interaction> interaction;
};
struct TimelinePage {
  std::vector<TimelineItem> items;
  std::string next_page_token;
};
const api::FieldTable& TimelineFields();
absl::StatusOr<TimelinePage> ListTimeline(postgres::Tx& tx, const api::ListQuery& query, const TimelineFilter& filter);

}  // namespace esnaf::contacts
