#pragma once

// One method's call on behalf of an HTTP request.
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "services/gateway/call_headers.h"
#include "services/gateway/grpc_proxy.h"
#include "services/gateway/http_exchange.h"

namespace esnaf::gateway {

class HttpCall : public std::enable_shared_from_this<HttpCall> {
 public:
  HttpCall(const Door& door, const Route& route, std::shared_ptr<HttpExchange> exchange, Admission admission,
           const CallHeaders& headers, std::string peer);

  const Admission& admission() const { return admission_; }
  const Door& door() const { return door_; }
  const Route& route() const { return route_; }
  HttpExchange& exchange() { return *exchange_; }
  grpc::ClientContext& context() { return context_; }

  // Sends a unary call on its way; its answer becomes the response.
  void Start(const google::protobuf::Message& request);
  // Answers the error and counts the call.
  void Fail(const absl::Status& status);
  // The response without a body, with the headers of every answer.
  HttpResponse Head(int status) const;
  void Record(int code);
  // Where the client goes away, the service learns of it.
  void CancelWhenClosed();

 private:
  void Answer(const grpc::Status& status);

  const Door& door_;
  const Route& route_;
  const std::shared_ptr<HttpExchange> exchange_;
  const Admission admission_;
  const std::string request_id_;
  const std::string origin_;
  const std::string peer_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

// Calls a method that streams its answers, for as long as the credentials hold, and writes them as server-sent events:
// `data: {…}` for each, with its id where it has one (event_ids.h), at the end `event: end`, or `event: error` with the
// error's JSON. Browsers are told to come back a second after a cut.
void StartHttpStream(std::shared_ptr<HttpCall> call, const Credentials& credentials,
                     const google::protobuf::Message& request);

}  // namespace esnaf::gateway
