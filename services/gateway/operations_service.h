#pragma once

// What operators look after: each service's consumers, asked for and acted on through its ConsumerService.
#include <chrono>

#include "esnaf/gateway/v1/operations.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

class OperationsService {
 public:
  // The upstreams outlive it. A service is waited for as long as the timeout.
  OperationsService(Upstreams& upstreams, std::chrono::milliseconds timeout)
      : upstreams_(upstreams), timeout_(timeout) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ListServiceConsumersResponse> ListServiceConsumers(runtime::Call& call,
                                                                        const v1::ListServiceConsumersRequest& request);
  absl::StatusOr<api::v1::Consumer> SkipConsumerEvent(runtime::Call& call, const v1::SkipConsumerEventRequest& request);
  absl::StatusOr<api::v1::Consumer> ResetServiceConsumer(runtime::Call& call,
                                                         const v1::ResetServiceConsumerRequest& request);

 private:
  // Asks one service for a change of one of its consumers.
  absl::StatusOr<api::v1::Consumer> Change(const runtime::Call& call, const std::string& service,
                                           const std::string& method, const google::protobuf::Message& request) const;

  Upstreams& upstreams_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace esnaf::gateway
