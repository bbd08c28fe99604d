#include "services/gateway/hook_service.h"

namespace esnaf::gateway {

runtime::RpcService HookService::Rpcs() {
  runtime::RpcService rpc("esnaf.gateway.v1.HookService");
  rpc.Unary("ListHookConnectors", this, &HookService::ListHookConnectors)
      .Unary("CreateHookConnection", this, &HookService::CreateHookConnection)
      .Unary("ListHookConnections", this, &HookService::ListHookConnections)
      .Unary("DeleteHookConnection", this, &HookService::DeleteHookConnection)
      .Unary("ListHookDeliveries", this, &HookService::ListHookDeliveries)
      .Unary("RetryHookDelivery", this, &HookService::RetryHookDelivery);
  return rpc;
}

absl::StatusOr<v1::ListHookConnectorsResponse> HookService::ListHookConnectors(runtime::Call&,
                                                                               const v1::ListHookConnectorsRequest&) {
  v1::ListHookConnectorsResponse response;
  for (const auto& [name, owner] : owners_) {
    v1::HookConnector& connector = *response.add_connectors();
    connector.set_connector(name);
    connector.set_service(UpstreamName(owner));
  }
  return response;
}

}  // namespace esnaf::gateway
