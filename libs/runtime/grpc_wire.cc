#include "libs/runtime/grpc_wire.h"

#include <grpcpp/impl/codegen/config_protobuf.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::runtime {
namespace {

constexpr std::size_t kMostMessageBytes = 1024;
constexpr std::size_t kMostDetailBytes = 5 * 1024;

bool HasPayload(const absl::Status& status) {
  bool has = false;
  status.ForEachPayload([&](absl::string_view, const absl::Cord&) { has = true; });
  return has;
}

// The binary details. Where a long list of violations would not fit, the ErrorInfo alone is kept.
std::string Details(const absl::Status& status) {
  if (!HasPayload(status)) return {};
  std::string details = SerializeStatus(status);
  if (details.size() <= kMostDetailBytes) return details;
  absl::Status brief(status.code(), ToAbsl(Truncate(ToStd(status.message()), kMostMessageBytes)));
  constexpr char kErrorInfo[] = "type.googleapis.com/google.rpc.ErrorInfo";
  if (auto info = status.GetPayload(kErrorInfo)) brief.SetPayload(kErrorInfo, *info);
  details = SerializeStatus(brief);
  return details.size() <= kMostDetailBytes ? details : std::string();
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.raw_code()),
          std::string(Truncate(ToStd(status.message()), kMostMessageBytes)), Details(status)};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (status.error_details().empty()) return absl::Status(code, status.error_message());
  return ParseStatus(code, status.error_message(), status.error_details());
}

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  grpc::Slice slice;
  if (bytes.TrySingleSlice(&slice).ok()) {
    return message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
  // The reader only reads, though its parameter does not say so.
  grpc::ProtoBufferReader reader(const_cast<grpc::ByteBuffer*>(&bytes));
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace esnaf::runtime
