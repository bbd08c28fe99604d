#pragma once

// The RPCs of esnaf.support.v1.RequesterHistoryService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/history.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class RequesterHistoryService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ListRequesterMessagesResponse> ListRequesterMessages(
      runtime::Call& call, const v1::ListRequesterMessagesRequest& request);
};

}  // namespace esnaf::support
