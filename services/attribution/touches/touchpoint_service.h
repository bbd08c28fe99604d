#pragma once

// The RPC handlers of touchpoints.
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/attribution/touches/channel_keeper.h"

namespace esnaf::attribution {

class TouchpointService {
 public:
  explicit TouchpointService(const ChannelKeeper& channels) : channels_(channels) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::IngestTouchpointResponse> IngestTouchpoint(runtime::Call& call,
                                                                const v1::IngestTouchpointRequest& request);
  absl::StatusOr<v1::BatchIngestTouchpointsResponse> BatchIngestTouchpoints(
      runtime::Call& call, const v1::BatchIngestTouchpointsRequest& request);
  absl::StatusOr<v1::BeaconTouchpointsResponse> BeaconTouchpoints(runtime::Call& call,
                                                                  const v1::BeaconTouchpointsRequest& request);
  absl::StatusOr<v1::PixelTouchpointResponse> PixelTouchpoint(runtime::Call& call,
                                                              const v1::PixelTouchpointRequest& request);
  absl::StatusOr<v1::IdentifyVisitorResponse> IdentifyVisitor(runtime::Call& call,
                                                              const v1::IdentifyVisitorRequest& request);
  absl::StatusOr<v1::CountTouchpointsResponse> CountTouchpoints(runtime::Call& call,
                                                                const v1::CountTouchpointsRequest& request);
  absl::StatusOr<v1::ListTouchpointsResponse> ListTouchpoints(runtime::Call& call,
                                                              const v1::ListTouchpointsRequest& request);
  absl::StatusOr<v1::ListContactTouchpointsResponse> ListContactTouchpoints(
      runtime::Call& call, const v1::ListContactTouchpointsRequest& request);

 private:
  const ChannelKeeper& channels_;
};

}  // namespace esnaf::attribution
