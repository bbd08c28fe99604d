#pragma once

#include <utility>

#include "absl/status/statusor.h"

// Leaves the function with the status of `expression` unless it is OK.
#define ESNAF_RETURN_IF_ERROR(expression)                                                  \
  do {                                                                                     \
    if (absl::Status esnaf_status = (expression); !esnaf_status.ok()) return esnaf_status; \
  } while (false)

// Assigns the value of a StatusOr to `target` (which may declare it), or leaves the function with its status.
#define ESNAF_ASSIGN_OR_RETURN(target, expression) \
  ESNAF_ASSIGN_OR_RETURN_IMPL(ESNAF_CONCAT(esnaf_status_or_, __LINE__), target, expression)
#define ESNAF_ASSIGN_OR_RETURN_IMPL(temporary, target, expression) \
  auto temporary = (expression);                                   \
  if (!temporary.ok()) return std::move(temporary).status();       \
  target = std::move(temporary).value()
#define ESNAF_CONCAT(a, b) ESNAF_CONCAT_IMPL(a, b)
#define ESNAF_CONCAT_IMPL(a, b) a##b
