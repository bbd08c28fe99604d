#pragma once

// The RPCs of esnaf.support.v1.SlaService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/sla.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class SlaService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::SlaPolicy> CreateSlaPolicy(runtime::Call& call, const v1::CreateSlaPolicyRequest& request);
  absl::StatusOr<v1::SlaPolicy> GetSlaPolicy(runtime::Call& call, const v1::GetSlaPolicyRequest& request);
  absl::StatusOr<v1::ListSlaPoliciesResponse> ListSlaPolicies(runtime::Call& call,
                                                              const v1::ListSlaPoliciesRequest& request);
  absl::StatusOr<v1::SlaPolicy> UpdateSlaPolicy(runtime::Call& call, const v1::UpdateSlaPolicyRequest& request);
  absl::StatusOr<v1::DeleteSlaPolicyResponse> DeleteSlaPolicy(runtime::Call& call,
                                                              const v1::DeleteSlaPolicyRequest& request);
  absl::StatusOr<v1::SlaBacktest> BacktestSlaPolicy(runtime::Call& call, const v1::BacktestSlaPolicyRequest& request);
  absl::StatusOr<v1::BusinessCalendar> CreateBusinessCalendar(runtime::Call& call,
                                                              const v1::CreateBusinessCalendarRequest& request);
  absl::StatusOr<v1::BusinessCalendar> GetBusinessCalendar(runtime::Call& call,
                                                           const v1::GetBusinessCalendarRequest& request);
  absl::StatusOr<v1::ListBusinessCalendarsResponse> ListBusinessCalendars(
      runtime::Call& call, const v1::ListBusinessCalendarsRequest& request);
  absl::StatusOr<v1::BusinessCalendar> UpdateBusinessCalendar(runtime::Call& call,
                                                              const v1::UpdateBusinessCalendarRequest& request);
  absl::StatusOr<v1::DeleteBusinessCalendarResponse> DeleteBusinessCalendar(
      runtime::Call& call, const v1::DeleteBusinessCalendarRequest& request);
};

}  // namespace esnaf::support
