#pragma once

// The RPCs of esnaf.support.v1.SupportReportService.
#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/reports.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/channel.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class SupportReportService {
 public:
  // Without segmentation nobody tells how customers are labelled and what they buy.
  explicit SupportReportService(std::shared_ptr<runtime::Channel> segmentation = nullptr,
                                const Clock& clock = SystemClock())
      : segmentation_(std::move(segmentation)), clock_(clock) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::SupportReport> GetSupportReport(runtime::Call& call, const v1::GetSupportReportRequest& request);
  absl::StatusOr<v1::RetentionReport> GetRetentionReport(runtime::Call& call,
                                                         const v1::GetRetentionReportRequest& request);
  absl::Status WatchSupportQueue(runtime::Call& call, const v1::WatchSupportQueueRequest& request,
                                 runtime::StreamWriter<v1::SupportQueue>& writer);
  // Ends all streams, so that the server can stop.
  void Close() { closed_ = true; }

 private:
  const std::shared_ptr<runtime::Channel> segmentation_;
  const Clock& clock_;
  std::atomic<bool> closed_ = false;
};

}  // namespace esnaf::support
