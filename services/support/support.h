#pragma once

// The service support: the help desk of the firm.
#include <vector>

#include "libs/runtime/app.h"

namespace esnaf::support {

// What the service reads from its configuration besides what every service does.
std::vector<runtime::ConfigKey> Keys();
absl::Status Build(runtime::App& app);

}  // namespace esnaf::support
