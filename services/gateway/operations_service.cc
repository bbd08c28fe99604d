#include "services/gateway/operations_service.h"

#include <array>

#include "libs/base/error.h"
#include "services/gateway/fan_out.h"

namespace esnaf::gateway {
namespace {

constexpr char kConsumers[] = "/esnaf.api.v1.ConsumerService/";

}  // namespace

runtime::RpcService OperationsService::Rpcs() {
  runtime::RpcService rpc("esnaf.gateway.v1.OperationsService");
  rpc.Unary("ListServiceConsumers", this, &OperationsService::ListServiceConsumers);
  rpc.Unary("SkipConsumerEvent", this, &OperationsService::SkipConsumerEvent);
  rpc.Unary("ResetServiceConsumer", this, &OperationsService::ResetServiceConsumer);
  return rpc;
}

absl::StatusOr<v1::ListServiceConsumersResponse> OperationsService::ListServiceConsumers(
    runtime::Call& call, const v1::ListServiceConsumersRequest&) {
  struct Answer {
    api::v1::ListConsumersResponse response;
    absl::Status status;
  };
  std::array<Answer, kUpstreamCount> answers;
  {
    FanOut fan(upstreams_, call, timeout_);
    for (const Upstream upstream : ServicesBehind()) {
      Answer& answer = answers[static_cast<std::size_t>(upstream)];
      fan.Ask(upstream, absl::StrCat(kConsumers, "ListConsumers"), api::v1::ListConsumersRequest(), answer.response,
              answer.status);
    }
  }
  v1::ListServiceConsumersResponse response;
  for (const Upstream upstream : ServicesBehind()) {
    Answer& answer = answers[static_cast<std::size_t>(upstream)];
    if (!answer.status.ok()) response.add_unreachable(UpstreamName(upstream));
    for (api::v1::Consumer& consumer : *answer.response.mutable_consumers()) {
      consumer.set_service(UpstreamName(upstream));
      response.add_consumers()->Swap(&consumer);
    }
  }
  return response;
}

absl::StatusOr<api::v1::Consumer> OperationsService::Change(const runtime::Call& call, const std::string& service,
                                                            const std::string& method,
                                                            const google::protobuf::Message& request) const {
  const std::optional<Upstream> upstream = UpstreamCalled(service);
  if (!upstream) return NotFound("service", service);
  api::v1::Consumer consumer;
  ESNAF_RETURN_IF_ERROR(AskOne(upstreams_, call, timeout_, *upstream, kConsumers + method, request, consumer));
  consumer.set_service(UpstreamName(*upstream));
  return consumer;
}

absl::StatusOr<api::v1::Consumer> OperationsService::SkipConsumerEvent(runtime::Call& call,
                                                                       const v1::SkipConsumerEventRequest& request) {
  api::v1::SkipEventRequest skip;
  skip.set_source(request.source());
  skip.set_event_id(request.event_id());
  return Change(call, request.service(), "SkipEvent", skip);
}

absl::StatusOr<api::v1::Consumer> OperationsService::ResetServiceConsumer(
    runtime::Call& call, const v1::ResetServiceConsumerRequest& request) {
  api::v1::ResetConsumerRequest reset;
  reset.set_source(request.source());
  return Change(call, request.service(), "ResetConsumer", reset);
}

}  // namespace esnaf::gateway
