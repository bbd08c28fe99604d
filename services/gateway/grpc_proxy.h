#pragma once

// Forwards gRPC calls as bytes: no message is parsed, no code is made for a method. Unary calls go as unary calls, streams
// as streams with one message in flight each way, so that a slow reader slows its writer.
#include <grpcpp/generic/async_generic_service.h>

#include <chrono>

#include "services/gateway/call_recorder.h"
#include "services/gateway/gatekeeper.h"
#include "services/gateway/route_table.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

// What both ways into the gateway are made of. All outlive them.
struct Door {
  const RouteTable& routes;
  Gatekeeper& gatekeeper;
  Upstreams& upstreams;
  CallRecorder& recorder;
  const Clock& clock;
  // Of a unary call whose client gave no deadline, and the longest that one may ask for.
  std::chrono::milliseconds default_deadline{15'000};
  std::chrono::milliseconds max_deadline{60'000};
};

class GrpcProxy final : public grpc::CallbackGenericService {
 public:
  explicit GrpcProxy(const Door& door) : door_(door) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

 private:
  const Door& door_;
};

}  // namespace esnaf::gateway
