#include "services/support/inbound/inbound_store.h"

#include "libs/base/macros.h"
#include "services/support/tickets/ticket_thread.h"

#define ESNAF_OUTBOUND_COLUMNS                                                                               \
  "o.id, o.store_id, o.source, o.conversation_id, o.sender_id, o.answered_message_id, o.text, o.ticket_id, " \
  "o.state, o.attempt_count, o.failure, o.next_attempt_time, o.create_time, "                                \
  "ARRAY(SELECT a.id FROM ticket_attachment a WHERE a.message_id = o.id ORDER BY a.create_time, a.id)"

namespace esnaf::support {
namespace {

const postgres::Statement kLockConversation("support", "lock_inbound_conversation", R"sql(
INSERT INTO inbound_conversation (store_id, source, conversation_id, sender_id)
VALUES ($1, $2, $3, $4)
ON CONFLICT (store_id, source, conversation_id) DO UPDATE SET sender_id = EXCLUDED.sender_id
RETURNING ticket_id
)sql");
const postgres::Statement kSetTicket("support", "set_inbound_conversation_ticket", R"sql(
UPDATE inbound_conversation SET ticket_id = $4 WHERE store_id = $1 AND source = $2 AND conversation_id = $3
)sql");
const postgres::Statement kNoteMessage("support", "note_inbound_customer_message", R"sql(
UPDATE inbound_conversation SET last_message_id = $4, last_message_time = $5
 WHERE store_id = $1 AND source = $2 AND conversation_id = $3
   AND (last_message_time IS NULL OR last_message_time <= $5)
)sql");
const postgres::Statement kHasTicket("support", "has_inbound_conversation_ticket", R"sql(
SELECT 1 FROM inbound_conversation
 WHERE store_id = $1 AND source = $2 AND conversation_id = $3 AND ticket_id IS NOT NULL
)sql");
const postgres::Statement kContactOfSender("support", "contact_of_inbound_sender", R"sql(
SELECT t.contact_id FROM inbound_conversation c JOIN ticket t ON t.id = c.ticket_id
 WHERE c.store_id = $1 AND c.source = $2 AND c.sender_id = $3 AND t.contact_id IS NOT NULL
 ORDER BY t.create_time DESC LIMIT 1
)sql");
const std::string kConversationOfSql = std::string(kOriginTickets) + R"sql(
SELECT c.store_id, c.source, c.conversation_id, c.sender_id, c.last_message_id
  FROM inbound_message m JOIN inbound_conversation c USING (store_id, source, conversation_id)
 WHERE m.ticket_id IN (SELECT id FROM origin)
 ORDER BY m.create_time DESC LIMIT 1
)sql";
const postgres::Statement kConversationOf("support", "inbound_conversation_of_ticket", kConversationOfSql.c_str());

const postgres::Statement kInsertInbound("support", "insert_inbound_message", R"sql(
INSERT INTO inbound_message (store_id, source, message_id, conversation_id, outcome, ticket_id, ticket_message_id,
                             create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING RETURNING message_id
)sql");
const postgres::Statement kFindInbound("support", "find_inbound_message", R"sql(
SELECT conversation_id, outcome, ticket_id, ticket_message_id, create_time
  FROM inbound_message WHERE store_id = $1 AND source = $2 AND message_id = $3
)sql");

const postgres::Statement kInsertOutbound("support", "insert_outbound_message", R"sql(
INSERT INTO outbound_message (id, store_id, source, conversation_id, sender_id, answered_message_id, text, ticket_id,
                              state, next_attempt_time, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)
)sql");
const postgres::Statement kUpdateOutbound("support", "update_outbound_message", R"sql(
UPDATE outbound_message SET state = $2, attempt_count = $3, failure = $4, next_attempt_time = $5 WHERE id = $1
)sql");
const postgres::Statement kLockOutbound("support", "lock_outbound_message",
                                        "SELECT " ESNAF_OUTBOUND_COLUMNS
                                        " FROM outbound_message o WHERE o.id = $1 FOR UPDATE");
const postgres::Statement kLockCopy("support", "lock_outbound_copy", "SELECT " ESNAF_OUTBOUND_COLUMNS R"sql(
  FROM outbound_message o
 WHERE o.store_id = $1 AND o.source = $2 AND o.conversation_id = $3 AND o.text = $4 AND o.state = 1
 ORDER BY o.create_time, o.id LIMIT 1 FOR UPDATE
)sql");

absl::StatusOr<std::optional<OutboundMessage>> FirstOutbound(absl::StatusOr<postgres::Result> rows) {
  ESNAF_RETURN_IF_ERROR(rows.status());
  if (rows->empty()) return std::nullopt;
  return std::optional(ReadOutbound((*rows)[0]));
}

}  // namespace

const char kOutboundColumns[] = ESNAF_OUTBOUND_COLUMNS;

OutboundMessage ReadOutbound(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .conversation = {row.Get<std::string>(1), row.Get<std::string>(2), row.Get<std::string>(3)},
          .sender_id = row.Get<std::string>(4),
          .answered_message_id = row.Get<std::string>(5),
          .text = row.Get<std::string>(6),
          .ticket_id = row.Get<Uuid>(7),
          .state = static_cast<OutboundState>(row.Get<int>(8)),
          .attempt_count = row.Get<int>(9),
          .failure = row.Get<std::string>(10),
          .next_attempt_time = row.Get<Time>(11),
          .create_time = row.Get<Time>(12),
          .attachment_ids = row.Get<std::vector<Uuid>>(13)};
}

absl::StatusOr<std::optional<Uuid>> LockConversation(postgres::Tx& tx, const ConversationKey& key,
                                                     const std::string& sender_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kLockConversation, key.store_id, key.source, key.conversation_id, sender_id));
  return rows[0].Get<std::optional<Uuid>>(0);
}

absl::Status SetConversationTicket(postgres::Tx& tx, const ConversationKey& key, const Uuid& ticket_id) {
  return tx.Execute(kSetTicket, key.store_id, key.source, key.conversation_id, ticket_id).status();
}

absl::Status NoteCustomerMessage(postgres::Tx& tx, const ConversationKey& key, const std::string& message_id,
                                 Time occur_time) {
  return tx.Execute(kNoteMessage, key.store_id, key.source, key.conversation_id, message_id, occur_time).status();
}

absl::StatusOr<bool> HasTicket(postgres::Tx& tx, const ConversationKey& key) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kHasTicket, key.store_id, key.source, key.conversation_id));
  return !rows.empty();
}

absl::StatusOr<std::optional<Uuid>> ContactOfSender(postgres::Tx& tx, const ConversationKey& key,
                                                    const std::string& sender_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kContactOfSender, key.store_id, key.source, sender_id));
  if (rows.empty()) return std::nullopt;
  return std::optional(rows[0].Get<Uuid>(0));
}

absl::StatusOr<std::optional<ConversationOfTicket>> FindConversationOf(postgres::Tx& tx, const Uuid& ticket_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kConversationOf, ticket_id));
  if (rows.empty()) return std::nullopt;
  const postgres::Row row = rows[0];
  return ConversationOfTicket{{row.Get<std::string>(0), row.Get<std::string>(1), row.Get<std::string>(2)},
                              row.Get<std::string>(3),
                              row.Get<std::string>(4)};
}

absl::StatusOr<bool> InsertInbound(postgres::Tx& tx, const InboundRecord& record) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kInsertInbound, record.conversation.store_id, record.conversation.source, record.message_id,
                 record.conversation.conversation_id, static_cast<int>(record.outcome), record.ticket_id,
                 record.ticket_message_id, record.create_time));
  return !rows.empty();
}

absl::StatusOr<std::optional<InboundRecord>> FindInbound(postgres::Tx& tx, const ConversationKey& key,
                                                         const std::string& message_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindInbound, key.store_id, key.source, message_id));
  if (rows.empty()) return std::nullopt;
  const postgres::Row row = rows[0];
  return InboundRecord{.conversation = {key.store_id, key.source, row.Get<std::string>(0)},
                       .message_id = message_id,
                       .outcome = static_cast<InboundOutcome>(row.Get<int>(1)),
                       .ticket_id = row.Get<Uuid>(2),
                       .ticket_message_id = row.Get<std::optional<Uuid>>(3),
                       .create_time = row.Get<Time>(4)};
}

absl::Status InsertOutbound(postgres::Tx& tx, const OutboundMessage& message) {
  return tx
      .Execute(kInsertOutbound, message.id, message.conversation.store_id, message.conversation.source,
               message.conversation.conversation_id, message.sender_id, message.answered_message_id, message.text,
               message.ticket_id, message.create_time)
      .status();
}

absl::Status UpdateOutbound(postgres::Tx& tx, const OutboundMessage& message) {
  return tx
      .Execute(kUpdateOutbound, message.id, static_cast<int>(message.state), message.attempt_count, message.failure,
               message.next_attempt_time)
      .status();
}

absl::StatusOr<std::optional<OutboundMessage>> LockOutbound(postgres::Tx& tx, const Uuid& id) {
  return FirstOutbound(tx.Execute(kLockOutbound, id));
}

absl::StatusOr<std::optional<OutboundMessage>> LockWaitingCopy(postgres::Tx& tx, const ConversationKey& key,
                                                               const std::string& text) {
  return FirstOutbound(tx.Execute(kLockCopy, key.store_id, key.source, key.conversation_id, text));
}

}  // namespace esnaf::support
