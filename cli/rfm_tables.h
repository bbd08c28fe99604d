#pragma once

#include "cli/output.h"
#include "esnaf/segmentation/v1/rfm.pb.h"

namespace esnaf::cli {

// Customers and value per label, as `esnaf rfm summary` and the demo's report show it.
Table SummaryTable(const segmentation::v1::RfmSummary& summary);

}  // namespace esnaf::cli
