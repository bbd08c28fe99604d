#pragma once

// JSON that comes from outside, as an object.
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/statusor.h"

namespace esnaf {

// INVALID_ARGUMENT of the field `body` where the text is no JSON object within the usual bounds, with the byte where it
// ends to be one. Nothing of the text is quoted.
absl::StatusOr<nlohmann::json> ParseJsonObject(std::string_view text);

}  // namespace esnaf
