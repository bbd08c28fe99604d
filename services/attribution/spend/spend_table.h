#pragma once

// Reads a report that is a table.
#include <string_view>

#include "absl/status/statusor.h"
#include "services/attribution/spend/spend_headings.h"
#include "services/attribution/spend/spend_reader.h"

namespace esnaf::attribution {

// Reads UTF-8 text. INVALID_ARGUMENT where no line is a heading, where days can be read in two ways, where numbers
// contradict each other about their decimal mark, or where the table passes the bounds of a sheet. Lines that are no
// rows are told in `skips`.
absl::StatusOr<SpendReading> ReadSpendTable(std::string_view text, const SpendReadOptions& options);

}  // namespace esnaf::attribution
