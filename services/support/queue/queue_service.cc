#include "services/support/queue/queue_service.h"

#include <map>

#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/macros.h"
#include "services/support/queue/queue_wire.h"
#include "services/support/tickets/ticket_store.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::string_view kDesk = "agents, teams and the queue";
constexpr std::string_view kAllTeams = "-";
constexpr int kUsualQueue = 50;
constexpr int kMostQueue = 500;

v1::Agent ToProto(const AgentRecord& record) {
  v1::Agent message = WithRecord(AgentToProto(record.body), record);
  message.set_open_ticket_count(record.open_tickets);
  if (record.last_assign_time) *message.mutable_last_assign_time() = api::ToProto(*record.last_assign_time);
  return message;
}
v1::Team ToProto(const TeamRecord& record) { return WithRecord(TeamToProto(record.body), record); }
v1::QueueSettings ToProto(const SettingsRecord& record) {
  v1::QueueSettings message = SettingsToProto(record.body);
  message.set_etag(absl::StrCat(record.version));
  *message.mutable_update_time() = api::ToProto(record.update_time);
  return message;
}

const api::FieldTable& AgentFields() {
  static const api::FieldTable kFields{.fields = {{.name = "id", .sql = "a.id"}}, .id_sql = "a.id"};
  return kFields;
}
const api::FieldTable& TeamFields() {
  static const api::FieldTable kFields{.fields = {{.name = "id", .sql = "t.id"}}, .id_sql = "t.id"};
  return kFields;
}

}  // namespace

runtime::RpcService QueueService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.QueueService");
  rpcs.Unary("CreateAgent", this, &QueueService::CreateAgent)
      .Unary("GetAgent", this, &QueueService::GetAgent)
      .Unary("ListAgents", this, &QueueService::ListAgents)
      .Unary("UpdateAgent", this, &QueueService::UpdateAgent)
      .Unary("DeleteAgent", this, &QueueService::DeleteAgent)
      .Unary("CreateTeam", this, &QueueService::CreateTeam)
      .Unary("GetTeam", this, &QueueService::GetTeam)
      .Unary("ListTeams", this, &QueueService::ListTeams)
      .Unary("UpdateTeam", this, &QueueService::UpdateTeam)
      .Unary("DeleteTeam", this, &QueueService::DeleteTeam)
      .Unary("GetQueueSettings", this, &QueueService::GetQueueSettings)
      .Unary("UpdateQueueSettings", this, &QueueService::UpdateQueueSettings)
      .Unary("ListQueuedTickets", this, &QueueService::ListQueuedTickets)
      .Unary("TakeQueuedTicket", this, &QueueService::TakeQueuedTicket);
  return rpcs;
}

absl::StatusOr<v1::Agent> QueueService::CreateAgent(Call& call, const v1::CreateAgentRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  AgentRecord record{{.create_time = call.now(), .update_time = call.now()}};
  ESNAF_ASSIGN_OR_RETURN(record.body, AgentFromProto(request.agent()));
  using Answer = absl::StatusOr<v1::Agent>;
  return call.Mutate<v1::Agent>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertAgent(tx, record));
    if (!inserted) return AlreadyExists("AGENT_ALREADY_EXISTS", record.body.id);
    ESNAF_ASSIGN_OR_RETURN(const AgentRecord made, support::GetAgent(tx, record.body.id));
    return ToProto(made);
  });
}

absl::StatusOr<v1::Agent> QueueService::GetAgent(Call& call, const v1::GetAgentRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Agent> {
    ESNAF_ASSIGN_OR_RETURN(const AgentRecord record, support::GetAgent(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListAgentsResponse> QueueService::ListAgents(Call& call, const v1::ListAgentsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, AgentFields(), {.default_order = "id"}));
  const api::SqlQuery sql = query.Select(kAgentColumns, "agent a");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListAgentsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListAgentsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const AgentRecord record, ReadAgent(rows[i]));
      *response.add_agents() = ToProto(record);
    }
    response.set_next_page_token(query.NextPageToken(rows, kAgentColumnCount));
    return response;
  });
}

absl::StatusOr<v1::Agent> QueueService::UpdateAgent(Call& call, const v1::UpdateAgentRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  using Answer = absl::StatusOr<v1::Agent>;
  return call.Mutate<v1::Agent>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(AgentRecord record, LockAgent(tx, request.agent().id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.agent().etag(), record));
    v1::Agent merged = AgentToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.agent());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.agent(), "agent", merged));
    merged.set_id(record.body.id);
    ESNAF_ASSIGN_OR_RETURN(Agent agent, AgentFromProto(merged));
    if (Change(record, std::move(agent), call.now())) ESNAF_RETURN_IF_ERROR(support::UpdateAgent(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteAgentResponse> QueueService::DeleteAgent(Call& call, const v1::DeleteAgentRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  using Answer = absl::StatusOr<v1::DeleteAgentResponse>;
  return call.Mutate<v1::DeleteAgentResponse>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const AgentRecord record, LockAgent(tx, request.id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
    ESNAF_RETURN_IF_ERROR(support::DeleteAgent(tx, request.id()));
    return v1::DeleteAgentResponse();
  });
}

absl::StatusOr<v1::Team> QueueService::CreateTeam(Call& call, const v1::CreateTeamRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  TeamRecord record{.create_time = call.now(), .update_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(record.body, TeamFromProto(request.team()));
  using Answer = absl::StatusOr<v1::Team>;
  return call.Mutate<v1::Team>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertTeam(tx, record));
    if (!inserted) return AlreadyExists("TEAM_ALREADY_EXISTS", record.body.id);
    return ToProto(record);
  });
}

absl::StatusOr<v1::Team> QueueService::GetTeam(Call& call, const v1::GetTeamRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Team> {
    ESNAF_ASSIGN_OR_RETURN(const TeamRecord record, support::GetTeam(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListTeamsResponse> QueueService::ListTeams(Call& call, const v1::ListTeamsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, TeamFields(), {.default_order = "id"}));
  const api::SqlQuery sql = query.Select(kTeamColumns, "team t");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTeamsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTeamsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const TeamRecord record, ReadTeam(rows[i]));
      *response.add_teams() = ToProto(record);
    }
    response.set_next_page_token(query.NextPageToken(rows, kTeamColumnCount));
    return response;
  });
}

absl::StatusOr<v1::Team> QueueService::UpdateTeam(Call& call, const v1::UpdateTeamRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  using Answer = absl::StatusOr<v1::Team>;
  return call.Mutate<v1::Team>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(TeamRecord record, LockTeam(tx, request.team().id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.team().etag(), record));
    v1::Team merged = TeamToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.team());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.team(), "team", merged));
    merged.set_id(record.body.id);
    ESNAF_ASSIGN_OR_RETURN(Team team, TeamFromProto(merged));
    if (Change(record, std::move(team), call.now())) ESNAF_RETURN_IF_ERROR(support::UpdateTeam(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteTeamResponse> QueueService::DeleteTeam(Call& call, const v1::DeleteTeamRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  using Answer = absl::StatusOr<v1::DeleteTeamResponse>;
  return call.Mutate<v1::DeleteTeamResponse>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const TeamRecord record, LockTeam(tx, request.id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
    ESNAF_RETURN_IF_ERROR(support::DeleteTeam(tx, request.id()));
    return v1::DeleteTeamResponse();
  });
}

absl::StatusOr<v1::QueueSettings> QueueService::GetQueueSettings(Call& call, const v1::GetQueueSettingsRequest&) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::QueueSettings> {
    ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
    return ToProto(record);
  });
}

absl::StatusOr<v1::QueueSettings> QueueService::UpdateQueueSettings(Call& call,
                                                                    const v1::UpdateQueueSettingsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kDesk));
  using Answer = absl::StatusOr<v1::QueueSettings>;
  return call.Mutate<v1::QueueSettings>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(SettingsRecord record, LockSettings(tx));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.settings().etag(), record));
    v1::QueueSettings merged = SettingsToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.settings());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.settings(), "settings", merged));
    ESNAF_ASSIGN_OR_RETURN(QueueSettings settings, SettingsFromProto(merged));
    if (Change(record, std::move(settings), call.now())) ESNAF_RETURN_IF_ERROR(UpdateSettings(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListQueuedTicketsResponse> QueueService::ListQueuedTickets(
    Call& call, const v1::ListQueuedTicketsRequest& request) {
  if (request.page_size() < 0) return InvalidField("page_size", "is negative");
  const int shown = request.page_size() == 0 ? kUsualQueue : std::min(request.page_size(), kMostQueue);
  const std::optional<std::string> team = request.team() == kAllTeams ? std::nullopt : std::optional(request.team());
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListQueuedTicketsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const SettingsRecord settings, GetSettings(tx));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Waiting> waiting, WaitingTickets(tx, team, call.caller().store_ids));
    std::map<Uuid, std::optional<Standing>> standings;
    std::vector<WaitingTicket> tickets;
    for (const Waiting& one : waiting) {
      standings.emplace(one.ticket.id, one.ticket.standing);
      tickets.push_back(one.ticket);
    }
    std::vector<QueueRank> ranks = RankQueue(std::move(tickets), settings.body);
    v1::ListQueuedTicketsResponse response;
    response.set_waiting_count(static_cast<int>(ranks.size()));
    if (ranks.size() > static_cast<std::size_t>(shown)) ranks.resize(shown);
    std::vector<Uuid> ids;
    for (const QueueRank& rank : ranks) ids.push_back(rank.ticket_id);
    ESNAF_ASSIGN_OR_RETURN(const auto found, FindTickets(tx, ids));
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      v1::QueuedTicket& queued = *response.add_tickets();
      *queued.mutable_ticket() = TicketToProto(found.at(ids[i]));
      *queued.mutable_position() = PositionToProto(ranks[i], static_cast<int>(i) + 1, standings.at(ids[i]));
    }
    return response;
  });
}

absl::StatusOr<v1::Ticket> QueueService::TakeQueuedTicket(Call& call, const v1::TakeQueuedTicketRequest& request) {
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket,
                           assigner_.Take(tx, CauseOf(call), request.team(), request.agent(), call.caller().store_ids));
    return TicketToProto(ticket);
  });
}

}  // namespace esnaf::support
