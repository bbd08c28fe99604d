#pragma once

// The RPC handlers of touchpoints.
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::attribution {

class TouchpointService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ListContactTouchpointsResponse> ListContactTouchpoints(
      runtime::Call& call, const v1::ListContactTouchpointsRequest& request);
};

}  // namespace esnaf::attribution
