#pragma once

// Makes of a mail what it is: a ticket, a message of one, a note, a bounce, or a dead mail.
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/files/file_store.h"
#include "libs/mail/mail.h"
#include "services/support/mail/mail_store.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// A place in an IMAP folder, remembered together with what its mail did.
struct MailCursor {
  std::int64_t uid_validity = 0;
  std::int64_t uid = 0;
};

struct ReceivedMail {
  MailRecord mail;
  bool repeated = false;
  absl::Status refusal;  // not OK: it is dead, and kept as such
};

class MailReceiver {
 public:
  // Without a store attachments are left out, and named in the text. Both outlive it.
  MailReceiver(TicketWriter& writer, files::FileStore* files) : writer_(writer), files_(files) {}

  // Everything in one transaction, the cursor included; again and again it has one effect. An error is none of the
  // mail's: try again.
  absl::StatusOr<ReceivedMail> Receive(postgres::Connection& connection, const Mailbox& mailbox, std::string_view raw,
                                       const std::string& source, std::optional<MailCursor> cursor, Time now);
  // Keeps a mail as dead that was not even fetched.
  absl::Status Bury(postgres::Connection& connection, const Mailbox& mailbox, const std::string& source,
                    std::string_view raw, std::int64_t size_bytes, const absl::Status& refusal,
                    std::optional<MailCursor> cursor, Time now);

  // Notes what became of a mail of ours, for agents alone; the ticket stays where it stands.
  absl::StatusOr<Uuid> NoteOnTicket(postgres::Tx& tx, const Uuid& ticket_id, std::string text, Time now);

 private:
  struct Incoming;
  absl::StatusOr<MailRecord> Apply(postgres::Tx& tx, const Incoming& incoming);
  absl::Status ApplyBounce(postgres::Tx& tx, const Incoming& incoming, MailRecord& record);
  absl::Status ApplyToTicket(postgres::Tx& tx, const Incoming& incoming, const Uuid& ticket_id, MailRecord& record);
  absl::Status OpenTicket(postgres::Tx& tx, const Incoming& incoming, Ticket* closed, MailRecord& record);
  absl::Status Acknowledge(postgres::Tx& tx, const Incoming& incoming, const Ticket& ticket);

  TicketWriter& writer_;
  files::FileStore* files_;
};

}  // namespace esnaf::support
