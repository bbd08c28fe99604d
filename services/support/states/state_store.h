#pragma once

// Named states as they are stored.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/records.h"
#include "services/support/tickets/ticket.h"
#include "services/support/tickets/ticket_action.h"

namespace esnaf::support {

// A state with a name of the firm's own.
struct TicketStateRule {
  NamedState name;
  TicketState type = TicketState::kOpen;
  std::string store_id;  // empty: of all
  int position = 0;
  bool archived = false;
  bool is_default = false;
};
using StateRecord = Record<TicketStateRule>;

// ALREADY_EXISTS where the id is taken, RESOURCE_EXHAUSTED where there are 500, FAILED_PRECONDITION with the reason
// `TICKET_STATE_DEFAULT` where the type has its default in the store; the last also of an update.
absl::Status InsertState(postgres::Tx& tx, const StateRecord& record);
absl::Status UpdateState(postgres::Tx& tx, const StateRecord& record);
// FAILED_PRECONDITION with the reason `TICKET_STATE_IN_USE` where a ticket has it. Of a locked one.
absl::Status DeleteState(postgres::Tx& tx, const std::string& id);
// NOT_FOUND where there is none. One that is shared nobody changes before the transaction ends, and one that is locked
// nobody gives to a ticket either.
enum class StateLock { kNone, kShared, kForChange };
absl::StatusOr<StateRecord> GetState(postgres::Tx& tx, const std::string& id, StateLock lock = StateLock::kNone);
// What lists select of `ticket_state s`.
extern const char kStateColumns[];
inline constexpr int kStateColumnCount = 11;
StateRecord ReadState(const postgres::Row& row);

// The named state that a ticket of the store may get; shared. INVALID_ARGUMENT naming `field` where there is none for
// it, FAILED_PRECONDITION with the reason `TICKET_STATE_ARCHIVED`.
absl::StatusOr<TicketStateRule> StateForTicket(postgres::Tx& tx, const std::string& id, const std::string& store_id,
                                               const std::string& field);
// The actions with the types of the named states that they lead to, for a ticket of the store. Errors as
// StateForTicket.
absl::StatusOr<std::vector<TicketAction>> WithStates(postgres::Tx& tx, std::vector<TicketAction> actions,
                                                     const std::string& store_id);

}  // namespace esnaf::support
