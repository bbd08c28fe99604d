#pragma once

#include "libs/runtime/app.h"

namespace esnaf::gateway {

// The program: its configuration, migrations and parts.
runtime::ServiceDefinition Definition();

}  // namespace esnaf::gateway
