#pragma once

// Regular expressions of rules: RE2, so that none takes more than linear time.
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "re2/re2.h"

namespace esnaf::segmentation {

// INVALID_ARGUMENT saying what is wrong with it, also where it is longer than kMaxPatternBytes or would take too much
// memory.
absl::StatusOr<std::unique_ptr<re2::RE2>> CompilePattern(std::string_view pattern);

}  // namespace esnaf::segmentation
