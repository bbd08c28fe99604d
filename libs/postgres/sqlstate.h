#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace esnaf::postgres {

// The one table from SQLSTATE to status code. Messages are neutral: the server's texts may hold data, so they go to
// the log's error class only, never to a caller.
//   23505 ALREADY_EXISTS, 23503 FAILED_PRECONDITION, 23502 23514 22xxx INVALID_ARGUMENT, 40001 40P01 ABORTED,
//   57014 55P03 DEADLINE_EXCEEDED, 53300 57P0x 08xxx UNAVAILABLE (but 08P01, a message of ours that the server does not
//   understand, for example with too few parameters: INTERNAL), 53xxx RESOURCE_EXHAUSTED, else INTERNAL.
absl::StatusCode CodeOfSqlState(std::string_view sqlstate);
// A status with that code and ErrorInfo metadata `sqlstate` and, for 23xxx, `constraint`. Its reason is one of
// UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION, INVALID_VALUE, CONCURRENT_CHANGE, DATABASE_TIMEOUT, DATABASE_UNAVAILABLE,
// DATABASE_EXHAUSTED, DATABASE_ERROR.
absl::Status StatusOfSqlState(std::string_view sqlstate, std::string_view constraint);

}  // namespace esnaf::postgres
