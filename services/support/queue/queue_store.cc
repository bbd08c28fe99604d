#include "services/support/queue/queue_store.h"

#include "libs/base/macros.h"
#include "services/support/queue/queue_wire.h"

namespace esnaf::support {
namespace {

#define ESNAF_AGENT_COLUMNS                                               \
  "a.body, a.version, a.create_time, a.update_time, a.last_assign_time, " \
  "(SELECT count(*) FROM ticket t WHERE t.assignee = a.id AND t.state <= 5) "
#define ESNAF_TEAM_COLUMNS "t.body, t.version, t.create_time, t.update_time "

const postgres::Statement kInsertAgent("support", "insert_agent", R"sql(
INSERT INTO agent (id, body, version, create_time, update_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");
const postgres::Statement kUpdateAgent("support", "update_agent", R"sql(
UPDATE agent SET body = $2, version = $3, update_time = $4 WHERE id = $1
)sql");
const postgres::Statement kDeleteAgent("support", "delete_agent", "DELETE FROM agent WHERE id = $1");
const postgres::Statement kGetAgent("support", "get_agent",
                                    "SELECT " ESNAF_AGENT_COLUMNS "FROM agent a WHERE a.id = $1");
const postgres::Statement kLockAgent("support", "lock_agent",
                                     "SELECT " ESNAF_AGENT_COLUMNS "FROM agent a WHERE a.id = $1 FOR UPDATE OF a");
const postgres::Statement kLockAgentsOf("support", "lock_agents_of_team",
                                        "SELECT FROM agent a WHERE a.body->'teams' ? $1 ORDER BY a.id FOR UPDATE");
const postgres::Statement kAgentsOf("support", "agents_of_team",
                                    "SELECT " ESNAF_AGENT_COLUMNS
                                    "FROM agent a WHERE a.body->'teams' ? $1 ORDER BY a.id");
const postgres::Statement kNoteAssigned("support", "note_assigned",
                                        "UPDATE agent SET last_assign_time = $2 WHERE id = $1");

const postgres::Statement kInsertTeam("support", "insert_team", R"sql(
INSERT INTO team (id, body, version, create_time, update_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");
const postgres::Statement kUpdateTeam("support", "update_team", R"sql(
UPDATE team SET body = $2, version = $3, update_time = $4 WHERE id = $1
)sql");
const postgres::Statement kDeleteTeam("support", "delete_team", "DELETE FROM team WHERE id = $1");
const postgres::Statement kGetTeam("support", "get_team", "SELECT " ESNAF_TEAM_COLUMNS "FROM team t WHERE t.id = $1");
const postgres::Statement kLockTeam("support", "lock_team",
                                    "SELECT " ESNAF_TEAM_COLUMNS "FROM team t WHERE t.id = $1 FOR UPDATE");
const postgres::Statement kTakeTeam("support", "take_team",
                                    "SELECT " ESNAF_TEAM_COLUMNS "FROM team t WHERE t.id = $1 FOR UPDATE SKIP LOCKED");
const postgres::Statement kTeamsToServe("support", "teams_to_serve", R"sql(
SELECT t.id FROM team t
 WHERE t.body->>'assignmentMethod' IN ('ASSIGNMENT_METHOD_ROUND_ROBIN', 'ASSIGNMENT_METHOD_LEAST_LOADED')
   AND EXISTS (SELECT 1 FROM ticket w WHERE w.team = t.id AND w.state <= 2 AND w.assignee = '')
 ORDER BY t.id
)sql");

const postgres::Statement kGetSettings("support", "get_queue_settings",
                                       "SELECT body, version, update_time, update_time FROM queue_settings");
const postgres::Statement kLockSettings(
    "support", "lock_queue_settings", "SELECT body, version, update_time, update_time FROM queue_settings FOR UPDATE");
const postgres::Statement kUpdateSettings("support", "update_queue_settings",
                                          "UPDATE queue_settings SET body = $1, version = $2, update_time = $3");

const postgres::Statement kWaiting("support", "waiting_tickets", R"sql(
SELECT t.id, t.number, t.priority, t.next_due_time, t.create_time, t.tags, s.clv_minor, s.currency_code,
       s.churn_probability
  FROM ticket t LEFT JOIN customer_standing s ON s.contact_id = t.contact_id
 WHERE t.state <= 2 AND t.assignee = '' AND ($1::text IS NULL OR t.team = $1)
   AND (cardinality($2::text[]) = 0 OR t.store_id = ANY ($2::text[]))
)sql");

const postgres::Statement kToAsk("support", "requesters_to_ask", R"sql(
SELECT t.contact_id
  FROM ticket t LEFT JOIN customer_standing s ON s.contact_id = t.contact_id
 WHERE t.state <= 2 AND t.assignee = '' AND t.contact_id IS NOT NULL AND (s.ask_time IS NULL OR s.ask_time < $1)
 GROUP BY t.contact_id, s.ask_time ORDER BY s.ask_time NULLS FIRST, t.contact_id LIMIT $2
)sql");

const postgres::Statement kSaveStandings("support", "save_standings", R"sql(
INSERT INTO customer_standing (contact_id, clv_minor, currency_code, churn_probability, ask_time)
SELECT s.*, $5 FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::float8[]) AS s
    ON CONFLICT (contact_id) DO UPDATE
   SET clv_minor = EXCLUDED.clv_minor, currency_code = EXCLUDED.currency_code,
       churn_probability = EXCLUDED.churn_probability, ask_time = EXCLUDED.ask_time
)sql");

template <typename AnyRecord>
void ReadTimes(const postgres::Row& row, AnyRecord& record) {
  record.version = row.Get<std::int64_t>(1);
  record.create_time = row.Get<Time>(2);
  record.update_time = row.Get<Time>(3);
}

absl::StatusOr<AgentRecord> OneAgent(const postgres::Statement& statement, postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("agent", id);
  return ReadAgent(rows[0]);
}
absl::StatusOr<TeamRecord> OneTeam(const postgres::Statement& statement, postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("team", id);
  return ReadTeam(rows[0]);
}
absl::StatusOr<SettingsRecord> OneSettings(const postgres::Statement& statement, postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement));
  SettingsRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.body, SettingsFromJson(rows[0].Text(0)));
  ReadTimes(rows[0], record);
  return record;
}

}  // namespace

const char kAgentColumns[] = ESNAF_AGENT_COLUMNS;
const char kTeamColumns[] = ESNAF_TEAM_COLUMNS;

absl::StatusOr<AgentRecord> ReadAgent(const postgres::Row& row) {
  AgentRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.body, AgentFromJson(row.Text(0)));
  ReadTimes(row, record);
  record.last_assign_time = row.Get<std::optional<Time>>(4);
  record.open_tickets = row.Get<int>(5);
  return record;
}

absl::StatusOr<TeamRecord> ReadTeam(const postgres::Row& row) {
  TeamRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.body, TeamFromJson(row.Text(0)));
  ReadTimes(row, record);
  return record;
}

absl::StatusOr<bool> InsertAgent(postgres::Tx& tx, const AgentRecord& record) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertAgent, record.body.id, AgentToJson(record.body), record.version,
                                    record.create_time, record.update_time));
  return !rows.empty();
}
absl::Status UpdateAgent(postgres::Tx& tx, const AgentRecord& record) {
  return tx.Execute(kUpdateAgent, record.body.id, AgentToJson(record.body), record.version, record.update_time)
      .status();
}
absl::Status DeleteAgent(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDeleteAgent, id).status(); }
absl::StatusOr<AgentRecord> GetAgent(postgres::Tx& tx, const std::string& id) { return OneAgent(kGetAgent, tx, id); }
absl::StatusOr<AgentRecord> LockAgent(postgres::Tx& tx, const std::string& id) { return OneAgent(kLockAgent, tx, id); }

absl::StatusOr<bool> InsertTeam(postgres::Tx& tx, const TeamRecord& record) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertTeam, record.body.id, TeamToJson(record.body), record.version,
                                    record.create_time, record.update_time));
  return !rows.empty();
}
absl::Status UpdateTeam(postgres::Tx& tx, const TeamRecord& record) {
  return tx.Execute(kUpdateTeam, record.body.id, TeamToJson(record.body), record.version, record.update_time).status();
}
absl::Status DeleteTeam(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDeleteTeam, id).status(); }
absl::StatusOr<TeamRecord> GetTeam(postgres::Tx& tx, const std::string& id) { return OneTeam(kGetTeam, tx, id); }
absl::StatusOr<TeamRecord> LockTeam(postgres::Tx& tx, const std::string& id) { return OneTeam(kLockTeam, tx, id); }

absl::StatusOr<std::optional<TeamRecord>> TakeTeam(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTakeTeam, id));
  if (rows.empty()) return std::nullopt;
  return ReadTeam(rows[0]);
}

absl::StatusOr<std::vector<AgentLoad>> LockAgentsOf(postgres::Tx& tx, const std::string& team) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockAgentsOf, team).status());
  // Only a second statement sees what was given to them while the locks were waited for.
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAgentsOf, team));
  std::vector<AgentLoad> loads;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(AgentRecord record, ReadAgent(rows[i]));
    loads.push_back({std::move(record.body), record.open_tickets, record.last_assign_time});
  }
  return loads;
}

absl::Status NoteAssigned(postgres::Tx& tx, const std::string& agent, Time time) {
  return tx.Execute(kNoteAssigned, agent, time).status();
}

absl::StatusOr<std::vector<std::string>> TeamsToServe(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTeamsToServe));
  std::vector<std::string> teams;
  for (int i = 0; i < rows.size(); ++i) teams.push_back(rows[i].Get<std::string>(0));
  return teams;
}

absl::StatusOr<SettingsRecord> GetSettings(postgres::Tx& tx) { return OneSettings(kGetSettings, tx); }
absl::StatusOr<SettingsRecord> LockSettings(postgres::Tx& tx) { return OneSettings(kLockSettings, tx); }
absl::Status UpdateSettings(postgres::Tx& tx, const SettingsRecord& record) {
  return tx.Execute(kUpdateSettings, SettingsToJson(record.body), record.version, record.update_time).status();
}

absl::StatusOr<std::vector<Waiting>> WaitingTickets(postgres::Tx& tx, const std::optional<std::string>& team,
                                                    const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kWaiting, team, store_ids));
  std::vector<Waiting> waiting(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    WaitingTicket& ticket = waiting[i].ticket;
    ticket = {.id = row.Get<Uuid>(0),
              .number = row.Get<std::int64_t>(1),
              .priority = static_cast<TicketPriority>(row.Get<int>(2)),
              .due_time = row.Get<std::optional<Time>>(3),
              .create_time = row.Get<Time>(4)};
    waiting[i].skills = SkillsOf(row.Get<std::vector<std::string>>(5));
    if (row.IsNull(6)) continue;
    Standing& standing = ticket.standing.emplace();
    standing.clv_minor = row.Get<std::int64_t>(6);
    if (!row.Text(7).empty()) {
      ESNAF_ASSIGN_OR_RETURN(standing.currency, Currency::Parse(row.Text(7)));
    }
    standing.churn_probability = row.Get<std::optional<double>>(8);
  }
  return waiting;
}

absl::StatusOr<std::vector<Uuid>> RequestersToAsk(postgres::Tx& tx, Time since, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kToAsk, since, limit));
  std::vector<Uuid> contacts;
  for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
  return contacts;
}

absl::Status SaveStandings(postgres::Tx& tx, const std::vector<AskedStanding>& standings, Time ask_time) {
  if (standings.empty()) return absl::OkStatus();
  std::vector<Uuid> contacts;
  std::vector<std::int64_t> values;
  std::vector<std::string> currencies;
  std::vector<std::optional<double>> churn;
  for (const auto& [contact_id, standing] : standings) {
    contacts.push_back(contact_id);
    values.push_back(standing.clv_minor);
    currencies.push_back(standing.currency.code());
    churn.push_back(standing.churn_probability);
  }
  return tx.Execute(kSaveStandings, contacts, values, currencies, churn, ask_time).status();
}

}  // namespace esnaf::support
