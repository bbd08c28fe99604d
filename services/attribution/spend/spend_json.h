#pragma once

// Reads a report that is JSON.
#include <string_view>

#include "absl/status/statusor.h"
#include "services/attribution/spend/spend_reader.h"

namespace esnaf::attribution {

// Google Ads API: the array of searchStream or one object of search; fields in camelCase or snake_case. Meta:
// `{"data": […]}` or the array alone. INVALID_ARGUMENT naming the line where it is no JSON, or where it is of neither
// shape.
absl::StatusOr<SpendReading> ReadSpendJson(std::string_view text, const SpendReadOptions& options);

}  // namespace esnaf::attribution
