#pragma once

// The RPC handlers of interactions and the timeline.
#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::contacts {

class InteractionService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::IngestInteractionResponse> IngestInteraction(runtime::Call& call,
                                                                  const v1::IngestInteractionRequest& request);
  absl::StatusOr<v1::ListTimelineResponse> ListTimeline(runtime::Call& call, const v1::ListTimelineRequest& request);
};

}  // namespace esnaf::contacts
