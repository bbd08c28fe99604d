#pragma once

// Automations between messages, the store's JSON and domain.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/automations.pb.h"
#include "services/support/automations/automation.h"

namespace esnaf::support {

// Adds what is wrong, by the names of the contract below `field`; the automation is then of no use. Whether what it
// names by an id exists is not asked.
Automation AutomationFromProto(const v1::Automation& message, const std::string& field, FieldViolations& violations);

// What is told of one time that an automation acted or did not; kept as it is.
v1::AutomationRun RunToProto(const Automation& automation, const Ticket& ticket,
                             const std::set<AutomationEvent>& events, const Judgement& judgement, Time now);

// The parts of what the outbox tells of a ticket.
TicketEvent EventFromProto(const v1::TicketEvent& message);
// The ticket as it was, all that conditions look at.
Ticket SnapshotFromProto(const v1::Ticket& message);

}  // namespace esnaf::support
