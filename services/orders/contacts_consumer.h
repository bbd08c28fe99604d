#pragma once

// What orders does with the events of contacts: keeps its copy of identities and merges, through which reads go.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/postgres/connection.h"

namespace esnaf::orders {

absl::Status ApplyContacts(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

}  // namespace esnaf::orders
