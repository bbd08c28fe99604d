#pragma once

// The orders service, put together.
#include "absl/status/status.h"
#include "libs/runtime/app.h"

namespace esnaf::orders {

absl::Status Build(runtime::App& app);

}  // namespace esnaf::orders
