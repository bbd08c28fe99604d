#include "services/support/mail/mail_worker.h"

#include <fstream>
#include <sstream>

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/mail/compose.h"
#include "libs/mail/reply_address.h"
#include "services/support/attachments/attachment_store.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

constexpr std::chrono::minutes kLease{5};
constexpr std::chrono::seconds kFetchPeriod{10};
constexpr std::chrono::seconds kFetchPauseAfterFailure{60};
constexpr std::size_t kMostAtOnce = 50;
constexpr std::size_t kMaxFailureBytes = 500;

std::string FailureText(const absl::Status& failure) {
  return std::string(Truncate(ToStd(failure.message()), kMaxFailureBytes));
}

// Whether the next attempt may go better.
bool MayPass(const absl::Status& failure) {
  switch (failure.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

absl::Status QueueFrom(postgres::Tx& tx, const Mailbox& mailbox, OutgoingMail mail) {
  if (mail.automatic) {
    // What an automation answers to a machine would be answered for ever.
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t sent,
                           CountAutomatic(tx, mail.to_address, mail.create_time - kAutomaticAnswersWithin));
    if (sent >= kMostAutomaticAnswers) {
      LogWarning("an automatic reply is not mailed, as the address had several",
                 {{"ticket", mail.ticket_id.ToString()}, {"message", mail.ticket_message_id->ToString()}});
      return absl::OkStatus();
    }
  }
  const std::string domain = mailbox.address.substr(mailbox.address.rfind('@') + 1);
  mail.mailbox_id = mailbox.id;
  mail.message_id = absl::StrCat(mail.ticket_message_id->ToString(), "@", domain);
  return QueueMail(tx, mail);
}

// Who wrote by a web form reads the answer at the address that he gave there.
absl::Status AnswerForm(postgres::Tx& tx, const Ticket& ticket, OutgoingMail mail) {
  const auto given = ticket.custom_fields.find("requester_email");
  if (ticket.channel != contacts::v1::CHANNEL_WEB_FORM || given == ticket.custom_fields.end()) return absl::OkStatus();
  absl::StatusOr<std::string> address = NormalizeEmail(given->second);
  if (!address.ok()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Mailbox> mailbox, SendingMailboxOf(tx, ticket.store_id));
  if (!mailbox) return absl::OkStatus();
  mail.to_address = *std::move(address);
  if (const auto name = ticket.custom_fields.find("requester_name"); name != ticket.custom_fields.end()) {
    mail.to_name = name->second;
  }
  return QueueFrom(tx, *mailbox, std::move(mail));
}

}  // namespace

absl::Status QueueReply(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message) {
  const bool by_mail =
      message.channel == contacts::v1::CHANNEL_EMAIL || message.channel == contacts::v1::CHANNEL_WEB_FORM;
  const bool answers = message.kind == MessageKind::kReply && message.author != AuthorKind::kCustomer && by_mail;
  if (!answers) return absl::OkStatus();
  OutgoingMail mail{.id = Uuid::NewV7(cause.now),
                    .ticket_id = ticket.id,
                    .ticket_message_id = message.id,
                    .text = message.text,
                    .automatic = message.author == AuthorKind::kSystem,
                    .create_time = cause.now};
  ESNAF_ASSIGN_OR_RETURN(const std::optional<MailRecord> last, LastWritten(tx, ticket.id));
  if (!last) return AnswerForm(tx, ticket, std::move(mail));
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Mailbox> mailbox, FindMailbox(tx, last->mailbox_id));
  if (!mailbox || mailbox->smtp_url.empty()) return absl::OkStatus();
  mail.to_address = last->address;
  mail.to_name = last->name;
  mail.in_reply_to = last->message_id;
  return QueueFrom(tx, *mailbox, std::move(mail));
}

absl::StatusOr<std::string> MailWorker::Password(const std::string& file) const {
  if (file.empty()) return "";
  std::ifstream stream(secrets_folder_ + "/" + file);
  std::ostringstream text;
  text << stream.rdbuf();
  if (secrets_folder_.empty() || !stream) {
    return absl::UnavailableError(absl::StrCat("the password file ", file, " cannot be read"));
  }
  return std::string(Trim(text.view()));
}

absl::StatusOr<bool> MailWorker::FetchNew(postgres::Connection& connection, const Mailbox& mailbox,
                                          const Clock& clock) {
  ESNAF_ASSIGN_OR_RETURN(std::string password, Password(mailbox.imap_password_file));
  const std::unique_ptr<MailFolder> folder =
      transport_.OpenFolder({mailbox.imap_url, mailbox.imap_user, std::move(password)}, mailbox.imap_folder);
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t validity, folder->UidValidity());
  // Under another validity ids mean nothing any more: everything is read again, and what is known does nothing.
  const std::int64_t after = validity == mailbox.uid_validity ? mailbox.last_uid : 0;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<MailFolder::Entry> entries, folder->After(after));
  const auto most_bytes = static_cast<std::int64_t>(mail::Limits().most_bytes);
  std::size_t taken = 0;
  for (const MailFolder::Entry& entry : entries) {
    if (taken++ == kMostAtOnce) return true;
    const MailCursor cursor{validity, entry.uid};
    const std::string source = absl::StrCat("imap ", validity, "/", entry.uid);
    absl::StatusOr<std::string> raw = absl::OutOfRangeError("the server says so");
    if (entry.size_bytes <= most_bytes) raw = folder->Fetch(entry.uid, mail::Limits().most_bytes);
    if (absl::IsOutOfRange(raw.status())) {
      const absl::Status too_large =
          MakeError(absl::StatusCode::kInvalidArgument, "MAIL_TOO_LARGE",
                    absl::StrCat("the mail has ", entry.size_bytes, " bytes, more than ", most_bytes));
      ESNAF_RETURN_IF_ERROR(
          receiver_.Bury(connection, mailbox, source, "", entry.size_bytes, too_large, cursor, clock.Now()));
      continue;
    }
    ESNAF_RETURN_IF_ERROR(raw.status());
    const absl::Status received = receiver_.Receive(connection, mailbox, *raw, source, cursor, clock.Now()).status();
    if (received.ok()) continue;
    if (MayPass(received)) return received;
    // Whatever is wrong with it, it is kept, and holds up no other.
    const absl::Status not_taken = MakeError(received.code(), "MAIL_NOT_TAKEN", ToStd(received.message()));
    ESNAF_RETURN_IF_ERROR(receiver_.Bury(connection, mailbox, source, *raw, static_cast<std::int64_t>(raw->size()),
                                         not_taken, cursor, clock.Now()));
  }
  return false;
}

absl::StatusOr<bool> MailWorker::FetchNext(postgres::Connection& connection, const Clock& clock) {
  const Time now = clock.Now();
  ESNAF_ASSIGN_OR_RETURN(
      const std::optional<Mailbox> mailbox,
      connection.Run({.autocommit = true}, [&](postgres::Tx& tx) { return ClaimFetch(tx, now, now + kLease); }));
  if (!mailbox) return false;
  const absl::StatusOr<bool> more = FetchNew(connection, *mailbox, clock);
  if (!more.ok()) {
    LogWarning("mails could not be fetched",
               {{"mailbox", mailbox->id}, {"code", absl::StatusCodeToString(more.status().code())}});
  }
  const Time done = clock.Now();
  const Duration pause = !more.ok() ? Duration(kFetchPauseAfterFailure) : *more ? Duration(0) : Duration(kFetchPeriod);
  ESNAF_RETURN_IF_ERROR(connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return FinishFetch(tx, mailbox->id, FailureText(more.status()), done, done + pause);
  }));
  return true;
}

absl::Status MailWorker::Send(postgres::Connection& connection, const OutgoingMail& queued) {
  std::optional<Mailbox> mailbox;
  std::optional<Ticket> ticket;
  mail::Outgoing mail{.message_id = queued.message_id,
                      .to = {queued.to_name, queued.to_address},
                      .text = queued.text,
                      .html = queued.html,
                      .date = queued.create_time,
                      .in_reply_to = queued.in_reply_to,
                      .automatic = queued.automatic};
  std::vector<Attachment> attachments;
  ESNAF_RETURN_IF_ERROR(connection.Run({.read_only = true}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(mailbox, FindMailbox(tx, queued.mailbox_id));
    ESNAF_ASSIGN_OR_RETURN(ticket, FindTicket(tx, queued.ticket_id));
    ESNAF_ASSIGN_OR_RETURN(mail.references, MailIdsOf(tx, queued.ticket_id));
    if (!queued.ticket_message_id) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(attachments, ListMessageAttachments(tx, *queued.ticket_message_id));
    return absl::OkStatus();
  }));
  if (!mailbox || !ticket) return absl::FailedPreconditionError("its mailbox or ticket is gone");
  std::erase(mail.references, queued.message_id);
  mail.from = {mailbox->display_name, mailbox->address};
  mail.reply_to = mail::ReplyAddress(mailbox->address, ticket->number, mailbox->key);
  mail.subject = mail::ReplySubject(ticket->subject);
  for (const Attachment& attachment : attachments) {
    if (files_ == nullptr) return absl::FailedPreconditionError("its files are not kept here any more");
    ESNAF_ASSIGN_OR_RETURN(std::string content, files_->Get(attachment.sha256));
    mail.attachments.push_back({attachment.name, attachment.media_type, std::move(content)});
  }
  ESNAF_ASSIGN_OR_RETURN(const std::string wire, mail::Compose(mail));
  ESNAF_ASSIGN_OR_RETURN(std::string password, Password(mailbox->smtp_password_file));
  return transport_.Send({mailbox->smtp_url, mailbox->smtp_user, std::move(password)}, mailbox->address,
                         queued.to_address, wire);
}

absl::StatusOr<bool> MailWorker::SendNext(postgres::Connection& connection, const Clock& clock) {
  const Time now = clock.Now();
  ESNAF_ASSIGN_OR_RETURN(
      const std::optional<OutgoingMail> mail,
      connection.Run({.autocommit = true}, [&](postgres::Tx& tx) { return ClaimMail(tx, now, now + kLease); }));
  if (!mail) return false;
  const absl::Status sent = Send(connection, *mail);
  if (sent.ok()) {
    ESNAF_RETURN_IF_ERROR(connection.Run(
        {.autocommit = true}, [&](postgres::Tx& tx) { return FinishMail(tx, mail->id, OutgoingState::kSent, ""); }));
    return true;
  }
  const bool dead = !MayPass(sent) || mail->attempt_count >= kMostMailAttempts;
  LogWarning(dead ? "a mail is given up" : "a mail could not be sent",
             {{"mail", mail->id.ToString()},
              {"attempt", mail->attempt_count},
              {"code", absl::StatusCodeToString(sent.code())}});
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    if (!dead) {
      return PostponeMail(tx, mail->id, clock.Now() + MailDelayAfter(mail->attempt_count), FailureText(sent));
    }
    ESNAF_RETURN_IF_ERROR(FinishMail(tx, mail->id, OutgoingState::kDead, FailureText(sent)));
    return receiver_
        .NoteOnTicket(tx, mail->ticket_id,
                      absl::StrCat("E-posta gönderilemedi (", mail->to_address, "): ", FailureText(sent)), clock.Now())
        .status();
  }));
  return true;
}

}  // namespace esnaf::support
