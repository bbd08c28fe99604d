#pragma once

// HookService over the connectors of one service (proto/esnaf/api/v1/hooks.proto), and all that a service needs of it.
#include "esnaf/api/v1/hooks.pb.h"
#include "libs/hooks/hook_worker.h"
#include "libs/runtime/app.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::hooks {

class HookService {
 public:
  // The connectors outlive it.
  explicit HookService(std::vector<Connector*> connectors) : connectors_(std::move(connectors)) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<api::v1::ReceiveHookResponse> ReceiveHook(runtime::Call& call,
                                                           const api::v1::ReceiveHookRequest& request);
  absl::StatusOr<api::v1::HookConnection> CreateHookConnection(runtime::Call& call,
                                                               const api::v1::CreateHookConnectionRequest& request);
  absl::StatusOr<api::v1::ListHookConnectionsResponse> ListHookConnections(
      runtime::Call& call, const api::v1::ListHookConnectionsRequest& request);
  absl::StatusOr<api::v1::DeleteHookConnectionResponse> DeleteHookConnection(
      runtime::Call& call, const api::v1::DeleteHookConnectionRequest& request);
  absl::StatusOr<api::v1::ListHookDeliveriesResponse> ListHookDeliveries(
      runtime::Call& call, const api::v1::ListHookDeliveriesRequest& request);
  absl::StatusOr<api::v1::HookDelivery> RetryHookDelivery(runtime::Call& call,
                                                          const api::v1::RetryHookDeliveryRequest& request);

 private:
  absl::StatusOr<const Connector*> Find(const std::string& name) const;

  const std::vector<Connector*> connectors_;
};

// Gives a service its connectors: the RPCs, a worker for each connector that handles its deliveries, one that forgets
// them 30 days after they were done and 90 days after they were given up, and the gauge `esnaf_hook_dead_deliveries`.
// The connectors outlive the app.
void ServeHooks(runtime::App& app, std::vector<Connector*> connectors, const std::string& service);

}  // namespace esnaf::hooks
