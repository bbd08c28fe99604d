#pragma once

// What attribution does with the events of contacts: keeps its copy of identities and merges, through which visitors
// are read.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::attribution {

absl::Status ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now);

}  // namespace esnaf::attribution
