#pragma once

// Fetches mails and sends those that are queued.
#include <string>

#include "absl/status/statusor.h"
#include "libs/files/file_store.h"
#include "services/support/mail/mail_receiver.h"
#include "services/support/mail/mail_transport.h"

namespace esnaf::support {

// Queues the answer of an agent where the requester wrote by e-mail, in the transaction that records it; a listener of
// TicketWriter. What the desk says by itself is marked as automatic, and not mailed where the address had as many.
absl::Status QueueReply(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message);

class MailWorker {
 public:
  // `secrets_folder` holds the mailboxes' passwords, one a file. All outlive it; without `files` nothing is attached.
  MailWorker(MailReceiver& receiver, MailTransport& transport, files::FileStore* files, std::string secrets_folder)
      : receiver_(receiver), transport_(transport), files_(files), secrets_folder_(std::move(secrets_folder)) {}

  // Fetches what is new in the mailbox that waits longest, at most 50 mails. False where none is due. A mail that
  // cannot be taken holds up no other.
  absl::StatusOr<bool> FetchNext(postgres::Connection& connection, const Clock& clock);
  // Sends the mail that waits longest. False where none is due.
  absl::StatusOr<bool> SendNext(postgres::Connection& connection, const Clock& clock);

 private:
  // True where more is left.
  absl::StatusOr<bool> FetchNew(postgres::Connection& connection, const Mailbox& mailbox, const Clock& clock);
  absl::Status Send(postgres::Connection& connection, const OutgoingMail& mail);
  absl::StatusOr<std::string> Password(const std::string& file) const;

  MailReceiver& receiver_;
  MailTransport& transport_;
  files::FileStore* files_;
  const std::string secrets_folder_;
};

}  // namespace esnaf::support
