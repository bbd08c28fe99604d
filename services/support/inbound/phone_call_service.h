#pragma once

// The RPCs of esnaf.support.v1.PhoneCallService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/calls.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/inbound/phone_call.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class PhoneCallService {
 public:
  PhoneCallService(TicketWriter& writer, Requesters& requesters) : writer_(writer), requesters_(requesters) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::PhoneCall> LogPhoneCall(runtime::Call& call, const v1::LogPhoneCallRequest& request);
  absl::StatusOr<v1::PhoneCall> GetPhoneCall(runtime::Call& call, const v1::GetPhoneCallRequest& request);
  absl::StatusOr<v1::ListPhoneCallsResponse> ListPhoneCalls(runtime::Call& call,
                                                            const v1::ListPhoneCallsRequest& request);

 private:
  // Says them in a locked ticket; one that has no event yet is created by the first, also as what follows `closed`.
  absl::Status SayAll(postgres::Tx& tx, const std::string& actor, Time now, Ticket& ticket,
                      std::vector<TicketMessage>& messages, Ticket* closed = nullptr);
  // Says them where the ticket goes on; answers that.
  absl::StatusOr<Ticket> SayInOwnTicket(runtime::Call& call, postgres::Tx& tx, const Uuid& id,
                                        std::vector<TicketMessage>& messages);

  TicketWriter& writer_;
  Requesters& requesters_;
};

}  // namespace esnaf::support
