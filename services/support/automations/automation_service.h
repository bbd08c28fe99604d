#pragma once

// The RPCs of esnaf.support.v1.AutomationService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/automations.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/automations/automation.h"
#include "services/support/tickets/desk_record.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class AutomationService {
 public:
  // The writer outlives it.
  explicit AutomationService(TicketWriter& writer);
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Automation> CreateAutomation(runtime::Call& call, const v1::CreateAutomationRequest& request);
  absl::StatusOr<v1::Automation> GetAutomation(runtime::Call& call, const v1::GetAutomationRequest& request);
  absl::StatusOr<v1::ListAutomationsResponse> ListAutomations(runtime::Call& call,
                                                              const v1::ListAutomationsRequest& request);
  absl::StatusOr<v1::Automation> UpdateAutomation(runtime::Call& call, const v1::UpdateAutomationRequest& request);
  absl::StatusOr<v1::DeleteAutomationResponse> DeleteAutomation(runtime::Call& call,
                                                                const v1::DeleteAutomationRequest& request);
  absl::StatusOr<v1::DryRunAutomationsResponse> DryRunAutomations(runtime::Call& call,
                                                                  const v1::DryRunAutomationsRequest& request);
  absl::StatusOr<v1::ListAutomationRunsResponse> ListAutomationRuns(runtime::Call& call,
                                                                    const v1::ListAutomationRunsRequest& request);

 private:
  // Those that a dry run is about.
  absl::StatusOr<std::vector<Automation>> Drafts(postgres::Tx& tx, const v1::DryRunAutomationsRequest& request) const;

  TicketWriter& writer_;
  DeskRecords<v1::Automation> automations_;
};

}  // namespace esnaf::support
