#pragma once

// What the outbox tells, as automations see it.
#include <optional>

#include "esnaf/support/v1/tickets.pb.h"
#include "services/support/automations/automation.h"
#include "services/support/automations/automation_store.h"

namespace esnaf::support {

struct AutomationNotice {
  Uuid ticket_id;
  AutomationHappening happening;
  std::optional<v1::Ticket> ticket;  // as it was right after it; of an answer none
  std::optional<TicketEvent> event;  // the entry of the trail, where it is one
};

// None where the event is about nothing that automations see.
std::optional<AutomationNotice> NoticeOf(const OutboxEvent& event);

}  // namespace esnaf::support
