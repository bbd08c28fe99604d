#pragma once

// Records touches that were taken in, within the bound of each visitor's day.
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// The numbers are those of the contract.
enum class TouchOutcome { kFailed = 0, kCreated = 1, kKnown = 2, kDropped = 3 };

// One outcome for each touch, in order. What a visitor sent beyond the bound of a day is counted and dropped.
absl::StatusOr<std::vector<TouchOutcome>> RecordTouches(postgres::Tx& tx, const std::vector<Touchpoint>& touches,
                                                        std::int64_t rules_version, Time now);

}  // namespace esnaf::attribution
