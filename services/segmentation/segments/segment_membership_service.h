#pragma once

// The RPCs of esnaf.segmentation.v1.SegmentService that evaluate rules.
#include <atomic>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/segments.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/segmentation/people/person_table_keeper.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/segments/segment_service.h"

namespace esnaf::segmentation {

class SegmentMembershipService {
 public:
  SegmentMembershipService(CustomAttributes custom_attributes, PersonTableKeeper& keeper)
      : custom_attributes_(std::move(custom_attributes)), keeper_(keeper) {}

  // Binds what is here.
  void Bind(runtime::RpcService& rpc);
  // Ends every stream, for the stop.
  void Close() { closed_ = true; }

  absl::StatusOr<v1::PreviewSegmentResponse> PreviewSegment(runtime::Call& call,
                                                            const v1::PreviewSegmentRequest& request);
  absl::StatusOr<v1::MembershipExplanation> ExplainMembership(runtime::Call& call,
                                                              const v1::ExplainMembershipRequest& request);
  absl::StatusOr<v1::VerifySegmentResponse> VerifySegment(runtime::Call& call, const v1::VerifySegmentRequest& request);
  absl::Status WatchSegment(runtime::Call& call, const v1::WatchSegmentRequest& request,
                            runtime::StreamWriter<v1::SegmentChange>& writer);

 private:
  CustomAttributes custom_attributes_;
  PersonTableKeeper& keeper_;
  std::atomic<bool> closed_ = false;
};

}  // namespace esnaf::segmentation
