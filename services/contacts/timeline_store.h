#pragma once

// The SQL of the timeline.
#include <map>
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

// The entries that are there, by their ids.
absl::StatusOr<std::map<Uuid, TimelineEntry>> FindTimelineEntries(postgres::Tx& tx, const std::vector<Uuid>& ids);
// Makes these entries what they say, and removes others. The caller has compared the versions.
absl::Status PutTimelineEntries(postgres::Tx& tx, const std::vector<TimelineEntry>& entries,
                                const std::vector<Uuid>& removed);

struct TimelineFilter {
  std::vector<Uuid> contact_ids;
  std::vector<int> kinds;     // empty: all
  std::vector<int> channels;  // empty: all
  // Only what these stores' orders and labels tell, besides what was said, agreed and merged, which belongs to no
  // store; empty: everything.
  std::vector<std::string> store_ids;
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
