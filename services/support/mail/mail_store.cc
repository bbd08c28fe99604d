#include "services/support/mail/mail_store.h"

#include "libs/base/macros.h"
#include "services/support/tickets/ticket_store.h"
#include "services/support/tickets/ticket_thread.h"

namespace esnaf::support {
namespace {

#define ESNAF_MAILBOX_COLUMNS                                                                                   \
  "b.id, b.address, b.display_name, b.store_id, b.team, b.imap_url, b.imap_folder, b.imap_user, "               \
  "b.imap_password_file, b.smtp_url, b.smtp_user, b.smtp_password_file, b.acknowledgement, b.disabled, b.key, " \
  "b.uid_validity, b.last_uid, b.fetch_failure, b.fetch_time, b.create_time "
#define ESNAF_MAIL_COLUMNS \
  "m.mailbox_id, m.message_id, m.outcome, m.address, m.name, m.ticket_id, m.ticket_message_id, m.create_time "
#define ESNAF_OUT_COLUMNS                                                                                        \
  "o.id, o.mailbox_id, o.message_id, o.ticket_id, o.ticket_message_id, o.to_address, o.to_name, o.in_reply_to, " \
  "o.text, o.automatic, o.attempt_count, o.create_time, o.html "

const postgres::Statement kInsertMailbox("support", "insert_mailbox", R"sql(
INSERT INTO mailbox (id, address, display_name, store_id, team, imap_url, imap_folder, imap_user, imap_password_file,
                     smtp_url, smtp_user, smtp_password_file, acknowledgement, disabled, key, next_fetch_time,
                     create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
ON CONFLICT DO NOTHING RETURNING id
)sql");
const postgres::Statement kUpdateMailbox("support", "update_mailbox", R"sql(
UPDATE mailbox SET display_name = $2, store_id = $3, team = $4, imap_url = $5, imap_folder = $6, imap_user = $7,
       imap_password_file = $8, smtp_url = $9, smtp_user = $10, smtp_password_file = $11, acknowledgement = $12,
       disabled = $13
 WHERE id = $1
)sql");
const postgres::Statement kFindMailbox("support", "find_mailbox",
                                       "SELECT " ESNAF_MAILBOX_COLUMNS "FROM mailbox b WHERE b.id = $1");
const postgres::Statement kListMailboxes("support", "list_mailboxes",
                                         "SELECT " ESNAF_MAILBOX_COLUMNS "FROM mailbox b ORDER BY b.id LIMIT 1000");
const postgres::Statement kClaimFetch("support", "claim_mail_fetch", R"sql(
UPDATE mailbox b SET next_fetch_time = $2
 WHERE b.id = (SELECT id FROM mailbox WHERE next_fetch_time <= $1 AND imap_url <> '' AND NOT disabled
                ORDER BY next_fetch_time LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING )sql" ESNAF_MAILBOX_COLUMNS);
const postgres::Statement kFinishFetch("support", "finish_mail_fetch", R"sql(
UPDATE mailbox SET fetch_failure = $2, next_fetch_time = $4,
       fetch_time = CASE WHEN $2 = '' THEN $3::timestamptz ELSE fetch_time END
 WHERE id = $1
)sql");
const postgres::Statement kMoveCursor("support", "move_mail_cursor", R"sql(
UPDATE mailbox SET uid_validity = $2, last_uid = $3
 WHERE id = $1 AND (uid_validity <> $2 OR last_uid < $3)
)sql");

const postgres::Statement kInsertMail("support", "insert_mail", R"sql(
INSERT INTO mail (mailbox_id, message_id, outcome, address, name, ticket_id, ticket_message_id, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING RETURNING message_id
)sql");
const postgres::Statement kFindMail("support", "find_mail",
                                    "SELECT " ESNAF_MAIL_COLUMNS
                                    "FROM mail m WHERE m.mailbox_id = $1 AND m.message_id = $2");
const postgres::Statement kTicketsOfMails("support", "tickets_of_mails", R"sql(
SELECT m.message_id, t.number
  FROM mail m JOIN ticket t ON t.id = m.ticket_id
 WHERE m.mailbox_id = $1 AND m.message_id = ANY ($2::text[])
)sql");
// Merges of merges are followed; they form no circle, since nothing is merged into a merged ticket.
const postgres::Statement kTicketOfNumber("support", "ticket_of_number", R"sql(
WITH RECURSIVE way (id, merged_into_id) AS (
  SELECT id, merged_into_id FROM ticket WHERE number = $1
  UNION
  SELECT t.id, t.merged_into_id FROM way w JOIN ticket t ON t.id = w.merged_into_id)
SELECT id FROM way WHERE merged_into_id IS NULL
)sql");
// Also of the tickets that this one was split off, follows, or took in.
const std::string kLastWrittenSql = std::string(kOriginTickets) + "SELECT " ESNAF_MAIL_COLUMNS R"sql(
  FROM mail m WHERE m.outcome <= 2 AND m.ticket_id IN (SELECT id FROM origin) ORDER BY m.create_time DESC LIMIT 1
)sql";
const postgres::Statement kLastWritten("support", "last_written_mail", kLastWrittenSql.c_str());
const std::string kMailIdsSql = std::string("SELECT m.message_id FROM mail m WHERE m.ticket_id IN (") + kMergedTickets +
                                ") ORDER BY m.create_time DESC, m.message_id LIMIT 50";
const postgres::Statement kMailIds("support", "mail_ids_of_ticket", kMailIdsSql.c_str());

const postgres::Statement kQueueMail("support", "queue_mail", R"sql(
INSERT INTO mail_out (id, mailbox_id, message_id, ticket_id, ticket_message_id, to_address, to_name, in_reply_to, text,
                      automatic, state, next_attempt_time, create_time, html)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11, $12)
)sql");
const postgres::Statement kClaimMail("support", "claim_mail", R"sql(
UPDATE mail_out o SET next_attempt_time = $2, attempt_count = attempt_count + 1
 WHERE o.id = (SELECT w.id FROM mail_out w JOIN mailbox b ON b.id = w.mailbox_id
                WHERE w.state = 1 AND w.next_attempt_time <= $1 AND b.smtp_url <> '' AND NOT b.disabled
                ORDER BY w.next_attempt_time, w.create_time, w.id LIMIT 1 FOR UPDATE OF w SKIP LOCKED)
RETURNING )sql" ESNAF_OUT_COLUMNS);
const postgres::Statement kFinishMail("support", "finish_mail", R"sql(
UPDATE mail_out SET state = $2, failure = $3 WHERE id = $1 AND state = 1
)sql");
const postgres::Statement kPostponeMail("support", "postpone_mail", R"sql(
UPDATE mail_out SET next_attempt_time = $2, failure = $3 WHERE id = $1 AND state = 1
)sql");
const postgres::Statement kMarkBounced("support", "mark_mail_bounced", R"sql(
UPDATE mail_out SET state = 4, failure = $3 WHERE mailbox_id = $1 AND message_id = $2 AND state <> 4 RETURNING id
)sql");
const postgres::Statement kCountAutomatic("support", "count_automatic_mails", R"sql(
SELECT count(*) FROM mail_out WHERE automatic AND to_address = $1 AND create_time > $2
)sql");

const postgres::Statement kInsertDead("support", "insert_dead_mail", R"sql(
INSERT INTO mail_dead (id, mailbox_id, source, reason, message, size_bytes, beginning, sha256, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
)sql");
const postgres::Statement kListDead("support", "list_dead_mails", R"sql(
SELECT id, mailbox_id, source, reason, message, size_bytes, beginning, sha256, create_time
  FROM mail_dead WHERE mailbox_id = $1 ORDER BY create_time DESC, id LIMIT 1000
)sql");
const std::string kListTicketMailsSql =
    std::string("SELECT " ESNAF_MAIL_COLUMNS
                ", coalesce(o.state, 0), coalesce(o.attempt_count, 0), coalesce(o.failure, '') FROM mail m LEFT JOIN "
                "mail_out o USING (mailbox_id, message_id) WHERE m.ticket_id IN (") +
    kMergedTickets + ") ORDER BY m.create_time, m.message_id LIMIT 1000";
const postgres::Statement kListTicketMails("support", "list_ticket_mails", kListTicketMailsSql.c_str());

Mailbox ReadMailbox(const postgres::Row& row) {
  return {.id = row.Get<std::string>(0),
          .address = row.Get<std::string>(1),
          .display_name = row.Get<std::string>(2),
          .store_id = row.Get<std::string>(3),
          .team = row.Get<std::string>(4),
          .imap_url = row.Get<std::string>(5),
          .imap_folder = row.Get<std::string>(6),
          .imap_user = row.Get<std::string>(7),
          .imap_password_file = row.Get<std::string>(8),
          .smtp_url = row.Get<std::string>(9),
          .smtp_user = row.Get<std::string>(10),
          .smtp_password_file = row.Get<std::string>(11),
          .acknowledgement = row.Get<std::string>(12),
          .disabled = row.Get<bool>(13),
          .key = row.Get<std::string>(14),
          .uid_validity = row.Get<std::int64_t>(15),
          .last_uid = row.Get<std::int64_t>(16),
          .fetch_failure = row.Get<std::string>(17),
          .fetch_time = row.Get<std::optional<Time>>(18),
          .create_time = row.Get<Time>(19)};
}

MailRecord ReadMail(const postgres::Row& row) {
  return {.mailbox_id = row.Get<std::string>(0),
          .message_id = row.Get<std::string>(1),
          .outcome = static_cast<MailOutcome>(row.Get<int>(2)),
          .address = row.Get<std::string>(3),
          .name = row.Get<std::string>(4),
          .ticket_id = row.Get<std::optional<Uuid>>(5),
          .ticket_message_id = row.Get<std::optional<Uuid>>(6),
          .create_time = row.Get<Time>(7)};
}

OutgoingMail ReadOutgoing(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .mailbox_id = row.Get<std::string>(1),
          .message_id = row.Get<std::string>(2),
          .ticket_id = row.Get<Uuid>(3),
          .ticket_message_id = row.Get<std::optional<Uuid>>(4),
          .to_address = row.Get<std::string>(5),
          .to_name = row.Get<std::string>(6),
          .in_reply_to = row.Get<std::string>(7),
          .text = row.Get<std::string>(8),
          .html = row.Get<std::string>(12),
          .automatic = row.Get<bool>(9),
          .attempt_count = row.Get<int>(10),
          .create_time = row.Get<Time>(11)};
}

}  // namespace

absl::StatusOr<bool> InsertMailbox(postgres::Tx& tx, const Mailbox& mailbox) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kInsertMailbox, mailbox.id, mailbox.address, mailbox.display_name, mailbox.store_id, mailbox.team,
                 mailbox.imap_url, mailbox.imap_folder, mailbox.imap_user, mailbox.imap_password_file, mailbox.smtp_url,
                 mailbox.smtp_user, mailbox.smtp_password_file, mailbox.acknowledgement, mailbox.disabled, mailbox.key,
                 mailbox.create_time));
  return !rows.empty();
}

absl::Status UpdateMailbox(postgres::Tx& tx, const Mailbox& mailbox) {
  return tx
      .Execute(kUpdateMailbox, mailbox.id, mailbox.display_name, mailbox.store_id, mailbox.team, mailbox.imap_url,
               mailbox.imap_folder, mailbox.imap_user, mailbox.imap_password_file, mailbox.smtp_url, mailbox.smtp_user,
               mailbox.smtp_password_file, mailbox.acknowledgement, mailbox.disabled)
      .status();
}

absl::StatusOr<std::optional<Mailbox>> FindMailbox(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindMailbox, id));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadMailbox(rows[0]));
}

absl::StatusOr<std::vector<Mailbox>> ListMailboxes(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListMailboxes));
  std::vector<Mailbox> mailboxes;
  for (int i = 0; i < rows.size(); ++i) mailboxes.push_back(ReadMailbox(rows[i]));
  return mailboxes;
}

absl::StatusOr<std::optional<Mailbox>> SendingMailboxOf(postgres::Tx& tx, const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Mailbox> mailboxes, ListMailboxes(tx));
  std::optional<Mailbox> found;
  for (const Mailbox& mailbox : mailboxes) {
    if (mailbox.disabled || mailbox.smtp_url.empty()) continue;
    if (mailbox.store_id == store_id) return mailbox;
    if (mailbox.store_id.empty() && !found) found = mailbox;
  }
  return found;
}

absl::StatusOr<std::optional<Mailbox>> ClaimFetch(postgres::Tx& tx, Time now, Time lease) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClaimFetch, now, lease));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadMailbox(rows[0]));
}

absl::Status FinishFetch(postgres::Tx& tx, const std::string& id, const std::string& failure, Time now, Time next) {
  return tx.Execute(kFinishFetch, id, failure, now, next).status();
}

absl::Status MoveCursor(postgres::Tx& tx, const std::string& id, std::int64_t uid_validity, std::int64_t last_uid) {
  return tx.Execute(kMoveCursor, id, uid_validity, last_uid).status();
}

absl::StatusOr<bool> InsertMail(postgres::Tx& tx, const MailRecord& mail) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertMail, mail.mailbox_id, mail.message_id, static_cast<int>(mail.outcome),
                                    mail.address, mail.name, mail.ticket_id, mail.ticket_message_id, mail.create_time));
  return !rows.empty();
}

absl::StatusOr<std::optional<MailRecord>> FindMail(postgres::Tx& tx, const std::string& mailbox_id,
                                                   const std::string& message_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindMail, mailbox_id, message_id));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadMail(rows[0]));
}

absl::StatusOr<std::map<std::string, std::int64_t>> TicketsOfMails(postgres::Tx& tx, const std::string& mailbox_id,
                                                                   const std::vector<std::string>& message_ids) {
  std::map<std::string, std::int64_t> tickets;
  if (message_ids.empty()) return tickets;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTicketsOfMails, mailbox_id, message_ids));
  for (int i = 0; i < rows.size(); ++i) tickets[rows[i].Get<std::string>(0)] = rows[i].Get<std::int64_t>(1);
  return tickets;
}

absl::StatusOr<std::optional<Uuid>> TicketOfNumber(postgres::Tx& tx, std::int64_t number) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTicketOfNumber, number));
  if (rows.empty()) return std::nullopt;
  return std::optional(rows[0].Get<Uuid>(0));
}

absl::StatusOr<std::optional<MailRecord>> LastWritten(postgres::Tx& tx, const Uuid& ticket_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLastWritten, ticket_id));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadMail(rows[0]));
}

absl::StatusOr<std::vector<std::string>> MailIdsOf(postgres::Tx& tx, const Uuid& ticket_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMailIds, ticket_id));
  std::vector<std::string> ids;
  for (int i = rows.size() - 1; i >= 0; --i) ids.push_back(rows[i].Get<std::string>(0));
  return ids;
}

absl::Status QueueMail(postgres::Tx& tx, const OutgoingMail& mail) {
  ESNAF_RETURN_IF_ERROR(InsertMail(tx, {.mailbox_id = mail.mailbox_id,
                                        .message_id = mail.message_id,
                                        .outcome = MailOutcome::kSentOut,
                                        .address = mail.to_address,
                                        .name = mail.to_name,
                                        .ticket_id = mail.ticket_id,
                                        .ticket_message_id = mail.ticket_message_id,
                                        .create_time = mail.create_time})
                            .status());
  return tx
      .Execute(kQueueMail, mail.id, mail.mailbox_id, mail.message_id, mail.ticket_id, mail.ticket_message_id,
               mail.to_address, mail.to_name, mail.in_reply_to, mail.text, mail.automatic, mail.create_time, mail.html)
      .status();
}

absl::StatusOr<std::optional<OutgoingMail>> ClaimMail(postgres::Tx& tx, Time now, Time lease) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClaimMail, now, lease));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadOutgoing(rows[0]));
}

absl::Status FinishMail(postgres::Tx& tx, const Uuid& id, OutgoingState state, const std::string& failure) {
  return tx.Execute(kFinishMail, id, static_cast<int>(state), failure).status();
}

absl::Status PostponeMail(postgres::Tx& tx, const Uuid& id, Time next, const std::string& failure) {
  return tx.Execute(kPostponeMail, id, next, failure).status();
}

absl::StatusOr<bool> MarkBounced(postgres::Tx& tx, const std::string& mailbox_id, const std::string& message_id,
                                 const std::string& failure) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMarkBounced, mailbox_id, message_id, failure));
  return !rows.empty();
}

absl::StatusOr<std::int64_t> CountAutomatic(postgres::Tx& tx, const std::string& address, Time since) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountAutomatic, address, since));
  return rows[0].Get<std::int64_t>(0);
}

absl::Status InsertDeadMail(postgres::Tx& tx, const DeadMail& mail) {
  return tx
      .Execute(kInsertDead, mail.id, mail.mailbox_id, mail.source, mail.reason, mail.message, mail.size_bytes,
               mail.beginning, mail.sha256, mail.create_time)
      .status();
}

absl::StatusOr<std::vector<DeadMail>> ListDeadMails(postgres::Tx& tx, const std::string& mailbox_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListDead, mailbox_id));
  std::vector<DeadMail> mails;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    mails.push_back({.id = row.Get<Uuid>(0),
                     .mailbox_id = row.Get<std::string>(1),
                     .source = row.Get<std::string>(2),
                     .reason = row.Get<std::string>(3),
                     .message = row.Get<std::string>(4),
                     .size_bytes = row.Get<std::int64_t>(5),
                     .beginning = row.Get<std::string>(6),
                     .sha256 = row.Get<std::string>(7),
                     .create_time = row.Get<Time>(8)});
  }
  return mails;
}

absl::StatusOr<std::vector<TicketMail>> ListTicketMails(postgres::Tx& tx, const Uuid& ticket_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListTicketMails, ticket_id));
  std::vector<TicketMail> mails;
  for (int i = 0; i < rows.size(); ++i) {
    mails.push_back({.mail = ReadMail(rows[i]),
                     .state = rows[i].Get<int>(8),
                     .attempt_count = rows[i].Get<int>(9),
                     .failure = rows[i].Get<std::string>(10)});
  }
  return mails;
}

}  // namespace esnaf::support
