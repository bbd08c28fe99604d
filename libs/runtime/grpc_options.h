#pragma once

// What every gRPC server and every channel of the suite is set to. Internal to this library and the gateway.
#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

namespace esnaf::runtime {

struct ServerLimits {
  int max_message_bytes = 4 * 1024 * 1024;
  int max_metadata_bytes = 32 * 1024;
};

// Requests within the limits; answers of any size, uncompressed.
void SetServerOptions(const ServerLimits& limits, grpc::ServerBuilder& builder);

// Answers of up to 16 MiB, at most a second between attempts to reconnect, nothing repeated by gRPC itself.
grpc::ChannelArguments MakeChannelArguments();

}  // namespace esnaf::runtime
