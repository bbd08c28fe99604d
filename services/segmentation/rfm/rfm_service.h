#pragma once

// The RPCs of esnaf.segmentation.v1.RfmService.
#include <string>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/segmentation/people/person_table_keeper.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/rfm/rfm_store.h"
#include "services/segmentation/rfm/rfm_trial.h"

namespace esnaf::segmentation {

class RfmService {
 public:
  // Computes and tries over the keeper's table where there is one and it is loaded, else over the ledger.
  explicit RfmService(PersonTableKeeper* keeper = nullptr) : keeper_(keeper) {}

  runtime::RpcService Rpcs();

  absl::StatusOr<v1::RfmPolicy> CreateRfmPolicy(runtime::Call& call, const v1::CreateRfmPolicyRequest& request);
  absl::StatusOr<v1::RfmPolicy> GetRfmPolicy(runtime::Call& call, const v1::GetRfmPolicyRequest& request);
  absl::StatusOr<v1::ListRfmPoliciesResponse> ListRfmPolicies(runtime::Call& call,
                                                              const v1::ListRfmPoliciesRequest& request);
  absl::StatusOr<v1::RfmPolicy> UpdateRfmPolicy(runtime::Call& call, const v1::UpdateRfmPolicyRequest& request);
  absl::StatusOr<v1::RfmPolicyVersion> SaveRfmPolicyDraft(runtime::Call& call,
                                                          const v1::SaveRfmPolicyDraftRequest& request);
  absl::StatusOr<v1::ListRfmPolicyVersionsResponse> ListRfmPolicyVersions(
      runtime::Call& call, const v1::ListRfmPolicyVersionsRequest& request);
  absl::StatusOr<v1::RfmPolicy> ActivateRfmPolicyVersion(runtime::Call& call,
                                                         const v1::ActivateRfmPolicyVersionRequest& request);
  absl::StatusOr<v1::RfmPreview> PreviewRfmPolicy(runtime::Call& call, const v1::PreviewRfmPolicyRequest& request);
  absl::StatusOr<v1::RfmBacktest> BacktestRfmPolicy(runtime::Call& call, const v1::BacktestRfmPolicyRequest& request);
  absl::StatusOr<v1::RepeatPurchases> CountRepeatPurchases(runtime::Call& call,
                                                           const v1::CountRepeatPurchasesRequest& request);
  absl::StatusOr<v1::ComputeRfmResponse> ComputeRfm(runtime::Call& call, const v1::ComputeRfmRequest& request);
  absl::StatusOr<v1::RfmSummary> GetRfmSummary(runtime::Call& call, const v1::GetRfmSummaryRequest& request);
  absl::StatusOr<v1::ListRfmScoresResponse> ListRfmScores(runtime::Call& call, const v1::ListRfmScoresRequest& request);
  absl::StatusOr<v1::RfmTransitions> GetRfmTransitions(runtime::Call& call,
                                                       const v1::GetRfmTransitionsRequest& request);
  absl::StatusOr<v1::RfmScore> GetContactRfm(runtime::Call& call, const v1::GetContactRfmRequest& request);
  absl::StatusOr<v1::RfmExplanation> ExplainContactRfm(runtime::Call& call,
                                                       const v1::ExplainContactRfmRequest& request);
  absl::StatusOr<v1::ListContactRfmHistoryResponse> ListContactRfmHistory(
      runtime::Call& call, const v1::ListContactRfmHistoryRequest& request);

 private:
  // Whether the table in memory is there and holds what this call must see.
  absl::StatusOr<bool> CatchUp(runtime::Call& call);
  // By whom a trial's questions over everybody are answered: the table where it is ready, else the ledger.
  ScoreAll ScorerOf(postgres::Tx& tx, bool table_is_ready) const;
  SumAll SummerOf(postgres::Tx& tx, bool table_is_ready) const;

  PersonTableKeeper* keeper_;
};

// The policy that a request asks for, with the fields that its mask names set. INVALID_ARGUMENT naming `update_mask`.
absl::StatusOr<v1::RfmPolicy> MergePolicy(const v1::RfmPolicy& known, const v1::UpdateRfmPolicyRequest& request);

}  // namespace esnaf::segmentation
