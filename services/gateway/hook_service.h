#pragma once

// Connections and deliveries of hooks: each call goes to the service that owns the connector.
#include <chrono>

#include "esnaf/gateway/v1/hooks.pb.h"
#include "libs/base/error.h"
#include "libs/runtime/rpc_service.h"
#include "services/gateway/fan_out.h"
#include "services/gateway/hook_door.h"

namespace esnaf::gateway {

class HookService {
 public:
  // The upstreams outlive it. A service is waited for as long as the timeout.
  HookService(HookOwners owners, Upstreams& upstreams, std::chrono::milliseconds timeout)
      : owners_(std::move(owners)), upstreams_(upstreams), timeout_(timeout) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ListHookConnectorsResponse> ListHookConnectors(runtime::Call& call,
                                                                    const v1::ListHookConnectorsRequest& request);
  absl::StatusOr<api::v1::HookConnection> CreateHookConnection(runtime::Call& call,
                                                               const api::v1::CreateHookConnectionRequest& request) {
    return Ask<api::v1::HookConnection>(call, "CreateHookConnection", request);
  }
  absl::StatusOr<api::v1::ListHookConnectionsResponse> ListHookConnections(
      runtime::Call& call, const api::v1::ListHookConnectionsRequest& request) {
    return Ask<api::v1::ListHookConnectionsResponse>(call, "ListHookConnections", request);
  }
  absl::StatusOr<api::v1::DeleteHookConnectionResponse> DeleteHookConnection(
      runtime::Call& call, const api::v1::DeleteHookConnectionRequest& request) {
    return Ask<api::v1::DeleteHookConnectionResponse>(call, "DeleteHookConnection", request);
  }
  absl::StatusOr<api::v1::ListHookDeliveriesResponse> ListHookDeliveries(
      runtime::Call& call, const api::v1::ListHookDeliveriesRequest& request) {
    return Ask<api::v1::ListHookDeliveriesResponse>(call, "ListHookDeliveries", request);
  }
  absl::StatusOr<api::v1::HookDelivery> RetryHookDelivery(runtime::Call& call,
                                                          const api::v1::RetryHookDeliveryRequest& request) {
    return Ask<api::v1::HookDelivery>(call, "RetryHookDelivery", request);
  }

 private:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const runtime::Call& call, const char* method, const Request& request) {
    const auto owner = owners_.find(request.connector());
    if (owner == owners_.end()) return NotFound("connector", request.connector());
    Response response;
    ESNAF_RETURN_IF_ERROR(AskOne(upstreams_, call, timeout_, owner->second,
                                 absl::StrCat("/esnaf.api.v1.HookService/", method), request, response));
    return response;
  }

  const HookOwners owners_;
  Upstreams& upstreams_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace esnaf::gateway
