#pragma once

// One object for each call that the server answers. Internal to the server.
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "libs/runtime/server_core.h"

namespace esnaf::runtime {

// Begins to answer a call. gRPC owns the reactor, which deletes itself when the call is done.
grpc::ServerUnaryReactor* AnswerUnary(BoundMethod& method, grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response);
grpc::ServerWriteReactor<grpc::ByteBuffer>* AnswerServerStream(BoundMethod& method,
                                                               grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request);
grpc::ServerReadReactor<grpc::ByteBuffer>* AnswerClientStream(BoundMethod& method, grpc::CallbackServerContext* context,
                                                              grpc::ByteBuffer* response);

}  // namespace esnaf::runtime
