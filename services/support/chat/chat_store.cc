#include "services/support/chat/chat_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/chat/chat_wire.h"

namespace esnaf::support {
namespace {

#define ESNAF_CHAT_COLUMNS                                                                            \
  "c.id, c.store_id, c.state, c.agent, c.visitor_name, c.visitor_email, c.visitor_phone, c.page, "    \
  "c.locale, c.last_sequence, c.bot_sequence, c.bot_due_time, c.wait_time, c.take_time, c.end_time, " \
  "c.timer_time, c.version, c.create_time, c.update_time "
#define ESNAF_CHAT_EVENT_COLUMNS                                                          \
  "e.sequence, e.kind, e.author, e.author_name, coalesce(m.text, e.text), e.message_id, " \
  "e.client_message_id, e.suggestions, e.state, e.asks_email, e.create_time "

const postgres::Statement kInsert("support", "insert_chat", R"sql(
INSERT INTO chat (id, store_id, state, agent, visitor_name, visitor_email, visitor_phone, page, locale, last_sequence,
                  bot_sequence, bot_due_time, wait_time, take_time, end_time, timer_time, version, create_time,
                  update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
)sql");
const postgres::Statement kUpdate("support", "update_chat", R"sql(
UPDATE chat SET state = $2, agent = $3, visitor_name = $4, visitor_email = $5, visitor_phone = $6, last_sequence = $7,
                bot_sequence = $8, bot_due_time = $9, wait_time = $10, take_time = $11, end_time = $12,
                timer_time = $13, version = $14, update_time = $15
 WHERE id = $1
)sql");
const postgres::Statement kFind("support", "find_chat", "SELECT " ESNAF_CHAT_COLUMNS "FROM chat c WHERE c.id = $1");
const postgres::Statement kLock("support", "lock_chat",
                                "SELECT " ESNAF_CHAT_COLUMNS "FROM chat c WHERE c.id = $1 FOR UPDATE");
const postgres::Statement kFindSome("support", "find_chats",
                                    "SELECT " ESNAF_CHAT_COLUMNS "FROM chat c WHERE c.id = ANY ($1::uuid[])");
const postgres::Statement kLive("support", "live_chats",
                                "SELECT " ESNAF_CHAT_COLUMNS
                                "FROM chat c WHERE c.state <= 3 ORDER BY c.create_time, c.id LIMIT $1");
const postgres::Statement kCountLive("support", "count_live_chats", R"sql(
SELECT count(*) FROM chat WHERE state <= 3 AND store_id = $1
)sql");
const postgres::Statement kDue("support", "due_chats", R"sql(
SELECT id FROM chat WHERE timer_time <= $1 ORDER BY timer_time, id LIMIT 1
)sql");
const postgres::Statement kPutOffTimer("support", "put_off_chat_timer", R"sql(
UPDATE chat SET timer_time = $3 WHERE id = $1 AND timer_time <= $2
)sql");
// Those that are being asked are due when their lease ends. A store whose bot is slow takes up no more workers than
// two, or for a moment a few more, where several claim at once.
const postgres::Statement kClaimForBot(
    "support", "claim_chat_for_bot",
    "UPDATE chat c SET bot_due_time = $2 WHERE c.id = ("
    "SELECT d.id FROM chat d WHERE d.bot_due_time <= $1 AND (SELECT count(*) "
    "FROM chat b WHERE b.bot_due_time > $1 AND b.store_id = d.store_id) < 2 "
    "ORDER BY d.bot_due_time, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED) RETURNING " ESNAF_CHAT_COLUMNS);

const postgres::Statement kAddEvent("support", "add_chat_event", R"sql(
INSERT INTO chat_event (chat_id, sequence, kind, author, author_name, text, message_id, client_message_id, suggestions,
                        state, asks_email, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
)sql");
const postgres::Statement kSetSuggestions("support", "set_chat_suggestions", R"sql(
UPDATE chat_event SET suggestions = $3 WHERE chat_id = $1 AND sequence = $2
)sql");
const postgres::Statement kEventsBehind(
    "support", "chat_events_behind",
    "SELECT " ESNAF_CHAT_EVENT_COLUMNS
    ", e.chat_id FROM unnest($1::uuid[], $2::bigint[]) AS w (id, after) "
    "JOIN chat_event e ON e.chat_id = w.id AND e.sequence > w.after "
    "LEFT JOIN ticket_message m ON m.id = e.message_id ORDER BY e.chat_id, e.sequence LIMIT $3");
const postgres::Statement kEventOfMessage("support", "chat_event_of_message",
                                          "SELECT " ESNAF_CHAT_EVENT_COLUMNS
                                          "FROM chat_event e LEFT JOIN ticket_message m ON m.id = e.message_id "
                                          "WHERE e.chat_id = $1 AND e.message_id = $2");
const postgres::Statement kNextQuestion("support", "next_chat_question",
                                        "SELECT " ESNAF_CHAT_EVENT_COLUMNS
                                        "FROM chat_event e LEFT JOIN ticket_message m ON m.id = e.message_id "
                                        "WHERE e.chat_id = $1 AND e.sequence > $2 AND e.kind = 1 AND e.author = 1 "
                                        "ORDER BY e.sequence LIMIT 1");
const postgres::Statement kCountVisitorMessages("support", "count_chat_visitor_messages", R"sql(
SELECT count(*) FROM chat_event WHERE chat_id = $1 AND author = 1 AND kind = 1 AND create_time > $2
)sql");
// What is said in a chat that is missed is numbered in that state.
const postgres::Statement kMissedSinceHeard("support", "chat_missed_since_heard", R"sql(
SELECT coalesce(max(sequence) FILTER (WHERE state = 4), 0)
       > coalesce(max(sequence) FILTER (WHERE state <> 4 AND author = 1 AND kind = 1), 0)
  FROM chat_event WHERE chat_id = $1
)sql");

const postgres::Statement kSecret("support", "chat_secret", "SELECT secret FROM chat_secret");
const postgres::Statement kAgentName("support", "chat_agent_name", R"sql(
SELECT coalesce(body ->> 'displayName', '') FROM agent WHERE id = $1
)sql");
const postgres::Statement kNoteAgents("support", "note_chat_agents", R"sql(
INSERT INTO chat_presence (agent, store_id, seen_time)
SELECT DISTINCT agent, store_id, $3::timestamptz FROM unnest($1::text[], $2::text[]) AS seen (agent, store_id)
 ORDER BY agent, store_id
ON CONFLICT (agent, store_id) DO UPDATE SET seen_time = greatest(chat_presence.seen_time, excluded.seen_time)
)sql");
const postgres::Statement kForgetAgents("support", "forget_chat_agents",
                                        "DELETE FROM chat_presence WHERE seen_time < $1");
const postgres::Statement kAnyAgentThere("support", "any_chat_agent_there", R"sql(
SELECT EXISTS (SELECT FROM chat_presence p LEFT JOIN agent a ON a.id = p.agent
                WHERE p.seen_time > $2 AND p.store_id IN ('', $1)
                  AND NOT coalesce((a.body ->> 'away')::boolean, false))
)sql");

const postgres::Statement kGetSettings("support", "get_chat_settings", R"sql(
SELECT body, version, create_time, update_time FROM chat_settings WHERE store_id = $1
)sql");
// Locks the name too, as there may be no row yet.
const postgres::Statement kLockSettingsName("support", "lock_chat_settings_name", R"sql(
SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext('chat_settings:' || $1))
)sql");
const postgres::Statement kSaveSettings("support", "save_chat_settings", R"sql(
INSERT INTO chat_settings (store_id, body, version, create_time, update_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (store_id) DO UPDATE SET body = excluded.body, version = excluded.version,
                                     update_time = excluded.update_time
)sql");

ChatEvent ReadEvent(const postgres::Row& row) {
  return {.sequence = row.Get<std::int64_t>(0),
          .kind = static_cast<ChatEventKind>(row.Get<int>(1)),
          .author = static_cast<ChatAuthor>(row.Get<int>(2)),
          .author_name = row.Get<std::string>(3),
          .text = row.Get<std::string>(4),
          .message_id = row.Get<std::optional<Uuid>>(5),
          .client_message_id = row.Get<std::string>(6),
          .suggestions = row.Get<std::vector<std::string>>(7),
          .state = static_cast<ChatState>(row.Get<int>(8)),
          .asks_email = row.Get<bool>(9),
          .create_time = row.Get<Time>(10)};
}
constexpr int kEventColumnsOfChat = 11;

std::optional<Chat> OneChat(const postgres::Result& rows) {
  return rows.empty() ? std::nullopt : std::optional(ReadChat(rows[0]));
}
std::optional<ChatEvent> OneEvent(const postgres::Result& rows) {
  return rows.empty() ? std::nullopt : std::optional(ReadEvent(rows[0]));
}
std::vector<Chat> AllChats(const postgres::Result& rows) {
  std::vector<Chat> chats;
  for (int i = 0; i < rows.size(); ++i) chats.push_back(ReadChat(rows[i]));
  return chats;
}

}  // namespace

const char kChatColumns[] = ESNAF_CHAT_COLUMNS;

Chat ReadChat(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .store_id = row.Get<std::string>(1),
          .state = static_cast<ChatState>(row.Get<int>(2)),
          .agent = row.Get<std::string>(3),
          .visitor_name = row.Get<std::string>(4),
          .visitor_email = row.Get<std::string>(5),
          .visitor_phone = row.Get<std::string>(6),
          .page = row.Get<std::string>(7),
          .locale = row.Get<std::string>(8),
          .last_sequence = row.Get<std::int64_t>(9),
          .bot_sequence = row.Get<std::int64_t>(10),
          .bot_due_time = row.Get<std::optional<Time>>(11),
          .wait_time = row.Get<std::optional<Time>>(12),
          .take_time = row.Get<std::optional<Time>>(13),
          .end_time = row.Get<std::optional<Time>>(14),
          .timer_time = row.Get<std::optional<Time>>(15),
          .version = row.Get<std::int64_t>(16),
          .create_time = row.Get<Time>(17),
          .update_time = row.Get<Time>(18)};
}

absl::Status InsertChat(postgres::Tx& tx, const Chat& chat) {
  return tx
      .Execute(kInsert, chat.id, chat.store_id, static_cast<int>(chat.state), chat.agent, chat.visitor_name,
               chat.visitor_email, chat.visitor_phone, chat.page, chat.locale, chat.last_sequence, chat.bot_sequence,
               chat.bot_due_time, chat.wait_time, chat.take_time, chat.end_time, chat.timer_time, chat.version,
               chat.create_time, chat.update_time)
      .status();
}

absl::Status UpdateChat(postgres::Tx& tx, const Chat& chat) {
  return tx
      .Execute(kUpdate, chat.id, static_cast<int>(chat.state), chat.agent, chat.visitor_name, chat.visitor_email,
               chat.visitor_phone, chat.last_sequence, chat.bot_sequence, chat.bot_due_time, chat.wait_time,
               chat.take_time, chat.end_time, chat.timer_time, chat.version, chat.update_time)
      .status();
}

absl::StatusOr<std::optional<Chat>> FindChat(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFind, id));
  return OneChat(rows);
}

absl::StatusOr<std::optional<Chat>> LockChat(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLock, id));
  return OneChat(rows);
}

absl::StatusOr<std::vector<Chat>> FindChats(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindSome, ids));
  return AllChats(rows);
}

absl::StatusOr<std::vector<Chat>> LiveChats(postgres::Tx& tx, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLive, limit));
  return AllChats(rows);
}

absl::StatusOr<std::int64_t> CountLiveChats(postgres::Tx& tx, const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountLive, store_id));
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<std::optional<Uuid>> NextDueChat(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kDue, now));
  return rows.empty() ? std::nullopt : std::optional(rows[0].Get<Uuid>(0));
}

absl::Status PutOffTimer(postgres::Tx& tx, const Uuid& id, Time now, Time until) {
  return tx.Execute(kPutOffTimer, id, now, until).status();
}

absl::StatusOr<std::optional<Chat>> ClaimForBot(postgres::Tx& tx, Time now, Time lease) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClaimForBot, now, lease));
  return OneChat(rows);
}

absl::Status AddChatEvent(postgres::Tx& tx, const Uuid& chat, const ChatEvent& event) {
  // The text of what was said is the ticket's message.
  const std::string& text = event.message_id ? std::string() : event.text;
  return tx
      .Execute(kAddEvent, chat, event.sequence, static_cast<int>(event.kind), static_cast<int>(event.author),
               event.author_name, text, event.message_id, event.client_message_id, event.suggestions,
               static_cast<int>(event.state), event.asks_email, event.create_time)
      .status();
}

absl::Status SetSuggestions(postgres::Tx& tx, const Uuid& chat, std::int64_t sequence,
                            const std::vector<std::string>& suggestions) {
  return tx.Execute(kSetSuggestions, chat, sequence, suggestions).status();
}

absl::StatusOr<std::vector<std::pair<Uuid, ChatEvent>>> EventsBehind(postgres::Tx& tx, const std::vector<Uuid>& chats,
                                                                     const std::vector<std::int64_t>& after,
                                                                     int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kEventsBehind, chats, after, limit));
  std::vector<std::pair<Uuid, ChatEvent>> events;
  for (int i = 0; i < rows.size(); ++i) {
    events.emplace_back(rows[i].Get<Uuid>(kEventColumnsOfChat), ReadEvent(rows[i]));
  }
  return events;
}

absl::StatusOr<std::optional<ChatEvent>> EventOfMessage(postgres::Tx& tx, const Uuid& chat, const Uuid& message) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kEventOfMessage, chat, message));
  return OneEvent(rows);
}

absl::StatusOr<std::optional<ChatEvent>> NextQuestion(postgres::Tx& tx, const Uuid& chat, std::int64_t after) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kNextQuestion, chat, after));
  return OneEvent(rows);
}

absl::StatusOr<std::int64_t> CountVisitorMessages(postgres::Tx& tx, const Uuid& chat, Time since) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountVisitorMessages, chat, since));
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<bool> MissedSinceHeard(postgres::Tx& tx, const Uuid& chat) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMissedSinceHeard, chat));
  return rows[0].Get<bool>(0);
}

absl::StatusOr<std::string> ChatSecret(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSecret));
  return rows[0].Get<postgres::Bytes>(0).data;
}

absl::StatusOr<std::string> AgentName(postgres::Tx& tx, const std::string& agent) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAgentName, agent));
  return rows.empty() ? std::string() : rows[0].Get<std::string>(0);
}

absl::Status NoteAgents(postgres::Tx& tx, const std::vector<std::pair<std::string, std::string>>& agents_and_stores,
                        Time now) {
  std::vector<std::string> agents, stores;
  for (const auto& [agent, store] : agents_and_stores) {
    agents.push_back(agent);
    stores.push_back(store);
  }
  return tx.Execute(kNoteAgents, agents, stores, now).status();
}

absl::Status ForgetAgents(postgres::Tx& tx, Time before) { return tx.Execute(kForgetAgents, before).status(); }

absl::StatusOr<bool> AnyAgentThere(postgres::Tx& tx, const std::string& store_id, Time since) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAnyAgentThere, store_id, since));
  return rows[0].Get<bool>(0);
}

absl::StatusOr<ChatSettingsRecord> GetChatSettings(postgres::Tx& tx, const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetSettings, store_id));
  ChatSettingsRecord record{.body = {.store_id = store_id}, .version = 0, .create_time = {}, .update_time = {}};
  if (rows.empty()) return record;
  ESNAF_ASSIGN_OR_RETURN(record.body, ChatSettingsFromJson(rows[0].Text(0)));
  record.version = rows[0].Get<std::int64_t>(1);
  record.create_time = rows[0].Get<Time>(2);
  record.update_time = rows[0].Get<Time>(3);
  return record;
}

absl::StatusOr<ChatSettingsRecord> LockChatSettings(postgres::Tx& tx, const std::string& store_id) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockSettingsName, store_id).status());
  return GetChatSettings(tx, store_id);
}

absl::Status SaveChatSettings(postgres::Tx& tx, const ChatSettingsRecord& record) {
  return tx
      .Execute(kSaveSettings, record.body.store_id, ChatSettingsToJson(record.body), record.version, record.create_time,
               record.update_time)
      .status();
}

}  // namespace esnaf::support
