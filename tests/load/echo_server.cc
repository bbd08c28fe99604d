#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>

#include <csignal>
#include <iostream>

#include "absl/synchronization/mutex.h"
#include "tests/load/measure.h"

namespace esnaf::load {
namespace {

// What a generated callback service of one unary method is, without its messages: bytes in, the same bytes out.
class EchoService final : public grpc::Service {
 public:
  EchoService() {
    AddMethod(
        new grpc::internal::RpcServiceMethod("/esnaf.load.Echo/Echo", grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodCallback(
        0, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
               [](grpc::CallbackServerContext* context, const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
                 *response = *request;
                 auto* reactor = context->DefaultReactor();
                 reactor->Finish(grpc::Status::OK);
                 return reactor;
               }));
  }
};

}  // namespace

int ServeEcho(const std::string& address) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  EchoService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) {
    std::cerr << "cannot listen on " << address << "\n";
    return 1;
  }
  server->Wait();
  return 0;
}

}  // namespace esnaf::load
