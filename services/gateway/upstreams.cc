#include "services/gateway/upstreams.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/runtime/grpc_options.h"
#include "libs/runtime/grpc_wire.h"

namespace esnaf::gateway {
namespace {

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address) {
  grpc::ChannelArguments arguments = runtime::MakeChannelArguments();
  // Nothing is compressed on the way to a service.
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

Upstreams::Upstreams(const UpstreamAddresses& addresses, int connections) {
  for (int i = 0; i < kUpstreamCount; ++i) {
    for (int j = 0; j < connections; ++j) {
      pools_[static_cast<std::size_t>(i)].targets.push_back(
          std::make_unique<Target>(OpenChannel(addresses[static_cast<std::size_t>(i)])));
    }
  }
}

Upstreams::Target& Upstreams::PickTarget(Upstream upstream) {
  Pool& pool = pools_[static_cast<std::size_t>(upstream)];
  if (pool.targets.size() == 1) return *pool.targets.front();
  return *pool.targets[pool.next.fetch_add(1, std::memory_order_relaxed) % pool.targets.size()];
}

grpc::Status HideTransport(const grpc::Status& status, Upstream upstream) {
  // What a service answers itself is UNAVAILABLE with details.
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE || !status.error_details().empty()) return status;
  return runtime::ToGrpc(MakeError(absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE",
                                   absl::StrCat("the service ", UpstreamName(upstream), " cannot be reached"),
                                   {{"service", UpstreamName(upstream)}}));
}

}  // namespace esnaf::gateway
