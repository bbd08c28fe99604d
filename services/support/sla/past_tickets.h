#pragma once

// Past tickets with their trails, read piece by piece: what back-tests and reports are reckoned from.
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/postgres/connection.h"
#include "services/support/sla/sla_backtest.h"

namespace esnaf::support {

struct PastTicketScope {
  Time start;                          // created from here on
  Time end;                            // and before
  std::vector<std::string> store_ids;  // of these; of all where empty
};

// Calls `visit` with each ticket in the order of creation. Spam and what was merged into another ticket is left out.
// Asks `cancelled` before each piece, and answers CANCELLED where it says so. While `visit` runs, another thread reads
// the next piece over `tx`: neither function may use it, or its connection.
absl::Status VisitPastTickets(postgres::Tx& tx, const PastTicketScope& scope, const std::function<bool()>& cancelled,
                              const std::function<void(const PastTicket&)>& visit);

}  // namespace esnaf::support
