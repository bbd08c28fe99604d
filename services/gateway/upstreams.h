#pragma once

// The connections to the services behind the gateway.
#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/route_table.h"

namespace esnaf::gateway {

using UpstreamAddresses = std::array<std::string, kUpstreamCount>;

class Upstreams {
 public:
  // Opens `connections` to each address (`127.0.0.1:7071` or `unix:/path`). Never fails: an absent service shows at the
  // first call, and is reconnected to at least once a second.
  explicit Upstreams(const UpstreamAddresses& addresses, int connections = 1);

  // The stub to use for the next call.
  grpc::GenericStub& Pick(Upstream upstream) { return PickTarget(upstream).stub; }
  std::shared_ptr<grpc::Channel> channel(Upstream upstream) { return PickTarget(upstream).channel; }

 private:
  struct Target {
    explicit Target(std::shared_ptr<grpc::Channel> c) : channel(std::move(c)), stub(channel) {}
    std::shared_ptr<grpc::Channel> channel;
    grpc::GenericStub stub;
  };
  struct Pool {
    std::vector<std::unique_ptr<Target>> targets;
    std::atomic<std::uint32_t> next{0};
  };
  Target& PickTarget(Upstream upstream);
  std::array<Pool, kUpstreamCount> pools_;
};

// The status as a caller may see it: where the service could not be reached, without the addresses of the inside.
grpc::Status HideTransport(const grpc::Status& status, Upstream upstream);

}  // namespace esnaf::gateway
