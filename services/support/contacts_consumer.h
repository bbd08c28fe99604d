#pragma once

// What support does with the events of contacts: it keeps its own copy of who is whom.
#include <vector>

#include "esnaf/api/v1/event.pb.h"
#include "libs/postgres/connection.h"

namespace esnaf::support {

absl::Status ApplyContacts(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

}  // namespace esnaf::support
