#pragma once

// The RPCs of esnaf.attribution.v1.CreditService.
#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/credit.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::attribution {

class CreditService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::CreditExplanation> ExplainCredit(runtime::Call& call, const v1::ExplainCreditRequest& request);
  absl::StatusOr<v1::AttributionSettings> GetAttributionSettings(runtime::Call& call,
                                                                 const v1::GetAttributionSettingsRequest& request);
  absl::StatusOr<v1::AttributionSettings> UpdateAttributionSettings(
      runtime::Call& call, const v1::UpdateAttributionSettingsRequest& request);
};

}  // namespace esnaf::attribution
