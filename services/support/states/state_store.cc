#include "services/support/states/state_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"

#define ESNAF_STATE_COLUMNS                                                                                          \
  "s.id, s.name_tr, s.name_en, s.type, s.store_id, s.position, s.archived, s.is_default, s.version, s.create_time, " \
  "s.update_time"

namespace esnaf::support {
namespace {

constexpr int kMostStates = 500;

const postgres::Statement kCount("support", "count_ticket_states", "SELECT count(*) FROM ticket_state");
const postgres::Statement kOtherDefault("support", "find_other_default_ticket_state", R"sql(
SELECT id FROM ticket_state WHERE store_id = $1 AND type = $2 AND is_default AND id <> $3
)sql");
const postgres::Statement kInsert("support", "insert_ticket_state", R"sql(
INSERT INTO ticket_state (id, name_tr, name_en, type, store_id, position, archived, is_default, version, create_time,
                          update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO NOTHING RETURNING id
)sql");
const postgres::Statement kUpdate("support", "update_ticket_state", R"sql(
UPDATE ticket_state SET name_tr = $2, name_en = $3, position = $4, archived = $5, is_default = $6, version = $7,
                        update_time = $8
 WHERE id = $1
)sql");
const postgres::Statement kIsUsed("support", "is_ticket_state_used",
                                  "SELECT 1 FROM ticket WHERE state_id = $1 AND state_id <> '' LIMIT 1");
const postgres::Statement kDelete("support", "delete_ticket_state", "DELETE FROM ticket_state WHERE id = $1");
const postgres::Statement kGet("support", "get_ticket_state",
                               "SELECT " ESNAF_STATE_COLUMNS " FROM ticket_state s WHERE s.id = $1");
const postgres::Statement kShare("support", "share_ticket_state",
                                 "SELECT " ESNAF_STATE_COLUMNS " FROM ticket_state s WHERE s.id = $1 FOR SHARE");
const postgres::Statement kLock("support", "lock_ticket_state",
                                "SELECT " ESNAF_STATE_COLUMNS " FROM ticket_state s WHERE s.id = $1 FOR UPDATE");

absl::Status CheckDefault(postgres::Tx& tx, const TicketStateRule& state) {
  if (!state.is_default) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kOtherDefault, state.store_id, static_cast<int>(state.type), state.name.id));
  if (rows.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "TICKET_STATE_DEFAULT",
                   "another state is the type's default in the store", {{"id", rows[0].Get<std::string>(0)}});
}

}  // namespace

const char kStateColumns[] = ESNAF_STATE_COLUMNS;

StateRecord ReadState(const postgres::Row& row) {
  return {.body = {.name = {row.Get<std::string>(0), row.Get<std::string>(1), row.Get<std::string>(2)},
                   .type = static_cast<TicketState>(row.Get<int>(3)),
                   .store_id = row.Get<std::string>(4),
                   .position = row.Get<int>(5),
                   .archived = row.Get<bool>(6),
                   .is_default = row.Get<bool>(7)},
          .version = row.Get<std::int64_t>(8),
          .create_time = row.Get<Time>(9),
          .update_time = row.Get<Time>(10)};
}

absl::Status InsertState(postgres::Tx& tx, const StateRecord& record) {
  const TicketStateRule& state = record.body;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result count, tx.Execute(kCount));
  if (count[0].Get<std::int64_t>(0) >= kMostStates) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY", "there are as many as there may be",
                     {{"most", absl::StrCat(kMostStates)}});
  }
  ESNAF_RETURN_IF_ERROR(CheckDefault(tx, state));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsert, state.name.id, state.name.turkish, state.name.english,
                                    static_cast<int>(state.type), state.store_id, state.position, state.archived,
                                    state.is_default, record.version, record.create_time, record.update_time));
  return rows.empty() ? AlreadyExists("TICKET_STATE_ALREADY_EXISTS", state.name.id) : absl::OkStatus();
}

absl::Status UpdateState(postgres::Tx& tx, const StateRecord& record) {
  const TicketStateRule& state = record.body;
  ESNAF_RETURN_IF_ERROR(CheckDefault(tx, state));
  return tx
      .Execute(kUpdate, state.name.id, state.name.turkish, state.name.english, state.position, state.archived,
               state.is_default, record.version, record.update_time)
      .status();
}

absl::Status DeleteState(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result used, tx.Execute(kIsUsed, id));
  if (!used.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "TICKET_STATE_IN_USE",
                     "a ticket is in it; archive it instead", {{"id", id}});
  }
  return tx.Execute(kDelete, id).status();
}

absl::StatusOr<StateRecord> GetState(postgres::Tx& tx, const std::string& id, StateLock lock) {
  const postgres::Statement& statement = lock == StateLock::kNone ? kGet : lock == StateLock::kShared ? kShare : kLock;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("ticket_state", id);
  return ReadState(rows[0]);
}

absl::StatusOr<TicketStateRule> StateForTicket(postgres::Tx& tx, const std::string& id, const std::string& store_id,
                                               const std::string& field) {
  absl::StatusOr<StateRecord> record = GetState(tx, id, StateLock::kShared);
  if (record.status().code() == absl::StatusCode::kNotFound) return InvalidField(field, "is no named state");
  ESNAF_RETURN_IF_ERROR(record.status());
  if (!record->body.store_id.empty() && record->body.store_id != store_id) {
    return InvalidField(field, "is a state of another store");
  }
  if (record->body.archived) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "TICKET_STATE_ARCHIVED", "the state is archived",
                     {{"id", id}});
  }
  return std::move(record->body);
}

absl::StatusOr<std::vector<TicketAction>> WithStates(postgres::Tx& tx, std::vector<TicketAction> actions,
                                                     const std::string& store_id) {
  for (TicketAction& action : actions) {
    if (action.kind != TicketAction::Kind::kState || action.named.id.empty()) continue;
    ESNAF_ASSIGN_OR_RETURN(const TicketStateRule state, StateForTicket(tx, action.named.id, store_id, "state_id"));
    action.state = state.type;
    action.named = state.name;
    if (!VerbTo(state.type)) return InvalidField("state_id", "is of a type that needs more than a name");
  }
  return actions;
}

}  // namespace esnaf::support
