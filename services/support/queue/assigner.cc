#include "services/support/queue/assigner.h"

#include <map>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 100;

struct Queue {
  std::vector<QueueRank> ranks;
  std::map<Uuid, std::set<std::string>> skills;
};

absl::StatusOr<Queue> QueueOf(postgres::Tx& tx, const std::string& team, const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<Waiting> waiting, WaitingTickets(tx, team, store_ids));
  ESNAF_ASSIGN_OR_RETURN(const SettingsRecord settings, GetSettings(tx));
  Queue queue;
  std::vector<WaitingTicket> tickets;
  for (Waiting& one : waiting) {
    queue.skills.emplace(one.ticket.id, std::move(one.skills));
    tickets.push_back(std::move(one.ticket));
  }
  queue.ranks = RankQueue(std::move(tickets), settings.body);
  return queue;
}

}  // namespace

absl::StatusOr<std::optional<Ticket>> Assigner::Give(postgres::Tx& tx, const Cause& cause, const std::string& team,
                                                     const Uuid& ticket_id, const std::string& agent,
                                                     Time assign_time) {
  ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {ticket_id}));
  if (locked.empty()) return std::nullopt;
  Ticket& ticket = locked.begin()->second;
  // Somebody may have been quicker than the reading of the queue.
  const bool waits = ticket.state == TicketState::kNew || ticket.state == TicketState::kOpen;
  if (!waits || !ticket.assignee.empty() || ticket.team != team) return std::nullopt;
  Ticket assigned = ticket;
  assigned.assignee = agent;
  const TicketEvent event = AssignedEvent(ticket, assigned, cause.actor);
  ticket = std::move(assigned);
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
  ESNAF_RETURN_IF_ERROR(NoteAssigned(tx, agent, assign_time));
  return std::move(ticket);
}

absl::StatusOr<bool> Assigner::ShareSome(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<std::string> teams, TeamsToServe(tx));
  for (const std::string& id : teams) {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<TeamRecord> team, TakeTeam(tx, id));
    if (!team) continue;
    // Each team's agents and tickets are locked in a transaction of their own.
    ESNAF_ASSIGN_OR_RETURN(const int given, ShareOf(tx, team->body, now));
    if (given > 0) return true;
  }
  return false;
}

absl::StatusOr<int> Assigner::ShareOf(postgres::Tx& tx, const Team& team, Time now) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<AgentLoad> agents, LockAgentsOf(tx, team.id));
  const bool has_room = std::any_of(agents.begin(), agents.end(), HasRoom);
  if (!has_room) return 0;
  ESNAF_ASSIGN_OR_RETURN(const Queue queue, QueueOf(tx, team.id, {}));
  const Cause cause = OwnCause(now);
  int given = 0;
  for (const QueueRank& rank : queue.ranks) {
    AgentLoad* chosen = ChooseAgent(team, queue.skills.at(rank.ticket_id), agents);
    if (chosen == nullptr) continue;
    if (given == kAtOnce) break;
    // Those given in one step follow one another.
    const Time assign_time = now + Duration(given);
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Ticket> ticket,
                           Give(tx, cause, team.id, rank.ticket_id, chosen->agent.id, assign_time));
    if (!ticket) continue;
    ++given;
    ++chosen->open_tickets;
    chosen->last_assign_time = assign_time;
  }
  return given;
}

absl::StatusOr<Ticket> Assigner::Take(postgres::Tx& tx, const Cause& cause, const std::string& team,
                                      const std::string& agent, const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const AgentRecord record, LockAgent(tx, agent));
  if (!MayTake(record.body, team, {})) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "AGENT_NOT_IN_TEAM", "the agent is not of the team",
                     {{"agent", agent}, {"team", team}});
  }
  ESNAF_ASSIGN_OR_RETURN(const Queue queue, QueueOf(tx, team, store_ids));
  for (const QueueRank& rank : queue.ranks) {
    if (!MayTake(record.body, team, queue.skills.at(rank.ticket_id))) continue;
    ESNAF_ASSIGN_OR_RETURN(std::optional<Ticket> ticket, Give(tx, cause, team, rank.ticket_id, agent, cause.now));
    if (ticket) return *std::move(ticket);
  }
  return MakeError(absl::StatusCode::kNotFound, "QUEUED_TICKET_NOT_FOUND",
                   "no ticket that the agent has the skills for waits for the team", {{"team", team}});
}

}  // namespace esnaf::support
