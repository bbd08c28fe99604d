#pragma once

// A contract for the tests of this folder, made at run time, so that no .proto file exists for them alone:
//
//   service EchoService {
//     rpc Echo(google.protobuf.StringValue) returns (google.protobuf.StringValue);
//     rpc Count(google.protobuf.Int64Value) returns (stream google.protobuf.Int64Value);
//     rpc Sum(stream google.protobuf.Int64Value) returns (google.protobuf.Int64Value);
//   }
#include <functional>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::runtime {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;

inline constexpr char kEchoService[] = "esnaf.test.v1.EchoService";
inline constexpr char kEcho[] = "/esnaf.test.v1.EchoService/Echo";
inline constexpr char kCount[] = "/esnaf.test.v1.EchoService/Count";
inline constexpr char kSum[] = "/esnaf.test.v1.EchoService/Sum";

// Adds the contract to those that this program knows, as generated code does before main.
inline const bool kEchoContractAdded = [] {
  google::protobuf::FileDescriptorProto file;
  file.set_name("esnaf/test/v1/echo.proto");
  file.set_package("esnaf.test.v1");
  file.set_syntax("proto3");
  file.add_dependency(StringValue::descriptor()->file()->name());
  auto* service = file.add_service();
  service->set_name("EchoService");
  const auto add = [&](const char* name, const google::protobuf::Descriptor* type) {
    auto* method = service->add_method();
    method->set_name(name);
    method->set_input_type("." + type->full_name());
    method->set_output_type("." + type->full_name());
    return method;
  };
  add("Echo", StringValue::descriptor());
  add("Count", Int64Value::descriptor())->set_server_streaming(true);
  add("Sum", Int64Value::descriptor())->set_client_streaming(true);
  static const std::string kBytes = file.SerializeAsString();
  google::protobuf::DescriptorPool::InternalAddGeneratedFile(kBytes.data(), static_cast<int>(kBytes.size()));
  return true;
}();

// Handlers that each test fills in.
struct EchoHandlers {
  std::function<absl::StatusOr<std::string>(Call&, const std::string&)> echo = [](Call&, const std::string& text) {
    return text;
  };
  std::function<absl::Status(Call&, std::int64_t, StreamWriter<Int64Value>&)> count =
      [](Call&, std::int64_t most, StreamWriter<Int64Value>& writer) {
        Int64Value number;
        for (std::int64_t i = 0; i < most; ++i) {
          number.set_value(i);
          if (!writer.Write(number)) return absl::CancelledError("the reader is gone");
        }
        return absl::OkStatus();
      };
  std::function<absl::StatusOr<std::int64_t>(Call&, StreamReader<Int64Value>&)> sum =
      [](Call&, StreamReader<Int64Value>& reader) {
        std::int64_t total = 0;
        for (Int64Value number; reader.Read(number);) total += number.value();
        return total;
      };

  std::function<void(std::vector<AskedCall<StringValue, StringValue>>&)> echo_together;

  absl::StatusOr<StringValue> Echo(Call& call, const StringValue& request) {
    ESNAF_ASSIGN_OR_RETURN(const std::string text, echo(call, request.value()));
    StringValue answer;
    answer.set_value(text);
    return answer;
  }
  void EchoTogether(std::vector<AskedCall<StringValue, StringValue>>& asked) { echo_together(asked); }
  absl::Status Count(Call& call, const Int64Value& request, StreamWriter<Int64Value>& writer) {
    return count(call, request.value(), writer);
  }
  absl::StatusOr<Int64Value> Sum(Call& call, StreamReader<Int64Value>& reader) {
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t total, sum(call, reader));
    Int64Value answer;
    answer.set_value(total);
    return answer;
  }

  // With `together`, calls of Echo that come together go to echo_together.
  RpcService Bind(bool together = false) {
    RpcService rpc(kEchoService);
    if (together) {
      rpc.UnaryTogether("Echo", this, &EchoHandlers::Echo, &EchoHandlers::EchoTogether);
    } else {
      rpc.Unary("Echo", this, &EchoHandlers::Echo);
    }
    rpc.ServerStream("Count", this, &EchoHandlers::Count);
    rpc.ClientStream("Sum", this, &EchoHandlers::Sum);
    return rpc;
  }
};

inline StringValue Text(const std::string& value) {
  StringValue message;
  message.set_value(value);
  return message;
}

}  // namespace esnaf::runtime
