#pragma once

// Hangs the web chat into the service: its RPCs, the feeder of its streams, its timers and its bots.
#include <vector>

#include "libs/runtime/app.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

std::vector<runtime::ConfigKey> ChatKeys();
// Writer and requesters outlive the app's parts.
absl::Status BuildChat(runtime::App& app, TicketWriter& writer, Requesters& requesters);

}  // namespace esnaf::support
