#pragma once

// What attribution does with the events of orders: credits orders to the touches before them, and links the visitor
// that an order names to the contact that placed it.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::attribution {

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now);

}  // namespace esnaf::attribution
