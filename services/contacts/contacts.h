#pragma once

// The service as a whole: what main runs and what tests across services start.
#include "libs/runtime/app.h"

namespace esnaf::contacts {

// Name, migrations, statements, configuration and parts.
runtime::ServiceDefinition Definition();

// Hangs the handlers, the feed and, where their addresses are set, the consumers into the program.
absl::Status Build(runtime::App& app);

}  // namespace esnaf::contacts
