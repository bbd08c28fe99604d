#include "libs/runtime/channel.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/config_protobuf.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/sync_stream.h>

#include <map>
#include <random>
#include <shared_mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/descriptor.h"
#include "libs/runtime/grpc_options.h"
#include "libs/runtime/grpc_wire.h"

namespace esnaf::runtime {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MessageLite;
using SystemTime = std::chrono::system_clock::time_point;

constexpr std::chrono::milliseconds kFirstBackoff{20};
constexpr std::chrono::milliseconds kLongestBackoff{500};
constexpr std::chrono::milliseconds kStopInterval{100};

enum class Kind { kUnary, kServerStream, kClientStream };

// A method of a contract, made ready for this channel.
struct ClientMethod {
  ClientMethod(const std::string& method_path, Kind kind, const Descriptor* request_type,
               const Descriptor* response_type, const std::shared_ptr<grpc::Channel>& channel)
      : path(method_path), request(request_type), response(response_type), rpc(path.c_str(), TypeOf(kind), channel) {}

  static grpc::internal::RpcMethod::RpcType TypeOf(Kind kind) {
    switch (kind) {
      case Kind::kServerStream:
        return grpc::internal::RpcMethod::SERVER_STREAMING;
      case Kind::kClientStream:
        return grpc::internal::RpcMethod::CLIENT_STREAMING;
      case Kind::kUnary:
        break;
    }
    return grpc::internal::RpcMethod::NORMAL_RPC;
  }

  const std::string path;
  const Descriptor* const request;
  const Descriptor* const response;
  const grpc::internal::RpcMethod rpc;
};

absl::Status WrongMethod(std::string_view method, std::string_view problem) {
  return absl::FailedPreconditionError(absl::StrCat(std::string(method), " ", std::string(problem)));
}

absl::Status CheckContract(std::string_view method, Kind kind, const Descriptor* request, const Descriptor* response) {
  const std::size_t slash = method.find('/', 1);
  if (method.empty() || method[0] != '/' || slash == std::string_view::npos) {
    return WrongMethod(method, "is not written as /package.Service/Method");
  }
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(method.substr(1, slash - 1)));
  const auto* rpc = service == nullptr ? nullptr : service->FindMethodByName(std::string(method.substr(slash + 1)));
  if (rpc == nullptr) return WrongMethod(method, "is in no contract that this program knows");
  if (rpc->client_streaming() != (kind == Kind::kClientStream) ||
      rpc->server_streaming() != (kind == Kind::kServerStream)) {
    return WrongMethod(method, "is called with another kind of stream than its contract says");
  }
  if (rpc->input_type() != request || rpc->output_type() != response) {
    return WrongMethod(method, "is called with other messages than its contract says");
  }
  return absl::OkStatus();
}

// Everything that a call sets on its way out, and reads on its way back.
class CallContext {
 public:
  CallContext(const ClientCallOptions& options, std::optional<SystemTime> deadline) : options_(options) {
    if (deadline) context_.set_deadline(*deadline);
    for (const auto& [key, value] : options.metadata) context_.AddMetadata(key, value);
  }

  grpc::ClientContext* get() { return &context_; }
  grpc::ClientContext* operator->() { return &context_; }

  absl::Status Finish(const grpc::Status& status) {
    if (options_.position != nullptr) {
      const auto& trailing = context_.GetServerTrailingMetadata();
      if (const auto found = trailing.find(kPositionKey); found != trailing.end()) {
        *options_.position = std::string(AsView(found->second));
      }
    }
    return FromGrpc(status);
  }

 private:
  const ClientCallOptions& options_;
  grpc::ClientContext context_;
};

std::optional<SystemTime> DeadlineOf(const ClientCallOptions& options) {
  if (options.timeout == std::chrono::milliseconds::zero()) return std::nullopt;
  return std::chrono::system_clock::now() + options.timeout;
}

// Between half and all of the step, so that callers that failed together do not come back together.
std::chrono::milliseconds Jittered(std::chrono::milliseconds step) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return step / 2 + std::chrono::milliseconds(random() % (step.count() / 2 + 1));
}

class GrpcChannel final : public Channel {
 public:
  explicit GrpcChannel(const std::string& address)
      : channel_(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), MakeChannelArguments())) {}

  absl::Status CallErased(std::string_view method, const Message& request, Message& response,
                          const ClientCallOptions& options) override {
    ESNAF_ASSIGN_OR_RETURN(const ClientMethod* rpc,
                           Find(method, Kind::kUnary, request.GetDescriptor(), response.GetDescriptor()));
    const std::optional<SystemTime> deadline = DeadlineOf(options);
    std::chrono::milliseconds backoff = kFirstBackoff;
    for (;;) {
      CallContext context(options, deadline);
      const absl::Status status = context.Finish(grpc::internal::BlockingUnaryCall<MessageLite, MessageLite>(
          channel_.get(), rpc->rpc, context.get(), request, &response));
      if (status.code() != absl::StatusCode::kUnavailable || !options.retry_unavailable) return status;
      const auto pause = Jittered(backoff);
      if (deadline && std::chrono::system_clock::now() + pause >= *deadline) return status;
      std::this_thread::sleep_for(pause);
      backoff = std::min(2 * backoff, kLongestBackoff);
    }
  }

  absl::Status ReadStream(std::string_view method, const Message& request, const Message& response_type,
                          const std::function<bool(const Message&)>& on_message, const std::function<bool()>& stopped,
                          const ClientCallOptions& options) override;

  absl::Status WriteStream(std::string_view method, const Message& request_type,
                           const std::function<bool(Message&)>& next, Message& response,
                           const ClientCallOptions& options) override {
    ESNAF_ASSIGN_OR_RETURN(const ClientMethod* rpc,
                           Find(method, Kind::kClientStream, request_type.GetDescriptor(), response.GetDescriptor()));
    CallContext context(options, DeadlineOf(options));
    const std::unique_ptr<grpc::ClientWriter<MessageLite>> writer(
        grpc::internal::ClientWriterFactory<MessageLite>::Create<MessageLite>(channel_.get(), rpc->rpc, context.get(),
                                                                              &response));
    const std::unique_ptr<Message> request(request_type.New());
    while (next(*request) && writer->Write(*request)) request->Clear();
    writer->WritesDone();
    return context.Finish(writer->Finish());
  }

 private:
  // The contract is looked at once for each method and its messages.
  absl::StatusOr<const ClientMethod*> Find(std::string_view path, Kind kind, const Descriptor* request,
                                           const Descriptor* response) {
    {
      std::shared_lock lock(mutex_);
      const auto found = methods_.find(path);
      if (found != methods_.end() && found->second->request == request && found->second->response == response &&
          found->second->rpc.method_type() == ClientMethod::TypeOf(kind)) {
        return found->second.get();
      }
    }
    ESNAF_RETURN_IF_ERROR(CheckContract(path, kind, request, response));
    std::unique_lock lock(mutex_);
    std::unique_ptr<ClientMethod>& entry = methods_[std::string(path)];
    if (entry == nullptr) entry = std::make_unique<ClientMethod>(std::string(path), kind, request, response, channel_);
    return entry.get();
  }

  const std::shared_ptr<grpc::Channel> channel_;
  std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<ClientMethod>, std::less<>> methods_;
};

// One stream that is read by the calling thread. It waits in short steps, so that it can be stopped in between.
class StreamRead {
 public:
  StreamRead(grpc::Channel& channel, const grpc::internal::RpcMethod& rpc, const Message& request,
             const std::function<bool()>& stopped, CallContext& context)
      : stopped_(stopped), context_(context) {
    reader_.reset(grpc::internal::ClientAsyncReaderFactory<grpc::ByteBuffer>::Create<MessageLite>(
        &channel, &queue_, rpc, context.get(), request, true, this));
  }

  // The stream's end; OK where the caller ended it.
  absl::Status Run(Message& message, const std::function<bool(const Message&)>& on_message) {
    bool garbage = false;
    bool going = Wait();
    while (going) {
      grpc::ByteBuffer bytes;
      reader_->Read(&bytes, this);
      if (!Wait()) break;
      garbage = !Parse(bytes, message);
      if (garbage || !on_message(message)) {
        ended_by_caller_ = !garbage;
        context_->TryCancel();
        break;
      }
    }
    grpc::Status status;
    reader_->Finish(&status, this);
    Wait();
    const absl::Status result = context_.Finish(status);
    if (garbage) return absl::InternalError("the server sent a message that is none of its contract");
    return ended_by_caller_ ? absl::OkStatus() : result;
  }

 private:
  // Waits for the operation under way; cancels it when the caller wants to stop.
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    for (;;) {
      const auto step = std::chrono::system_clock::now() + kStopInterval;
      if (queue_.AsyncNext(&tag, &ok, step) == grpc::CompletionQueue::GOT_EVENT) break;
      if (!ended_by_caller_ && stopped_ && stopped_()) Stop();
    }
    if (!ended_by_caller_ && stopped_ && stopped_()) Stop();
    return ok && !ended_by_caller_;
  }

  void Stop() {
    ended_by_caller_ = true;
    context_->TryCancel();
  }

  const std::function<bool()>& stopped_;
  CallContext& context_;
  bool ended_by_caller_ = false;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<grpc::ByteBuffer>> reader_;
};

absl::Status GrpcChannel::ReadStream(std::string_view method, const Message& request, const Message& response_type,
                                     const std::function<bool(const Message&)>& on_message,
                                     const std::function<bool()>& stopped, const ClientCallOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(const ClientMethod* rpc,
                         Find(method, Kind::kServerStream, request.GetDescriptor(), response_type.GetDescriptor()));
  CallContext context(options, DeadlineOf(options));
  const std::unique_ptr<Message> message(response_type.New());
  return StreamRead(*channel_, rpc->rpc, request, stopped, context).Run(*message, on_message);
}

}  // namespace

std::shared_ptr<Channel> Channel::Open(const std::string& address) {
  // See Server: also a program that is a client only must not pay for the search for lock cycles.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return std::make_shared<GrpcChannel>(address);
}

}  // namespace esnaf::runtime
