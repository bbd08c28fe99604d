#pragma once

// A ticket's clocks as its row keeps them: JSON as the contract writes deadlines, all but their stretches. Every list
// and every change reads it, so it is written and read without going through messages.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/support/sla/sla_clock.h"

namespace esnaf::support {

std::string ClocksToJson(const std::vector<ClockStatus>& clocks);
absl::StatusOr<std::vector<ClockStatus>> ClocksFromJson(std::string_view json);

}  // namespace esnaf::support
