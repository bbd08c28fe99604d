#pragma once

// A first look at a mail, before anything is built of it: a few bytes can ask a MIME parser for a part or a header
// each, so that 25 MiB would fill the machine's memory.
#include <string_view>

#include "absl/status/status.h"
#include "libs/mail/mail.h"

namespace esnaf::mail {

// INVALID_ARGUMENT as Parse: too large, too many lines that could begin a part, too many that could be headers.
absl::Status CheckShape(std::string_view raw, const Limits& limits);

}  // namespace esnaf::mail
