#pragma once

// Does what an automation does with a ticket: all of it, or nothing and the reason.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "services/support/automations/automation.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

struct ActOutcome {
  std::string failure;  // empty: it was done
  std::map<std::string, std::string> results;
};

// On whose behalf and in which chain an automation acts.
struct ActCause {
  std::string trace_parent;
  Time now;
  std::vector<std::string> chain;
  std::set<AutomationEvent> events;                // empty: a timer
  std::optional<contacts::v1::Contact> requester;  // where it is known
};

class AutomationActs {
 public:
  // The writer outlives it.
  explicit AutomationActs(TicketWriter& writer) : writer_(writer) {}

  // Acts on a locked ticket, which is afterwards as it was recorded. An error is one of the database alone.
  absl::StatusOr<ActOutcome> Act(postgres::Tx& tx, const Automation& automation, const ActCause& cause, Ticket& ticket);

 private:
  TicketWriter& writer_;
};

// The reason of an error as a run tells it: ErrorInfo's, else the first field that is wrong, else the code.
std::string FailureOf(const absl::Status& status);

}  // namespace esnaf::support
