#pragma once

// What segmentation does with support's events.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::segmentation {

// Keeps tickets and answers to surveys, and evaluates the segments of their people, in the transaction of the batch.
absl::Status ApplySupportEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now);

}  // namespace esnaf::segmentation
