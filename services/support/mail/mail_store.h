#pragma once

// Mailboxes and mails as they are stored.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/mail/mailbox.h"

namespace esnaf::support {

// False where there is one of this id or address.
absl::StatusOr<bool> InsertMailbox(postgres::Tx& tx, const Mailbox& mailbox);
// All but id, address, key and what fetching writes.
absl::Status UpdateMailbox(postgres::Tx& tx, const Mailbox& mailbox);
absl::StatusOr<std::optional<Mailbox>> FindMailbox(postgres::Tx& tx, const std::string& id);
absl::StatusOr<std::vector<Mailbox>> ListMailboxes(postgres::Tx& tx);
// By which people of the store are written to who did not write by e-mail: its own, else one of no store; none where no
// such mailbox sends.
absl::StatusOr<std::optional<Mailbox>> SendingMailboxOf(postgres::Tx& tx, const std::string& store_id);

// The mailbox that waits longest for being fetched, for nobody else until `lease`.
absl::StatusOr<std::optional<Mailbox>> ClaimFetch(postgres::Tx& tx, Time now, Time lease);
absl::Status FinishFetch(postgres::Tx& tx, const std::string& id, const std::string& failure, Time now, Time next);
absl::Status MoveCursor(postgres::Tx& tx, const std::string& id, std::int64_t uid_validity, std::int64_t last_uid);

// A mail by its id.
struct MailRecord {
  std::string mailbox_id;
  std::string message_id;
  MailOutcome outcome = MailOutcome::kIgnored;
  std::string address;
  std::string name;
  std::optional<Uuid> ticket_id;
  std::optional<Uuid> ticket_message_id;
  Time create_time;
};
// False where there is one of this id.
absl::StatusOr<bool> InsertMail(postgres::Tx& tx, const MailRecord& mail);
absl::StatusOr<std::optional<MailRecord>> FindMail(postgres::Tx& tx, const std::string& mailbox_id,
                                                   const std::string& message_id);
// The tickets' numbers, by the ids of those that are known.
absl::StatusOr<std::map<std::string, std::int64_t>> TicketsOfMails(postgres::Tx& tx, const std::string& mailbox_id,
                                                                   const std::vector<std::string>& message_ids);
// The ticket of the number, or the one in which it goes on.
absl::StatusOr<std::optional<Uuid>> TicketOfNumber(postgres::Tx& tx, std::int64_t number);
// The newest that a person wrote in the ticket or in one merged into it.
absl::StatusOr<std::optional<MailRecord>> LastWritten(postgres::Tx& tx, const Uuid& ticket_id);
// The ids of the ticket's mails, oldest first, the newest 50.
absl::StatusOr<std::vector<std::string>> MailIdsOf(postgres::Tx& tx, const Uuid& ticket_id);

struct OutgoingMail {
  Uuid id;
  std::string mailbox_id;
  std::string message_id;
  Uuid ticket_id;
  std::optional<Uuid> ticket_message_id;
  std::string to_address;
  std::string to_name;
  std::string in_reply_to;
  std::string text;
  std::string html{};  // empty: none
  bool automatic = false;
  int attempt_count = 0;
  Time create_time;
};
// With its record among the mails.
absl::Status QueueMail(postgres::Tx& tx, const OutgoingMail& mail);
// The mail that waits longest, for nobody else until `lease`; its attempt is counted.
absl::StatusOr<std::optional<OutgoingMail>> ClaimMail(postgres::Tx& tx, Time now, Time lease);
absl::Status FinishMail(postgres::Tx& tx, const Uuid& id, OutgoingState state, const std::string& failure);
absl::Status PostponeMail(postgres::Tx& tx, const Uuid& id, Time next, const std::string& failure);
// Marks the mail of this id as come back. False where none was sent, or it came back already.
absl::StatusOr<bool> MarkBounced(postgres::Tx& tx, const std::string& mailbox_id, const std::string& message_id,
                                 const std::string& failure);
// How many automatic answers went to the address since.
absl::StatusOr<std::int64_t> CountAutomatic(postgres::Tx& tx, const std::string& address, Time since);

struct DeadMail {
  Uuid id;
  std::string mailbox_id;
  std::string source;
  std::string reason;
  std::string message;
  std::int64_t size_bytes = 0;
  std::string beginning;
  std::string sha256;  // empty: not kept
  Time create_time;
};
absl::Status InsertDeadMail(postgres::Tx& tx, const DeadMail& mail);
absl::StatusOr<std::vector<DeadMail>> ListDeadMails(postgres::Tx& tx, const std::string& mailbox_id);

struct TicketMail {
  MailRecord mail;
  int state = 0;  // of OutgoingState; 0: it came in
  int attempt_count = 0;
  std::string failure;
};
absl::StatusOr<std::vector<TicketMail>> ListTicketMails(postgres::Tx& tx, const Uuid& ticket_id);

}  // namespace esnaf::support
