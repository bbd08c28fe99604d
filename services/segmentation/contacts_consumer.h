#pragma once

// What segmentation does with the events of contacts: follows merges and scores the people they join or part.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::segmentation {

absl::Status ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now);

}  // namespace esnaf::segmentation
