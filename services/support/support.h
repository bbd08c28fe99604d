#pragma once

// The service support: the help desk of the firm.
#include "libs/runtime/app.h"

namespace esnaf::support {

absl::Status Build(runtime::App& app);

}  // namespace esnaf::support
