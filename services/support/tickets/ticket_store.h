#pragma once

// Tickets, their messages and events as they are stored.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

// Writes new tickets, one at least, each of its own id, and gives them their numbers. Answers the ids of those that
// were written: of the others there is a ticket of the id or external id already.
absl::StatusOr<std::set<Uuid>> InsertTickets(postgres::Tx& tx, const std::vector<Ticket*>& tickets);
// Writes locked tickets, one at least, each once, all but their links.
absl::Status UpdateTickets(postgres::Tx& tx, const std::vector<const Ticket*>& tickets);
// Writes only what came of the promises.
absl::Status UpdateTicketsSla(postgres::Tx& tx, const std::vector<Ticket>& tickets);

absl::StatusOr<std::optional<Ticket>> FindTicket(postgres::Tx& tx, const Uuid& id);
// Those that there are.
absl::StatusOr<std::map<Uuid, Ticket>> FindTickets(postgres::Tx& tx, const std::vector<Uuid>& ids);
// The same, locked in the order of their ids.
absl::StatusOr<std::map<Uuid, Ticket>> LockTickets(postgres::Tx& tx, const std::vector<Uuid>& ids);

absl::Status AddMessages(postgres::Tx& tx, const std::vector<TicketMessage>& messages);
// The message of the external id; none where there is none.
absl::StatusOr<std::optional<TicketMessage>> FindMessage(postgres::Tx& tx, const Uuid& ticket_id,
                                                         const std::string& external_id);
// The ticket's own messages of these ids, oldest first.
absl::StatusOr<std::vector<TicketMessage>> FindMessages(postgres::Tx& tx, const Uuid& ticket_id,
                                                        const std::vector<Uuid>& ids);
// One at least, each with its ticket.
absl::Status AddEvents(postgres::Tx& tx, const std::vector<std::pair<Uuid, const TicketEvent*>>& events);
// What the clocks know of each ticket, in the order in which it happened.
absl::StatusOr<std::map<Uuid, std::vector<SlaFact>>> FactsOf(postgres::Tx& tx, const std::vector<Uuid>& ids);

// Tickets that wait for the clock, locked, at most `limit`; those that another transaction holds are left out.
// Whose timer is before `now`, or whose clocks were reckoned under another revision.
absl::StatusOr<std::vector<Ticket>> LockDueForSla(postgres::Tx& tx, Time now, std::int64_t revision, int limit);
// Whose state changes by itself by `now`.
absl::StatusOr<std::vector<Ticket>> LockDueToWake(postgres::Tx& tx, Time now, int limit);

// What lists select of `ticket t`, `ticket_message m` and `ticket_event e`, and how a row is read.
extern const char kTicketColumns[];
inline constexpr int kTicketColumnCount = 43;
absl::StatusOr<Ticket> ReadTicket(const postgres::Row& row);
extern const char kMessageColumns[];
inline constexpr int kMessageColumnCount = 12;
TicketMessage ReadMessage(const postgres::Row& row);
extern const char kEventColumns[];
inline constexpr int kEventColumnCount = 9;
TicketEvent ReadEvent(const postgres::Row& row);

// `cluster` (id): the ticket $1 and those that were merged into it, over any number of merges.
inline constexpr char kMergedTickets[] = R"sql(
WITH RECURSIVE cluster (id) AS (
  SELECT $1::uuid
  UNION
  SELECT t.id FROM cluster c JOIN ticket t ON t.merged_into_id = c.id)
SELECT id FROM cluster
)sql";

struct SupportSums {
  std::int64_t tickets = 0;
  std::int64_t open = 0;
  std::int64_t breached = 0;
  std::optional<Time> last_message_time;
  std::vector<Ticket> newest_open;  // at most ten
};
// Of these people, of these stores; of all where there are none.
absl::StatusOr<SupportSums> SumTickets(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                       const std::vector<std::string>& store_ids);

}  // namespace esnaf::support
