#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace esnaf::cli {

// The bytes as a gzip file.
absl::StatusOr<std::string> Gzip(std::string_view bytes);

}  // namespace esnaf::cli
