#pragma once

// The RPC handlers of channel rules.
#include "esnaf/attribution/v1/channels.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::attribution {

class ChannelService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ChannelRules> GetChannelRules(runtime::Call& call, const v1::GetChannelRulesRequest& request);
  absl::StatusOr<v1::ChannelRules> UpdateChannelRules(runtime::Call& call,
                                                      const v1::UpdateChannelRulesRequest& request);
  absl::StatusOr<v1::ClassifyVisitResponse> ClassifyVisit(runtime::Call& call, const v1::ClassifyVisitRequest& request);
};

}  // namespace esnaf::attribution
