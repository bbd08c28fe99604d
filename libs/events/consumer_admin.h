#pragma once

// What operators see and do of a service's consumers: ConsumerService over the cursors of its schema, which all
// replicas share.
#include "esnaf/api/v1/consumers.pb.h"
#include "libs/events/event_cursor.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::events {

class ConsumerAdmin {
 public:
  // `service` is what operators call the service. The metrics, where the consumers of this process show their lag,
  // outlive it.
  ConsumerAdmin(std::string service, runtime::Metrics& metrics) : service_(std::move(service)), metrics_(metrics) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<api::v1::ListConsumersResponse> ListConsumers(runtime::Call& call,
                                                               const api::v1::ListConsumersRequest& request);
  absl::StatusOr<api::v1::Consumer> SkipEvent(runtime::Call& call, const api::v1::SkipEventRequest& request);
  absl::StatusOr<api::v1::Consumer> ResetConsumer(runtime::Call& call, const api::v1::ResetConsumerRequest& request);

 private:
  api::v1::Consumer Describe(const CursorState& state) const;

  const std::string service_;
  runtime::Metrics& metrics_;
};

}  // namespace esnaf::events
