#pragma once

// What contacts do with the events of orders: lines in the timeline.
#include <vector>

#include "esnaf/api/v1/event.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/postgres/connection.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// What an order tells of its life: placed or returned, shipped, refunded, cancelled. The same order gives the same ids,
// so a newer version replaces what an older one told. Empty for an order without a contact.
absl::StatusOr<std::vector<TimelineEntry>> EntriesOf(const orders::v1::Order& order, std::int64_t version);

// Applies a batch of the feed of orders.
absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

}  // namespace esnaf::contacts
