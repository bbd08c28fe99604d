#pragma once

// What segmentation does with the events of orders: keeps the ledger of purchases and scores the people it touches.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::segmentation {

absl::Status ApplyOrderEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now);

}  // namespace esnaf::segmentation
