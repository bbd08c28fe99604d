#pragma once

// The RPC handlers of what İYS is told and tells.
#include "esnaf/contacts/v1/iys.pb.h"
#include "libs/runtime/app.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::contacts {

class IysService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::IysBrand> UpdateIysBrand(runtime::Call& call, const v1::UpdateIysBrandRequest& request);
  absl::StatusOr<v1::ListIysBrandsResponse> ListIysBrands(runtime::Call& call, const v1::ListIysBrandsRequest& request);
  absl::StatusOr<v1::ListIysRecordsResponse> ListIysRecords(runtime::Call& call,
                                                            const v1::ListIysRecordsRequest& request);
  absl::StatusOr<v1::IysBatch> CreateIysBatch(runtime::Call& call, const v1::CreateIysBatchRequest& request);
  absl::StatusOr<v1::IysBatch> GetIysBatch(runtime::Call& call, const v1::GetIysBatchRequest& request);
  absl::StatusOr<v1::IysBatch> ReportIysBatch(runtime::Call& call, const v1::ReportIysBatchRequest& request);
  absl::StatusOr<v1::IysBatch> RetryIysBatch(runtime::Call& call, const v1::RetryIysBatchRequest& request);
  absl::StatusOr<v1::ImportIysChangesResponse> ImportIysChanges(runtime::Call& call,
                                                                const v1::ImportIysChangesRequest& request);
};

// Counts the overdue records every minute into `esnaf_contacts_iys_overdue`.
void WatchIysRecords(runtime::App& app);

}  // namespace esnaf::contacts
