#pragma once

// The RPC handlers of the consent ledger.
#include "esnaf/contacts/v1/consents.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::contacts {

class ConsentService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Consent> RecordConsent(runtime::Call& call, const v1::RecordConsentRequest& request);
  absl::StatusOr<v1::ListConsentsResponse> ListConsents(runtime::Call& call, const v1::ListConsentsRequest& request);
  absl::StatusOr<v1::ConsentState> GetConsentState(runtime::Call& call, const v1::GetConsentStateRequest& request);
  absl::StatusOr<v1::BatchGetConsentStatesResponse> BatchGetConsentStates(
      runtime::Call& call, const v1::BatchGetConsentStatesRequest& request);
};

}  // namespace esnaf::contacts
