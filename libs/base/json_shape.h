#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace esnaf {

// What JSON from outside may cost to read: each value takes up to a hundred bytes, and each level stack once it is
// written again.
struct JsonBounds {
  int most_levels = 32;
  std::int64_t most_millions_of_values = 8;
};

// INVALID_ARGUMENT where a text goes beyond the bounds. Whether it is JSON is its parser's to say.
absl::Status CheckJsonShape(std::string_view text, const JsonBounds& bounds = {});

}  // namespace esnaf
