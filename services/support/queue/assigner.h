#pragma once

// Gives waiting tickets to agents, in the order of the queue.
#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/queue/queue_store.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class Assigner {
 public:
  explicit Assigner(TicketWriter& writer) : writer_(writer) {}

  // Shares out the tickets of one team that does so by itself, at most 100 of them; a worker's step. True where more
  // may be left. Teams that another replica serves are left out.
  absl::StatusOr<bool> ShareSome(postgres::Tx& tx, Time now);

  // Gives the agent the first ticket of the team's queue that he or she may take. NOT_FOUND with the reason
  // `QUEUED_TICKET_NOT_FOUND` where there is none, FAILED_PRECONDITION with `AGENT_NOT_IN_TEAM`. Store ids as
  // WaitingTickets.
  absl::StatusOr<Ticket> Take(postgres::Tx& tx, const Cause& cause, const std::string& team, const std::string& agent,
                              const std::vector<std::string>& store_ids);

 private:
  // How many tickets were given.
  absl::StatusOr<int> ShareOf(postgres::Tx& tx, const Team& team, Time now);
  // The ticket with its new assignee; none where it does not wait for the team any more.
  absl::StatusOr<std::optional<Ticket>> Give(postgres::Tx& tx, const Cause& cause, const std::string& team,
                                             const Uuid& ticket_id, const std::string& agent, Time assign_time);

  TicketWriter& writer_;
};

}  // namespace esnaf::support
