#include "services/support/history/requester_history_service.h"

#include <set>

#include "libs/api/list_query.h"
#include "libs/identity/identity.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

const api::FieldTable& MessageFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "create_time", .sql = "m.create_time", .type = api::FieldType::kTime}}, .id_sql = "m.id"};
  return kFields;
}

// The tickets of the person's contacts $2 in the stores $3 that the caller may see.
constexpr char kTheirTickets[] = R"sql(
SELECT o.id FROM ticket o
 WHERE o.contact_id = ANY ($2::uuid[]) AND o.state <> 9
   AND (cardinality($3::text[]) = 0 OR o.store_id = ANY ($3::text[]))
)sql";

// What was split off stands where it was said, or in the ticket itself; only where nobody sees it there, where it was
// split off to.
std::string SaidElsewhere() {
  return absl::StrCat("m.ticket_id IN (", kTheirTickets, ") AND m.ticket_id NOT IN (", kMergedTickets,
                      ") AND coalesce(m.copied_from_id, m.id) NOT IN ("
                      "SELECT c.copied_from_id FROM ticket_message c "
                      "WHERE c.copied_from_id IS NOT NULL AND c.ticket_id IN (",
                      kMergedTickets,
                      ")) AND (m.copied_from_id IS NULL OR NOT EXISTS ("
                      "SELECT FROM ticket_message s WHERE s.id = m.copied_from_id AND (s.ticket_id IN (",
                      kTheirTickets, ") OR s.ticket_id IN (", kMergedTickets, "))))");
}

absl::Status AddTickets(postgres::Tx& tx, v1::ListRequesterMessagesResponse& response) {
  std::vector<Uuid> ids;
  for (const v1::TicketMessage& message : response.messages()) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(message.ticket_id(), "ticket_id"));
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  ESNAF_ASSIGN_OR_RETURN(const auto tickets, FindTickets(tx, ids));
  for (const Uuid& id : ids) *response.add_tickets() = TicketToProto(tickets.at(id));
  return absl::OkStatus();
}

}  // namespace

runtime::RpcService RequesterHistoryService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.RequesterHistoryService");
  rpcs.Unary("ListRequesterMessages", this, &RequesterHistoryService::ListRequesterMessages);
  return rpcs;
}

absl::StatusOr<v1::ListRequesterMessagesResponse> RequesterHistoryService::ListRequesterMessages(
    Call& call, const v1::ListRequesterMessagesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket_id(), "ticket_id"));
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, MessageFields(), {.default_order = "create_time desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListRequesterMessagesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, VisibleTicket(call, tx, id));
    v1::ListRequesterMessagesResponse response;
    if (!ticket.contact_id) return response;
    ESNAF_ASSIGN_OR_RETURN(const Uuid person, identity::CanonicalOf(tx, *ticket.contact_id));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, person));
    const api::SqlQuery sql =
        query.Select(kMessageColumns, "ticket_message m", SaidElsewhere(), {id, cluster, call.caller().store_ids});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_messages() = MessageToProto(ReadMessage(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kMessageColumnCount));
    ESNAF_RETURN_IF_ERROR(AddTickets(tx, response));
    return response;
  });
}

}  // namespace esnaf::support
