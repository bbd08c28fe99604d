#pragma once

// The RPCs of esnaf.support.v1.InboundMessageService.
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/inbound.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/inbound/inbound_store.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// Offers an agent's reply to the source of the conversation that the ticket is; a listener of TicketWriter. Nothing
// where it is no such ticket, or where the source delivered the reply itself.
absl::Status OfferReply(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message);

class InboundService {
 public:
  InboundService(TicketWriter& writer, Requesters& requesters) : writer_(writer), requesters_(requesters) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::InboundMessageResult> CreateInboundMessage(runtime::Call& call,
                                                                const v1::CreateInboundMessageRequest& request);
  absl::StatusOr<v1::BatchCreateInboundMessagesResponse> BatchCreateInboundMessages(
      runtime::Call& call, const v1::BatchCreateInboundMessagesRequest& request);
  absl::StatusOr<v1::ListOutboundMessagesResponse> ListOutboundMessages(runtime::Call& call,
                                                                        const v1::ListOutboundMessagesRequest& request);
  absl::StatusOr<v1::OutboundMessage> AckOutboundMessage(runtime::Call& call,
                                                         const v1::AckOutboundMessageRequest& request);
  absl::StatusOr<v1::OutboundMessage> FailOutboundMessage(runtime::Call& call,
                                                          const v1::FailOutboundMessageRequest& request);

 private:
  // A message on its way in.
  struct Arrival {
    absl::Status refusal;
    InboundMessage message;
    // Whom contacts was asked for, where it was.
    std::optional<identity::IdentitySet> requester;
    identity::Links links;
  };
  Arrival Read(runtime::Call& call, const v1::InboundMessage& message, const std::string& field);
  // Asks contacts where the message will open the ticket of somebody whom no conversation knows.
  absl::Status FindRequester(runtime::Call& call, Arrival& arrival);
  absl::StatusOr<InboundRecord> Take(postgres::Tx& tx, const Arrival& arrival, Time now, bool& repeated);
  absl::Status TakeInTicket(postgres::Tx& tx, const InboundMessage& message, const Uuid& ticket_id, Time now,
                            InboundRecord& record);
  absl::Status TakeAsNew(postgres::Tx& tx, const Arrival& arrival, Time now, InboundRecord& record);

  TicketWriter& writer_;
  Requesters& requesters_;
};

}  // namespace esnaf::support
