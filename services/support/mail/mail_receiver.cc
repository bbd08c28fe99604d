#include "services/support/mail/mail_receiver.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/base/absl_compat.h"
#include "libs/base/crypto.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/identity/identity.h"
#include "libs/mail/clean_text.h"
#include "libs/mail/quoted_text.h"
#include "libs/mail/thread.h"
#include "services/support/attachments/attachment_store.h"
#include "services/support/tickets/ticket_store.h"
#include "services/support/tickets/ticket_thread.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxTextBytes = 60'000;  // with room for what is said of attachments
constexpr std::size_t kMaxSubjectBytes = 300;
constexpr std::size_t kMaxReasonBytes = 1000;
constexpr std::size_t kMostBeginningBytes = 16 * 1024;
constexpr char kActor[] = "service:support";

// Without a Message-ID the bytes themselves are the mail's name.
std::string IdOf(const mail::Mail& mail, std::string_view raw) {
  const bool usable = !mail.message_id.empty() && mail.message_id.size() <= 900;
  return usable ? mail.message_id : absl::StrCat("sha256.", Sha256Hex(raw), "@esnaf.invalid");
}

std::string DomainOf(const Mailbox& mailbox) { return mailbox.address.substr(mailbox.address.rfind('@') + 1); }

std::string SubjectOf(const mail::Mail& mail) {
  std::string subject(Truncate(mail.subject, kMaxSubjectBytes));
  return Trim(subject).empty() ? "(konu yok)" : subject;
}

// Whom the address is known to belong to. A mail proves nothing of its sender, so nothing is learnt from it.
absl::StatusOr<std::optional<Uuid>> ContactOf(postgres::Tx& tx, const std::string& address) {
  const identity::IdentitySet set{.identities = {{identity::Kind::kEmail, "", address, true}}};
  ESNAF_ASSIGN_OR_RETURN(const auto found, identity::FindContacts(tx, {set}));
  return found.front();
}

}  // namespace

// A mail that was read, with what was kept of its attachments before the transaction.
struct MailReceiver::Incoming {
  const Mailbox& mailbox;
  const mail::Mail& mail;
  std::string message_id;
  std::string text;  // what is new in it, and which attachments were left out
  std::vector<Attachment> attachments;
  Time now;
};

absl::StatusOr<ReceivedMail> MailReceiver::Receive(postgres::Connection& connection, const Mailbox& mailbox,
                                                   std::string_view raw, const std::string& source,
                                                   std::optional<MailCursor> cursor, Time now) {
  const absl::StatusOr<mail::Mail> mail = mail::Parse(raw);
  if (!mail.ok()) {
    ESNAF_RETURN_IF_ERROR(
        Bury(connection, mailbox, source, raw, static_cast<std::int64_t>(raw.size()), mail.status(), cursor, now));
    return ReceivedMail{.refusal = mail.status()};
  }
  Incoming incoming{.mailbox = mailbox, .mail = *mail, .message_id = IdOf(*mail, raw), .now = now};
  incoming.text = std::string(Truncate(mail::WithoutQuotedText(mail->text), kMaxTextBytes));
  std::string left_out;
  for (const mail::Attachment& attachment : mail->attachments) {
    const std::string name = AttachmentName(attachment.name);
    std::optional<std::string> why = WhyRefused(name, attachment.media_type, attachment.content);
    if (!why && files_ == nullptr) why = "is not kept here";
    if (!why && incoming.attachments.size() == kMostAttachments) why = "is one too many";
    if (why) {
      if (left_out.size() < 2000) absl::StrAppend(&left_out, "\n[Ek alınmadı: ", name, "]");
      continue;
    }
    ESNAF_ASSIGN_OR_RETURN(std::string sha256, files_->Put(attachment.content));
    incoming.attachments.push_back(
        {.id = Uuid::NewV7(now),
         .name = name,
         .media_type = IsMediaType(attachment.media_type) ? attachment.media_type : "application/octet-stream",
         .size_bytes = static_cast<std::int64_t>(attachment.content.size()),
         .sha256 = std::move(sha256),
         .actor = kActor,
         .create_time = now});
  }
  if (Trim(incoming.text).empty()) incoming.text = "(metin yok)";
  incoming.text += left_out;

  return connection.Run({}, [&](postgres::Tx& tx) -> absl::StatusOr<ReceivedMail> {
    ReceivedMail received;
    if (cursor) ESNAF_RETURN_IF_ERROR(MoveCursor(tx, mailbox.id, cursor->uid_validity, cursor->uid));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<MailRecord> known, FindMail(tx, mailbox.id, incoming.message_id));
    if (known) return ReceivedMail{.mail = *known, .repeated = true};
    ESNAF_ASSIGN_OR_RETURN(received.mail, Apply(tx, incoming));
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertMail(tx, received.mail));
    if (!inserted) return absl::AbortedError("the mail is just being taken in");
    return received;
  });
}

absl::Status MailReceiver::Bury(postgres::Connection& connection, const Mailbox& mailbox, const std::string& source,
                                std::string_view raw, std::int64_t size_bytes, const absl::Status& refusal,
                                std::optional<MailCursor> cursor, Time now) {
  DeadMail dead{
      .id = Uuid::FromName("esnaf.support.dead_mail", absl::StrCat(mailbox.id, "\n", source, "\n", Sha256Hex(raw))),
      .mailbox_id = mailbox.id,
      .source = source,
      .reason = ErrorReason(refusal),
      .message = std::string(Truncate(ToStd(refusal.message()), kMaxReasonBytes)),
      .size_bytes = size_bytes,
      .beginning = mail::CleanText(raw.substr(0, kMostBeginningBytes), "UTF-8"),
      .create_time = now};
  if (files_ != nullptr && !raw.empty() && raw.size() <= mail::Limits().most_bytes) {
    ESNAF_ASSIGN_OR_RETURN(dead.sha256, files_->Put(raw));
  }
  LogWarning("a mail could not be taken", {{"mailbox", mailbox.id}, {"source", source}, {"reason", dead.reason}});
  return connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    if (cursor) ESNAF_RETURN_IF_ERROR(MoveCursor(tx, mailbox.id, cursor->uid_validity, cursor->uid));
    return InsertDeadMail(tx, dead);
  });
}

absl::StatusOr<MailRecord> MailReceiver::Apply(postgres::Tx& tx, const Incoming& incoming) {
  const mail::Mail& mail = incoming.mail;
  MailRecord record{.mailbox_id = incoming.mailbox.id,
                    .message_id = incoming.message_id,
                    .address = mail.from.address,
                    .name = mail.from.name,
                    .create_time = incoming.now};
  // What we wrote ourselves comes back by a loop of servers.
  if (mail.from.address == incoming.mailbox.address) return record;
  if (mail.bounce) {
    ESNAF_RETURN_IF_ERROR(ApplyBounce(tx, incoming, record));
    return record;
  }
  ESNAF_ASSIGN_OR_RETURN(const auto known, TicketsOfMails(tx, incoming.mailbox.id, mail::AnsweredIds(mail)));
  const mail::Thread thread = mail::ThreadOf(mail, incoming.mailbox.address, incoming.mailbox.key, known);
  std::optional<Uuid> ticket_id;
  if (thread.reason != mail::ThreadReason::kNew) {
    ESNAF_ASSIGN_OR_RETURN(ticket_id, TicketOfNumber(tx, thread.ticket_number));
  }
  if (ticket_id) {
    ESNAF_RETURN_IF_ERROR(ApplyToTicket(tx, incoming, *ticket_id, record));
  } else if (!mail.automatic) {
    ESNAF_RETURN_IF_ERROR(OpenTicket(tx, incoming, nullptr, record));
  }
  return record;
}

absl::Status MailReceiver::ApplyBounce(postgres::Tx& tx, const Incoming& incoming, MailRecord& record) {
  const mail::Bounce& bounce = *incoming.mail.bounce;
  for (const std::string& id : mail::AnsweredIds(incoming.mail)) {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<MailRecord> ours, FindMail(tx, incoming.mailbox.id, id));
    if (!ours || ours->outcome != MailOutcome::kSentOut || !ours->ticket_id) continue;
    const std::string why = bounce.reason.empty() ? bounce.status : bounce.reason;
    // A delay is no end: the server goes on trying.
    if (bounce.permanent || bounce.status.empty()) {
      ESNAF_RETURN_IF_ERROR(MarkBounced(tx, incoming.mailbox.id, id, why).status());
    }
    ESNAF_ASSIGN_OR_RETURN(
        record.ticket_message_id,
        NoteOnTicket(tx, *ours->ticket_id, absl::StrCat("E-posta iletilemedi (", ours->address, "): ", why),
                     incoming.now));
    record.ticket_id = ours->ticket_id;
    record.outcome = MailOutcome::kBounce;
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<Uuid> MailReceiver::NoteOnTicket(postgres::Tx& tx, const Uuid& ticket_id, std::string text, Time now) {
  ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {ticket_id}));
  const auto found = locked.find(ticket_id);
  if (found == locked.end()) return absl::InternalError("a mail's ticket is gone");
  Ticket& ticket = found->second;
  const Cause cause = OwnCause(now);
  const TicketMessage note{.id = Uuid::NewV7(now),
                           .ticket_id = ticket.id,
                           .kind = MessageKind::kInternalNote,
                           .author = AuthorKind::kSystem,
                           .actor = cause.actor.name,
                           .text = std::move(text),
                           .channel = contacts::v1::CHANNEL_EMAIL,
                           .create_time = MomentOf(ticket, now)};
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent event, ApplyMessage(ticket, note));
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event, &note));
  return note.id;
}

absl::Status MailReceiver::ApplyToTicket(postgres::Tx& tx, const Incoming& incoming, const Uuid& ticket_id,
                                         MailRecord& record) {
  if (incoming.mail.automatic) {
    // An out-of-office notice opens nothing again and answers nothing.
    ESNAF_ASSIGN_OR_RETURN(record.ticket_message_id,
                           NoteOnTicket(tx, ticket_id, "[Otomatik yanıt]\n" + incoming.text, incoming.now));
    record.ticket_id = ticket_id;
    record.outcome = MailOutcome::kNote;
    return absl::OkStatus();
  }
  ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockWhereItGoesOn(tx, ticket_id));
  if (ticket.state == TicketState::kSpam) return absl::OkStatus();
  if (!NextState(ticket.state, TicketVerb::kCustomerWrites)) return OpenTicket(tx, incoming, &ticket, record);
  for (const Attachment& attachment : incoming.attachments) ESNAF_RETURN_IF_ERROR(AddAttachment(tx, attachment));
  const Cause cause{{AuthorKind::kCustomer, kActor}, "", incoming.now};
  TicketMessage message{.id = Uuid::NewV7(incoming.now),
                        .ticket_id = ticket.id,
                        .author = AuthorKind::kCustomer,
                        .actor = kActor,
                        .text = incoming.text,
                        .channel = contacts::v1::CHANNEL_EMAIL,
                        .create_time = MomentOf(ticket, incoming.now)};
  for (const Attachment& attachment : incoming.attachments) message.attachment_ids.push_back(attachment.id);
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent event, ApplyMessage(ticket, message));
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event, &message));
  record.ticket_id = ticket.id;
  record.ticket_message_id = message.id;
  record.outcome = MailOutcome::kMessage;
  return absl::OkStatus();
}

absl::Status MailReceiver::OpenTicket(postgres::Tx& tx, const Incoming& incoming, Ticket* closed, MailRecord& record) {
  for (const Attachment& attachment : incoming.attachments) ESNAF_RETURN_IF_ERROR(AddAttachment(tx, attachment));
  const mail::Address& from = incoming.mail.from;
  Ticket ticket{.id = Uuid::NewV7(incoming.now),
                .store_id = incoming.mailbox.store_id,
                .subject = SubjectOf(incoming.mail),
                .team = incoming.mailbox.team};
  if (closed != nullptr) ticket = FollowUpOf(*closed, incoming.now);
  ticket.channel = contacts::v1::CHANNEL_EMAIL;
  ticket.custom_fields["requester_email"] = from.address;
  if (!from.name.empty()) ticket.custom_fields["requester_name"] = from.name;
  if (!ticket.contact_id) {
    ESNAF_ASSIGN_OR_RETURN(ticket.contact_id, ContactOf(tx, from.address));
  }
  TicketMessage message{.id = Uuid::NewV7(incoming.now),
                        .ticket_id = ticket.id,
                        .author = AuthorKind::kCustomer,
                        .actor = kActor,
                        .text = incoming.text,
                        .channel = contacts::v1::CHANNEL_EMAIL,
                        .create_time = incoming.now};
  for (const Attachment& attachment : incoming.attachments) message.attachment_ids.push_back(attachment.id);
  const Cause cause{{AuthorKind::kCustomer, kActor}, "", incoming.now};
  ESNAF_RETURN_IF_ERROR(closed == nullptr ? support::OpenTicket(tx, writer_, cause, ticket, message)
                                          : OpenFollowUp(tx, writer_, cause, *closed, ticket, message));
  record.ticket_id = ticket.id;
  record.ticket_message_id = message.id;
  record.outcome = MailOutcome::kTicket;
  return Acknowledge(tx, incoming, ticket);
}

absl::Status MailReceiver::Acknowledge(postgres::Tx& tx, const Incoming& incoming, const Ticket& ticket) {
  const Mailbox& mailbox = incoming.mailbox;
  if (mailbox.acknowledgement.empty() || mailbox.smtp_url.empty() || incoming.mail.suppresses_answers) {
    return absl::OkStatus();
  }
  // A machine that does not say that it is one is stopped by the count.
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t sent,
                         CountAutomatic(tx, incoming.mail.from.address, incoming.now - kAutomaticAnswersWithin));
  if (sent >= kMostAutomaticAnswers) return absl::OkStatus();
  const Uuid id = Uuid::NewV7(incoming.now);
  return QueueMail(tx, {.id = id,
                        .mailbox_id = mailbox.id,
                        .message_id = absl::StrCat(id.ToString(), "@", DomainOf(mailbox)),
                        .ticket_id = ticket.id,
                        .to_address = incoming.mail.from.address,
                        .to_name = incoming.mail.from.name,
                        .in_reply_to = incoming.message_id,
                        .text = mailbox.acknowledgement,
                        .automatic = true,
                        .create_time = incoming.now});
}

}  // namespace esnaf::support
