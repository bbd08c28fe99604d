#pragma once

// The RPCs of esnaf.support.v1.TicketWebhookService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/ticket_webhooks.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class WebhookService {
 public:
  // With `allow_private` webhooks of private networks and by `http://` are taken.
  explicit WebhookService(bool allow_private) : allow_private_(allow_private) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::TicketWebhook> CreateTicketWebhook(runtime::Call& call,
                                                        const v1::CreateTicketWebhookRequest& request);
  absl::StatusOr<v1::TicketWebhook> GetTicketWebhook(runtime::Call& call, const v1::GetTicketWebhookRequest& request);
  absl::StatusOr<v1::ListTicketWebhooksResponse> ListTicketWebhooks(runtime::Call& call,
                                                                    const v1::ListTicketWebhooksRequest& request);
  absl::StatusOr<v1::TicketWebhook> UpdateTicketWebhook(runtime::Call& call,
                                                        const v1::UpdateTicketWebhookRequest& request);
  absl::StatusOr<v1::DeleteTicketWebhookResponse> DeleteTicketWebhook(runtime::Call& call,
                                                                      const v1::DeleteTicketWebhookRequest& request);
  absl::StatusOr<v1::ListTicketWebhookCallsResponse> ListTicketWebhookCalls(
      runtime::Call& call, const v1::ListTicketWebhookCallsRequest& request);
  absl::StatusOr<v1::TicketWebhookCall> RetryTicketWebhookCall(runtime::Call& call,
                                                               const v1::RetryTicketWebhookCallRequest& request);

 private:
  const bool allow_private_;
};

}  // namespace esnaf::support
