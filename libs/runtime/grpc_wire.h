#pragma once

// Between our types and gRPC's. Internal: only .cc files include gRPC, so that services compile quickly.
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"

namespace esnaf::runtime {

inline constexpr char kPositionKey[] = "esnaf-position";

// The status with its details, cut to what fits into the metadata of any client (8 KiB by default).
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message);
grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message);

inline std::string_view AsView(grpc::string_ref text) { return {text.data(), text.size()}; }

}  // namespace esnaf::runtime
