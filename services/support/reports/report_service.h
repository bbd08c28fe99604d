#pragma once

// The RPCs of esnaf.support.v1.SupportReportService.
#include <atomic>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/reports.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class SupportReportService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::SupportReport> GetSupportReport(runtime::Call& call, const v1::GetSupportReportRequest& request);
  absl::Status WatchSupportQueue(runtime::Call& call, const v1::WatchSupportQueueRequest& request,
                                 runtime::StreamWriter<v1::SupportQueue>& writer);
  // Ends all streams, so that the server can stop.
  void Close() { closed_ = true; }

 private:
  std::atomic<bool> closed_ = false;
};

}  // namespace esnaf::support
