#include "services/support/sla/past_tickets.h"

#include "libs/base/macros.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 2000;

const postgres::Statement kTickets("support", "past_tickets", R"sql(
SELECT id, number, create_time, priority, channel, type, team, store_id, tags, assignee, state
  FROM ticket
 WHERE create_time >= $1 AND create_time < $2 AND (create_time, id) > ($1, $3::uuid) AND state NOT IN (8, 9)
   AND (cardinality($4::text[]) = 0 OR store_id = ANY ($4::text[]))
 ORDER BY create_time, id LIMIT $5
)sql");

PastTicket ReadPastTicket(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .number = row.Get<std::int64_t>(1),
          .subject = {static_cast<TicketPriority>(row.Get<int>(3)), row.Get<int>(4), row.Get<std::string>(5),
                      row.Get<std::string>(6), row.Get<std::string>(7), row.Get<std::vector<std::string>>(8)},
          .assignee = row.Get<std::string>(9),
          .state = static_cast<TicketState>(row.Get<int>(10))};
}

absl::Status AddFacts(postgres::Tx& tx, std::vector<PastTicket>& tickets) {
  std::vector<Uuid> ids;
  for (const PastTicket& ticket : tickets) ids.push_back(ticket.id);
  ESNAF_ASSIGN_OR_RETURN(auto facts, FactsOf(tx, ids));
  for (PastTicket& ticket : tickets) ticket.facts = std::move(facts[ticket.id]);
  return absl::OkStatus();
}

}  // namespace

absl::Status VisitPastTickets(postgres::Tx& tx, const PastTicketScope& scope, const std::function<bool()>& cancelled,
                              const std::function<void(const PastTicket&)>& visit) {
  Time from = scope.start;
  Uuid after;
  for (bool more = true; more;) {
    if (cancelled()) return absl::CancelledError("nobody waits for the answer any more");
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                           tx.Execute(kTickets, from, scope.end, after, scope.store_ids, kAtOnce));
    std::vector<PastTicket> tickets;
    for (int i = 0; i < rows.size(); ++i) tickets.push_back(ReadPastTicket(rows[i]));
    more = rows.size() == kAtOnce;
    if (tickets.empty()) break;
    from = rows[rows.size() - 1].Get<Time>(2);
    after = tickets.back().id;
    ESNAF_RETURN_IF_ERROR(AddFacts(tx, tickets));
    for (const PastTicket& ticket : tickets) {
      if (!ticket.facts.empty()) visit(ticket);
    }
  }
  return absl::OkStatus();
}

}  // namespace esnaf::support
