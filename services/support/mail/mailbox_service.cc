#include "services/support/mail/mailbox_service.h"
#include "services/support/records.h"

#include "libs/api/convert.h"
#include "libs/api/update_mask.h"
#include "libs/base/crypto.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;

v1::Mailbox ToProto(const Mailbox& mailbox) {
  v1::Mailbox proto;
  proto.set_id(mailbox.id);
  proto.set_address(mailbox.address);
  proto.set_display_name(mailbox.display_name);
  proto.set_store_id(mailbox.store_id);
  proto.set_team(mailbox.team);
  proto.set_imap_url(mailbox.imap_url);
  proto.set_imap_folder(mailbox.imap_folder);
  proto.set_imap_user(mailbox.imap_user);
  proto.set_imap_password_file(mailbox.imap_password_file);
  proto.set_smtp_url(mailbox.smtp_url);
  proto.set_smtp_user(mailbox.smtp_user);
  proto.set_smtp_password_file(mailbox.smtp_password_file);
  proto.set_acknowledgement(mailbox.acknowledgement);
  proto.set_disabled(mailbox.disabled);
  proto.set_fetch_failure(mailbox.fetch_failure);
  if (mailbox.fetch_time) *proto.mutable_fetch_time() = api::ToProto(*mailbox.fetch_time);
  *proto.mutable_create_time() = api::ToProto(mailbox.create_time);
  return proto;
}

Mailbox FromProto(const v1::Mailbox& proto) {
  return {.id = proto.id(),
          .address = LowerCase(Trim(proto.address())),
          .display_name = proto.display_name(),
          .store_id = proto.store_id(),
          .team = proto.team(),
          .imap_url = proto.imap_url(),
          .imap_folder = proto.imap_folder().empty() ? "INBOX" : proto.imap_folder(),
          .imap_user = proto.imap_user(),
          .imap_password_file = proto.imap_password_file(),
          .smtp_url = proto.smtp_url(),
          .smtp_user = proto.smtp_user(),
          .smtp_password_file = proto.smtp_password_file(),
          .acknowledgement = proto.acknowledgement(),
          .disabled = proto.disabled()};
}

// A key that is limited to stores sees the mailboxes of these alone.
absl::StatusOr<Mailbox> VisibleMailbox(const Call& call, postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(std::optional<Mailbox> mailbox, FindMailbox(tx, id));
  if (!mailbox || !call.caller().MaySee(mailbox->store_id)) return NotFound("mailbox", id);
  return *std::move(mailbox);
}

// A mailbox names a server and a password file of the installation, whose tickets may be of any store.
constexpr std::string_view kMailboxes = "mailboxes";

}  // namespace

runtime::RpcService MailboxService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.MailboxService");
  rpcs.Unary("CreateMailbox", this, &MailboxService::CreateMailbox)
      .Unary("GetMailbox", this, &MailboxService::GetMailbox)
      .Unary("ListMailboxes", this, &MailboxService::ListMailboxes)
      .Unary("UpdateMailbox", this, &MailboxService::UpdateMailbox)
      .Unary("DeliverMail", this, &MailboxService::DeliverMail)
      .Unary("ListDeadMails", this, &MailboxService::ListDeadMails)
      .Unary("ListTicketMails", this, &MailboxService::ListTicketMails);
  return rpcs;
}

absl::StatusOr<v1::Mailbox> MailboxService::CreateMailbox(Call& call, const v1::CreateMailboxRequest& request) {
  FieldViolations violations;
  Mailbox mailbox = FromProto(request.mailbox());
  CheckMailbox(mailbox, "mailbox", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kMailboxes));
  mailbox.key = HexEncode(RandomBytes(32));
  mailbox.create_time = call.now();
  using Answer = absl::StatusOr<v1::Mailbox>;
  return call.Mutate<v1::Mailbox>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertMailbox(tx, mailbox));
    if (inserted) return ToProto(mailbox);
    return MakeError(absl::StatusCode::kAlreadyExists, "MAILBOX_EXISTS", "a mailbox has this id or address",
                     {{"id", mailbox.id}});
  });
}

absl::StatusOr<v1::Mailbox> MailboxService::GetMailbox(Call& call, const v1::GetMailboxRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Mailbox> {
    ESNAF_ASSIGN_OR_RETURN(const Mailbox mailbox, VisibleMailbox(call, tx, request.id()));
    return ToProto(mailbox);
  });
}

absl::StatusOr<v1::ListMailboxesResponse> MailboxService::ListMailboxes(Call& call, const v1::ListMailboxesRequest&) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListMailboxesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Mailbox> mailboxes, support::ListMailboxes(tx));
    v1::ListMailboxesResponse response;
    for (const Mailbox& mailbox : mailboxes) {
      if (call.caller().MaySee(mailbox.store_id)) *response.add_mailboxes() = ToProto(mailbox);
    }
    return response;
  });
}

absl::StatusOr<v1::Mailbox> MailboxService::UpdateMailbox(Call& call, const v1::UpdateMailboxRequest& request) {
  using Answer = absl::StatusOr<v1::Mailbox>;
  return call.Mutate<v1::Mailbox>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const Mailbox known, VisibleMailbox(call, tx, request.mailbox().id()));
    v1::Mailbox merged = ToProto(known);
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(api::ExpandMask(request.update_mask(), request.mailbox()), request.mailbox(),
                                           "mailbox", merged));
    Mailbox wanted = FromProto(merged);
    if (wanted.id != known.id || wanted.address != known.address) {
      return InvalidField("mailbox.address", "stays as it is: answers go there");
    }
    FieldViolations violations;
    CheckMailbox(wanted, "mailbox", violations);
    ESNAF_RETURN_IF_ERROR(violations.ToStatus());
    ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kMailboxes));
    ESNAF_RETURN_IF_ERROR(support::UpdateMailbox(tx, wanted));
    wanted.fetch_failure = known.fetch_failure;
    wanted.fetch_time = known.fetch_time;
    wanted.create_time = known.create_time;
    return ToProto(wanted);
  });
}

absl::StatusOr<v1::DeliverMailResponse> MailboxService::DeliverMail(Call& call, const v1::DeliverMailRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Mailbox mailbox,
                         call.Read([&](postgres::Tx& tx) { return VisibleMailbox(call, tx, request.mailbox_id()); }));
  ESNAF_ASSIGN_OR_RETURN(const ReceivedMail received, receiver_.Receive(call.connection(), mailbox, request.raw(),
                                                                        "delivered", std::nullopt, call.now()));
  ESNAF_RETURN_IF_ERROR(received.refusal);
  v1::DeliverMailResponse response;
  response.set_outcome(static_cast<v1::MailOutcome>(received.mail.outcome));
  if (received.mail.ticket_id) response.set_ticket_id(received.mail.ticket_id->ToString());
  if (received.mail.ticket_message_id) response.set_ticket_message_id(received.mail.ticket_message_id->ToString());
  response.set_repeated(received.repeated);
  return response;
}

absl::StatusOr<v1::ListDeadMailsResponse> MailboxService::ListDeadMails(Call& call,
                                                                        const v1::ListDeadMailsRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListDeadMailsResponse> {
    ESNAF_RETURN_IF_ERROR(VisibleMailbox(call, tx, request.mailbox_id()).status());
    ESNAF_ASSIGN_OR_RETURN(const std::vector<DeadMail> mails, support::ListDeadMails(tx, request.mailbox_id()));
    v1::ListDeadMailsResponse response;
    for (const DeadMail& mail : mails) {
      v1::DeadMail& told = *response.add_dead_mails();
      told.set_id(mail.id.ToString());
      told.set_mailbox_id(mail.mailbox_id);
      told.set_source(mail.source);
      told.set_reason(mail.reason);
      told.set_message(mail.message);
      told.set_size_bytes(mail.size_bytes);
      told.set_beginning(mail.beginning);
      *told.mutable_create_time() = api::ToProto(mail.create_time);
    }
    return response;
  });
}

absl::StatusOr<v1::ListTicketMailsResponse> MailboxService::ListTicketMails(Call& call,
                                                                            const v1::ListTicketMailsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket_id(), "ticket_id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketMailsResponse> {
    ESNAF_RETURN_IF_ERROR(VisibleTicket(call, tx, id).status());
    ESNAF_ASSIGN_OR_RETURN(const std::vector<TicketMail> mails, support::ListTicketMails(tx, id));
    v1::ListTicketMailsResponse response;
    for (const TicketMail& one : mails) {
      v1::TicketMail& told = *response.add_mails();
      told.set_message_id(one.mail.message_id);
      told.set_mailbox_id(one.mail.mailbox_id);
      told.set_outcome(static_cast<v1::MailOutcome>(one.mail.outcome));
      told.set_address(one.mail.address);
      if (one.mail.ticket_message_id) told.set_ticket_message_id(one.mail.ticket_message_id->ToString());
      told.set_state(static_cast<v1::OutgoingMailState>(one.state));
      told.set_attempt_count(one.attempt_count);
      told.set_failure(one.failure);
      *told.mutable_create_time() = api::ToProto(one.mail.create_time);
    }
    return response;
  });
}

}  // namespace esnaf::support
