#pragma once

// The RPCs of esnaf.segmentation.v1.ValueService.
#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/values.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::segmentation {

class ValueService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ContactValue> GetContactValue(runtime::Call& call, const v1::GetContactValueRequest& request);
  absl::StatusOr<v1::ListContactValuesResponse> ListContactValues(runtime::Call& call,
                                                                  const v1::ListContactValuesRequest& request);
  absl::StatusOr<v1::ValueModel> CreateValueModel(runtime::Call& call, const v1::CreateValueModelRequest& request);
  absl::StatusOr<v1::ValueModel> GetValueModel(runtime::Call& call, const v1::GetValueModelRequest& request);
  absl::StatusOr<v1::ListValueModelsResponse> ListValueModels(runtime::Call& call,
                                                              const v1::ListValueModelsRequest& request);
  absl::StatusOr<v1::ValueModel> UpdateValueModel(runtime::Call& call, const v1::UpdateValueModelRequest& request);
  absl::StatusOr<v1::ValueModelFit> FitValueModel(runtime::Call& call, const v1::FitValueModelRequest& request);
  absl::StatusOr<v1::ListValueModelFitsResponse> ListValueModelFits(runtime::Call& call,
                                                                    const v1::ListValueModelFitsRequest& request);
  absl::StatusOr<v1::RetentionCohorts> GetRetentionCohorts(runtime::Call& call,
                                                           const v1::GetRetentionCohortsRequest& request);
};

}  // namespace esnaf::segmentation
