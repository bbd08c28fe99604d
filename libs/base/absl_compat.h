#pragma once

// Debian builds abseil with its own string_view. Our interfaces use std types; these two cross the border.
#include <string_view>

#include "absl/strings/string_view.h"

namespace esnaf {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace esnaf
