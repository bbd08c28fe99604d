#pragma once

// Agents, teams, the queue and what is known of requesters, as they are stored.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/queue/queue_rank.h"
#include "services/support/queue/team.h"
#include "services/support/records.h"

namespace esnaf::support {

struct AgentRecord : Record<Agent> {
  int open_tickets = 0;
  std::optional<Time> last_assign_time;
};
using TeamRecord = Record<Team>;

// Inserts answer false where the id is taken. Get and Lock are NOT_FOUND with the reason `AGENT_NOT_FOUND` or
// `TEAM_NOT_FOUND`; locks hold until the transaction ends.
absl::StatusOr<bool> InsertAgent(postgres::Tx& tx, const AgentRecord& record);
absl::Status UpdateAgent(postgres::Tx& tx, const AgentRecord& record);
absl::Status DeleteAgent(postgres::Tx& tx, const std::string& id);
absl::StatusOr<AgentRecord> GetAgent(postgres::Tx& tx, const std::string& id);
absl::StatusOr<AgentRecord> LockAgent(postgres::Tx& tx, const std::string& id);
absl::StatusOr<bool> InsertTeam(postgres::Tx& tx, const TeamRecord& record);
absl::Status UpdateTeam(postgres::Tx& tx, const TeamRecord& record);
absl::Status DeleteTeam(postgres::Tx& tx, const std::string& id);
absl::StatusOr<TeamRecord> GetTeam(postgres::Tx& tx, const std::string& id);
absl::StatusOr<TeamRecord> LockTeam(postgres::Tx& tx, const std::string& id);
// The team, locked; none where there is none or another transaction holds it.
absl::StatusOr<std::optional<TeamRecord>> TakeTeam(postgres::Tx& tx, const std::string& id);

// What lists select of `agent a` or `team t`, and how a row is read.
extern const char kAgentColumns[];
inline constexpr int kAgentColumnCount = 6;
absl::StatusOr<AgentRecord> ReadAgent(const postgres::Row& row);
extern const char kTeamColumns[];
inline constexpr int kTeamColumnCount = 4;
absl::StatusOr<TeamRecord> ReadTeam(const postgres::Row& row);

// Every agent of a team with what he or she has to do, locked in the order of their ids.
absl::StatusOr<std::vector<AgentLoad>> LockAgentsOf(postgres::Tx& tx, const std::string& team);
absl::Status NoteAssigned(postgres::Tx& tx, const std::string& agent, Time time);
// The teams that share work by themselves and have tickets that wait.
absl::StatusOr<std::vector<std::string>> TeamsToServe(postgres::Tx& tx);

struct SettingsRecord : Record<QueueSettings> {};
absl::StatusOr<SettingsRecord> GetSettings(postgres::Tx& tx);
absl::StatusOr<SettingsRecord> LockSettings(postgres::Tx& tx);
absl::Status UpdateSettings(postgres::Tx& tx, const SettingsRecord& record);

struct Waiting {
  WaitingTicket ticket;
  std::set<std::string> skills;
};
// Tickets that are new or open and have no assignee, of a team, or of all where none is given, and of these stores, or
// of all where there are none.
absl::StatusOr<std::vector<Waiting>> WaitingTickets(postgres::Tx& tx, const std::optional<std::string>& team,
                                                    const std::vector<std::string>& store_ids);

// Requesters of open tickets of whom nothing was asked since `since`, those never asked first.
absl::StatusOr<std::vector<Uuid>> RequestersToAsk(postgres::Tx& tx, Time since, int limit);
struct AskedStanding {
  Uuid contact_id;
  Standing standing;
};
absl::Status SaveStandings(postgres::Tx& tx, const std::vector<AskedStanding>& standings, Time ask_time);

}  // namespace esnaf::support
