#pragma once

// The RPCs of esnaf.attribution.v1.ReportService.
#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/report.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::attribution {

class ReportService {
 public:
  // How long what reports said before is kept (`retention.h`): further back none can be asked for.
  explicit ReportService(int superseded_days) : superseded_days_(superseded_days) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::AttributionReport> GetAttributionReport(runtime::Call& call,
                                                             const v1::GetAttributionReportRequest& request);
  absl::StatusOr<v1::ModelComparison> CompareModels(runtime::Call& call, const v1::CompareModelsRequest& request);
  absl::StatusOr<v1::ConversionPaths> GetConversionPaths(runtime::Call& call,
                                                         const v1::GetConversionPathsRequest& request);
  absl::StatusOr<v1::AcquisitionCohorts> GetAcquisitionCohorts(runtime::Call& call,
                                                               const v1::GetAcquisitionCohortsRequest& request);

 private:
  const int superseded_days_;
};

}  // namespace esnaf::attribution
