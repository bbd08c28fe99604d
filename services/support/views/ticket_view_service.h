#pragma once

// The RPCs of esnaf.support.v1.TicketViewService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/views.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/tickets/desk_record.h"

namespace esnaf::support {

class TicketViewService {
 public:
  TicketViewService();
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::TicketView> CreateTicketView(runtime::Call& call, const v1::CreateTicketViewRequest& request);
  absl::StatusOr<v1::TicketView> GetTicketView(runtime::Call& call, const v1::GetTicketViewRequest& request);
  absl::StatusOr<v1::ListTicketViewsResponse> ListTicketViews(runtime::Call& call,
                                                              const v1::ListTicketViewsRequest& request);
  absl::StatusOr<v1::TicketView> UpdateTicketView(runtime::Call& call, const v1::UpdateTicketViewRequest& request);
  absl::StatusOr<v1::DeleteTicketViewResponse> DeleteTicketView(runtime::Call& call,
                                                                const v1::DeleteTicketViewRequest& request);
  absl::StatusOr<v1::ListTicketsOfViewResponse> ListTicketsOfView(runtime::Call& call,
                                                                  const v1::ListTicketsOfViewRequest& request);
  absl::StatusOr<v1::CountTicketViewsResponse> CountTicketViews(runtime::Call& call,
                                                                const v1::CountTicketViewsRequest& request);

 private:
  DeskRecords<v1::TicketView> views_;
};

}  // namespace esnaf::support
