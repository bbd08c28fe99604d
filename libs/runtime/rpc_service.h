#pragma once

// The RPCs of one proto service, bound to plain blocking member functions:
//
//   runtime::RpcService rpc("esnaf.contacts.v1.ContactService");
//   rpc.Unary("GetContact", this, &ContactService::GetContact);
//
// where `absl::StatusOr<v1::Contact> GetContact(runtime::Call&, const v1::GetContactRequest&)`. The server checks at
// start that every method of the contract is bound and that the message types are the contract's.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "libs/base/macros.h"
#include "libs/runtime/call.h"

namespace esnaf::runtime {

// Writes answers of a server stream; blocks while the client does not keep up.
template <typename Response>
class StreamWriter {
 public:
  explicit StreamWriter(std::function<bool(const google::protobuf::Message&)> write) : write_(std::move(write)) {}
  // False once the client is gone, which call.cancelled() then says too, or the server stops: return then.
  bool Write(const Response& response) { return write_(response); }

 private:
  std::function<bool(const google::protobuf::Message&)> write_;
};

// Reads requests of a client stream; blocks until one comes.
template <typename Request>
class StreamReader {
 public:
  explicit StreamReader(std::function<bool(google::protobuf::Message&)> read) : read_(std::move(read)) {}
  // False at the end of the stream, or once the client is gone. call.cancelled() tells which, but maybe a moment later:
  // a handler that must not take a broken stream for a whole one needs a mark of the end in its messages.
  bool Read(Request& request) { return read_(request); }

 private:
  std::function<bool(google::protobuf::Message&)> read_;
};

// One of several unary calls that are answered together.
template <typename Request, typename Response>
struct AskedCall {
  Call& call;
  const Request& request;
  absl::StatusOr<Response> answer;  // what the handler fills in
};

enum class RpcKind { kUnary, kServerStream, kClientStream };

// The same without its types.
struct ErasedAskedCall {
  Call& call;
  const google::protobuf::Message& request;
  google::protobuf::Message& response;
  absl::Status status;
};

struct RpcMethod {
  std::string name;
  RpcKind kind;
  const google::protobuf::Message* request;  // default instances
  const google::protobuf::Message* response;
  std::function<absl::Status(Call&, const google::protobuf::Message&, google::protobuf::Message&)> unary;
  // Empty where calls are answered one by one.
  std::function<void(std::vector<ErasedAskedCall>&)> together;
  std::function<absl::Status(Call&, const google::protobuf::Message&,
                             std::function<bool(const google::protobuf::Message&)>)>
      server_stream;
  std::function<absl::Status(Call&, std::function<bool(google::protobuf::Message&)>, google::protobuf::Message&)>
      client_stream;
};

class RpcService {
 public:
  explicit RpcService(std::string full_name) : full_name_(std::move(full_name)) {}

  // Handlers outlive the server. Unary calls run on the bounded pool of workers.
  template <typename Handler, typename Request, typename Response>
  RpcService& Unary(std::string name, Handler* handler,
                    absl::StatusOr<Response> (Handler::*method)(Call&, const Request&)) {
    RpcMethod rpc = Describe<Request, Response>(std::move(name), RpcKind::kUnary);
    rpc.unary = [handler, method](Call& call, const google::protobuf::Message& request,
                                  google::protobuf::Message& response) {
      ESNAF_ASSIGN_OR_RETURN(Response answer, (handler->*method)(call, static_cast<const Request&>(request)));
      static_cast<Response&>(response).Swap(&answer);
      return absl::OkStatus();
    };
    methods_.push_back(std::move(rpc));
    return *this;
  }

  // A unary method whose calls are cheaper together, as those are that write a row each. Calls that come while others
  // are being answered wait for these and are then given to `together`, all at once and on one connection: those that
  // are few in flight wait for nobody, and the more there are the less each costs. A call alone goes to `method`.
  template <typename Handler, typename Request, typename Response>
  RpcService& UnaryTogether(std::string name, Handler* handler,
                            absl::StatusOr<Response> (Handler::*method)(Call&, const Request&),
                            void (Handler::*together)(std::vector<AskedCall<Request, Response>>&)) {
    Unary(std::move(name), handler, method);
    methods_.back().together = [handler, together](std::vector<ErasedAskedCall>& erased) {
      std::vector<AskedCall<Request, Response>> asked;
      asked.reserve(erased.size());
      for (const ErasedAskedCall& one : erased) {
        asked.push_back({one.call, static_cast<const Request&>(one.request), absl::UnknownError("no answer")});
      }
      (handler->*together)(asked);
      for (std::size_t i = 0; i < erased.size(); ++i) {
        erased[i].status = asked[i].answer.status();
        if (asked[i].answer.ok()) static_cast<Response&>(erased[i].response).Swap(&*asked[i].answer);
      }
    };
    return *this;
  }

  // `absl::Status Method(Call&, const Request&, StreamWriter<Response>&)`; each stream has a thread and, at first
  // use, a connection of its own. Streams are bounded.
  template <typename Handler, typename Request, typename Response>
  RpcService& ServerStream(std::string name, Handler* handler,
                           absl::Status (Handler::*method)(Call&, const Request&, StreamWriter<Response>&)) {
    RpcMethod rpc = Describe<Request, Response>(std::move(name), RpcKind::kServerStream);
    rpc.server_stream = [handler, method](Call& call, const google::protobuf::Message& request,
                                          std::function<bool(const google::protobuf::Message&)> write) {
      StreamWriter<Response> writer(std::move(write));
      return (handler->*method)(call, static_cast<const Request&>(request), writer);
    };
    methods_.push_back(std::move(rpc));
    return *this;
  }

  // `absl::StatusOr<Response> Method(Call&, StreamReader<Request>&)`; threads as for server streams.
  template <typename Handler, typename Request, typename Response>
  RpcService& ClientStream(std::string name, Handler* handler,
                           absl::StatusOr<Response> (Handler::*method)(Call&, StreamReader<Request>&)) {
    RpcMethod rpc = Describe<Request, Response>(std::move(name), RpcKind::kClientStream);
    rpc.client_stream = [handler, method](Call& call, std::function<bool(google::protobuf::Message&)> read,
                                          google::protobuf::Message& response) {
      StreamReader<Request> reader(std::move(read));
      ESNAF_ASSIGN_OR_RETURN(Response answer, (handler->*method)(call, reader));
      static_cast<Response&>(response).Swap(&answer);
      return absl::OkStatus();
    };
    methods_.push_back(std::move(rpc));
    return *this;
  }

  const std::string& full_name() const { return full_name_; }
  const std::vector<RpcMethod>& methods() const { return methods_; }
  // FAILED_PRECONDITION naming the method that is missing, unknown, or bound with other message types or kind.
  absl::Status CheckAgainstContract() const;

 private:
  template <typename Request, typename Response>
  static RpcMethod Describe(std::string name, RpcKind kind) {
    return {std::move(name), kind, &Request::default_instance(), &Response::default_instance(), {}, {}, {}, {}};
  }
  std::string full_name_;
  std::vector<RpcMethod> methods_;
};

}  // namespace esnaf::runtime
