#include "services/support/attachments/attachment_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

#define ESNAF_ATTACHMENT_COLUMNS \
  "a.id, m.ticket_id, m.id, a.name, a.media_type, a.size_bytes, a.sha256, a.actor, a.create_time"

const postgres::Statement kAdd("support", "add_attachment", R"sql(
INSERT INTO ticket_attachment (id, message_id, name, media_type, size_bytes, sha256, actor, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)sql");
const postgres::Statement kTake("support", "take_attachments", R"sql(
UPDATE ticket_attachment SET message_id = $1
 WHERE id = ANY ($2::uuid[]) AND actor = $3 AND message_id IS NULL
RETURNING id
)sql");
const postgres::Statement kFind("support", "find_attachment", "SELECT " ESNAF_ATTACHMENT_COLUMNS R"sql(,
       coalesce(t.store_id, ''), coalesce(m.kind = 3, false)
  FROM ticket_attachment a
  LEFT JOIN ticket_message m ON m.id = a.message_id
  LEFT JOIN ticket t ON t.id = m.ticket_id
 WHERE a.id = $1
)sql");
const std::string kListOfTicketSql = std::string("SELECT " ESNAF_ATTACHMENT_COLUMNS R"sql(
  FROM ticket_message m
  JOIN ticket_attachment a ON a.message_id = coalesce(m.copied_from_id, m.id)
 WHERE m.ticket_id IN ()sql") + kMergedTickets +
                                     R"sql() AND ($2 OR m.kind <> 3)
 ORDER BY a.create_time, a.id LIMIT 1000
)sql";
const postgres::Statement kListOfTicket("support", "list_ticket_attachments", kListOfTicketSql.c_str());
const postgres::Statement kListOfMessage("support", "list_message_attachments",
                                         "SELECT " ESNAF_ATTACHMENT_COLUMNS R"sql(
  FROM ticket_message m
  JOIN ticket_attachment a ON a.message_id = coalesce(m.copied_from_id, m.id)
 WHERE m.id = $1
 ORDER BY a.create_time, a.id LIMIT 1000
)sql");
const postgres::Statement kForgetFree("support", "forget_free_attachments", R"sql(
DELETE FROM ticket_attachment WHERE message_id IS NULL AND create_time < $1
)sql");
const postgres::Statement kIsUsed("support", "is_file_used", R"sql(
SELECT EXISTS (SELECT FROM ticket_attachment WHERE sha256 = $1) OR EXISTS (SELECT FROM mail_dead WHERE sha256 = $1)
)sql");

Attachment ReadAttachment(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .ticket_id = row.Get<std::optional<Uuid>>(1),
          .message_id = row.Get<std::optional<Uuid>>(2),
          .name = row.Get<std::string>(3),
          .media_type = row.Get<std::string>(4),
          .size_bytes = row.Get<std::int64_t>(5),
          .sha256 = row.Get<std::string>(6),
          .actor = row.Get<std::string>(7),
          .create_time = row.Get<Time>(8)};
}

std::vector<Attachment> ReadAttachments(const postgres::Result& rows) {
  std::vector<Attachment> attachments;
  for (int i = 0; i < rows.size(); ++i) attachments.push_back(ReadAttachment(rows[i]));
  return attachments;
}

}  // namespace

absl::Status AddAttachment(postgres::Tx& tx, const Attachment& attachment) {
  return tx
      .Execute(kAdd, attachment.id, attachment.message_id, attachment.name, attachment.media_type,
               attachment.size_bytes, attachment.sha256, attachment.actor, attachment.create_time)
      .status();
}

absl::Status TakeAttachments(postgres::Tx& tx, const Uuid& message_id, const std::vector<Uuid>& ids,
                             const std::string& actor) {
  if (ids.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result taken, tx.Execute(kTake, message_id, ids, actor));
  if (taken.size() == static_cast<int>(ids.size())) return absl::OkStatus();
  return InvalidField("message.attachment_ids", "names what you have not taken in, or what a message has already");
}

absl::StatusOr<std::optional<FoundAttachment>> FindAttachment(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFind, id));
  if (rows.empty()) return std::nullopt;
  return std::optional(FoundAttachment{ReadAttachment(rows[0]), rows[0].Get<std::string>(9), rows[0].Get<bool>(10)});
}

absl::StatusOr<std::vector<Attachment>> ListTicketAttachments(postgres::Tx& tx, const Uuid& ticket_id,
                                                              bool internal_too) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListOfTicket, ticket_id, internal_too));
  return ReadAttachments(rows);
}

absl::StatusOr<std::vector<Attachment>> ListMessageAttachments(postgres::Tx& tx, const Uuid& message_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListOfMessage, message_id));
  return ReadAttachments(rows);
}

absl::Status ForgetFreeAttachments(postgres::Tx& tx, Time before) { return tx.Execute(kForgetFree, before).status(); }

absl::StatusOr<bool> IsFileUsed(postgres::Tx& tx, const std::string& sha256) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kIsUsed, sha256));
  return rows[0].Get<bool>(0);
}

}  // namespace esnaf::support
