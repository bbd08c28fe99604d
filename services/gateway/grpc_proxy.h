#pragma once

// Forwards gRPC calls as bytes: no message is parsed, no code is made for a method. Unary calls go as unary calls,
// streams as streams with one message in flight each way, so that a slow reader slows its writer.
#include <grpcpp/server_builder.h>

#include <chrono>
#include <memory>

#include "services/gateway/call_recorder.h"
#include "services/gateway/chat_openings.h"
#include "services/gateway/gatekeeper.h"
#include "services/gateway/route_table.h"
#include "services/gateway/stream_watch.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

// What both ways into the gateway are made of. All outlive them.
struct Door {
  const RouteTable& routes;
  Gatekeeper& gatekeeper;
  Upstreams& upstreams;
  CallRecorder& recorder;
  StreamWatch& streams;
  ChatOpenings& chats;
  const Clock& clock;
  // Of a unary call whose client gave no deadline, and the longest that one may ask for.
  std::chrono::milliseconds default_deadline{15'000};
  std::chrono::milliseconds max_deadline{60'000};
};

class GrpcProxy {
 public:
  // The door outlives the proxy, and the proxy the server.
  explicit GrpcProxy(const Door& door);
  void Register(grpc::ServerBuilder& builder);

 private:
  // Unary methods are registered one by one, as generated code would: gRPC then reads the request before it asks, and
  // ends the call without a hop to another thread, which together cost a quarter of a forwarded call.
  class UnaryMethods;
  // Streams, and everything that is not known.
  class OtherMethods;
  std::shared_ptr<UnaryMethods> unary_;
  std::shared_ptr<OtherMethods> other_;
};

}  // namespace esnaf::gateway
