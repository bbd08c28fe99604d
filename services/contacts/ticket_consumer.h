#pragma once

// What contacts do with the events of support: lines in the timeline.
#include <optional>
#include <vector>

#include "esnaf/api/v1/event.pb.h"
#include "esnaf/support/v1/events.pb.h"
#include "libs/postgres/connection.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// The line of an event that opens, solves or reopens a ticket; none for any other, and where the ticket is of nobody.
// It stays with the person whom the ticket was of then.
absl::StatusOr<std::optional<TimelineEntry>> EntryOf(const support::v1::TicketChanged& changed);

// Applies a batch of the feed of support.
absl::Status ApplyTicketEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

}  // namespace esnaf::contacts
