#include "libs/runtime/rpc_service.h"

#include "libs/runtime/test_contract.h"
#include "libs/testing/catch.h"

namespace esnaf::runtime {
namespace {

constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;

TEST_CASE("a service that binds its whole contract passes the check") {
  EchoHandlers handlers;
  CHECK_OK(handlers.Bind().CheckAgainstContract());
}

TEST_CASE("what is not of the contract is refused, by the method's name") {
  EchoHandlers handlers;
  SECTION("an unknown service") {
    CHECK_STATUS_IS(RpcService("esnaf.test.v1.NoService").CheckAgainstContract(), kFailed, "esnaf.test.v1.NoService");
  }
  SECTION("a method that is missing") {
    RpcService rpc(kEchoService);
    rpc.Unary("Echo", &handlers, &EchoHandlers::Echo).ServerStream("Count", &handlers, &EchoHandlers::Count);
    CHECK_STATUS_IS(rpc.CheckAgainstContract(), kFailed, "EchoService/Sum is not bound");
  }
  SECTION("a method that the contract does not have") {
    RpcService rpc = handlers.Bind();
    rpc.Unary("Whisper", &handlers, &EchoHandlers::Echo);
    CHECK_STATUS_IS(rpc.CheckAgainstContract(), kFailed, "EchoService/Whisper is not in the contract");
  }
  SECTION("a method bound twice") {
    RpcService rpc = handlers.Bind();
    rpc.Unary("Echo", &handlers, &EchoHandlers::Echo);
    CHECK_STATUS_IS(rpc.CheckAgainstContract(), kFailed, "EchoService/Echo is bound twice");
  }
  SECTION("another kind") {
    RpcService rpc(kEchoService);
    rpc.ClientStream("Count", &handlers, &EchoHandlers::Sum);
    CHECK_STATUS_IS(rpc.CheckAgainstContract(), kFailed, "EchoService/Count is bound with another kind");
  }
  SECTION("other messages") {
    struct Other {
      absl::StatusOr<StringValue> Answer(Call&, const Int64Value&) { return StringValue(); }
      absl::StatusOr<Int64Value> Ask(Call&, const StringValue&) { return Int64Value(); }
    } other;
    RpcService asks(kEchoService);
    asks.Unary("Echo", &other, &Other::Answer);
    CHECK_STATUS_IS(asks.CheckAgainstContract(), kFailed,
                    "takes google.protobuf.StringValue by contract, not google.protobuf.Int64Value");
    RpcService answers(kEchoService);
    answers.Unary("Echo", &other, &Other::Ask);
    CHECK_STATUS_IS(answers.CheckAgainstContract(), kFailed,
                    "gives google.protobuf.StringValue by contract, not google.protobuf.Int64Value");
  }
}

}  // namespace
}  // namespace esnaf::runtime
