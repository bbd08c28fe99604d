#pragma once

// A status as a line of the log shows it. Internal to the runtime.
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"

namespace esnaf::runtime {

// `UNAVAILABLE: the database cannot be reached [OUTCOME_UNKNOWN]`: the reason instead of the details' bytes.
inline std::string StatusText(const absl::Status& status) {
  std::string text = status.ToString(absl::StatusToStringMode::kWithNoExtraData);
  if (const std::string reason = ErrorReason(status); !reason.empty()) absl::StrAppend(&text, " [", reason, "]");
  return text;
}

}  // namespace esnaf::runtime
