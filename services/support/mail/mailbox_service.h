#pragma once

// The RPCs of esnaf.support.v1.MailboxService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/mailboxes.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/mail/mail_receiver.h"

namespace esnaf::support {

class MailboxService {
 public:
  explicit MailboxService(MailReceiver& receiver) : receiver_(receiver) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Mailbox> CreateMailbox(runtime::Call& call, const v1::CreateMailboxRequest& request);
  absl::StatusOr<v1::Mailbox> GetMailbox(runtime::Call& call, const v1::GetMailboxRequest& request);
  absl::StatusOr<v1::ListMailboxesResponse> ListMailboxes(runtime::Call& call, const v1::ListMailboxesRequest& request);
  absl::StatusOr<v1::Mailbox> UpdateMailbox(runtime::Call& call, const v1::UpdateMailboxRequest& request);
  absl::StatusOr<v1::DeliverMailResponse> DeliverMail(runtime::Call& call, const v1::DeliverMailRequest& request);
  absl::StatusOr<v1::ListDeadMailsResponse> ListDeadMails(runtime::Call& call, const v1::ListDeadMailsRequest& request);
  absl::StatusOr<v1::ListTicketMailsResponse> ListTicketMails(runtime::Call& call,
                                                              const v1::ListTicketMailsRequest& request);

 private:
  MailReceiver& receiver_;
};

}  // namespace esnaf::support
