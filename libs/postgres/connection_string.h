#pragma once

// Private to this library.
#include <string>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"

namespace esnaf::postgres {

// The user's connection string in libpq's key=value form, with what every connection of ours needs: the search path and
// the limits as server options, UTF-8, and sane defaults for what the user left open. INVALID_ARGUMENT where the string
// or the schema is malformed; the message holds no password.
absl::StatusOr<std::string> CompleteConnectionString(const ConnectionOptions& options);

}  // namespace esnaf::postgres
