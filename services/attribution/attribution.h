#pragma once

// Hangs the parts of attribution into a program.
#include "absl/status/status.h"
#include "libs/runtime/app.h"

namespace esnaf::attribution {

absl::Status Build(runtime::App& app);

}  // namespace esnaf::attribution
