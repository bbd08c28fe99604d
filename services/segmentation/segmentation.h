#pragma once

// Hangs the parts of segmentation into a program.
#include "absl/status/status.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/app.h"
#include "services/segmentation/rfm/rfm_computation.h"

namespace esnaf::segmentation {

absl::Status Build(runtime::App& app);

// Puts the policy `default` in its place where it is not there yet.
absl::Status EnsureDefaultPolicy(postgres::Connection& connection, Time now);

// Computes every policy that needs it and goes on writing the scores of those that are computed; a worker's tick.
// Answers the transaction id of the newest event that was written, if any was.
absl::StatusOr<std::optional<std::uint64_t>> ComputeWhatIsNeeded(postgres::Connection& connection,
                                                                 RfmComputer& computer, Time now);

}  // namespace esnaf::segmentation
