#pragma once

// The RPCs of esnaf.support.v1.TicketStateService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/states.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class TicketStateService {
 public:
  explicit TicketStateService(TicketWriter& writer) : writer_(writer) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::NamedTicketState> CreateTicketState(runtime::Call& call,
                                                         const v1::CreateTicketStateRequest& request);
  absl::StatusOr<v1::NamedTicketState> GetTicketState(runtime::Call& call, const v1::GetTicketStateRequest& request);
  absl::StatusOr<v1::ListTicketStatesResponse> ListTicketStates(runtime::Call& call,
                                                                const v1::ListTicketStatesRequest& request);
  absl::StatusOr<v1::NamedTicketState> UpdateTicketState(runtime::Call& call,
                                                         const v1::UpdateTicketStateRequest& request);
  absl::StatusOr<v1::DeleteTicketStateResponse> DeleteTicketState(runtime::Call& call,
                                                                  const v1::DeleteTicketStateRequest& request);
  absl::StatusOr<v1::Ticket> MoveTicket(runtime::Call& call, const v1::MoveTicketRequest& request);

 private:
  TicketWriter& writer_;
};

}  // namespace esnaf::support
