#pragma once

// Who had to do with the help desk in a month.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"

namespace esnaf::support {

struct RetentionRequester {
  Uuid contact_id;
  std::uint8_t bits = 0;  // RetentionBits
};

// Those whom tickets of [start, end) are of, each once, those left out that are spam or merged by now, with the
// promises that were breached and what they answered to CSAT surveys before the end; at most `limit`.
absl::StatusOr<std::vector<RetentionRequester>> ReadRequesters(postgres::Tx& tx, Time start, Time end,
                                                               const std::vector<std::string>& store_ids, int limit);

}  // namespace esnaf::support
