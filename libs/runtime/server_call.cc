#include "libs/runtime/server_call.h"

#include <grpcpp/server_context.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/runtime/grpc_wire.h"
#include "libs/runtime/status_text.h"

namespace esnaf::runtime {
namespace {

// What a call without an end, a feed say, is given as deadline: far away, and safe to add to.
constexpr std::chrono::hours kForever{10 * 366 * 24};

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

absl::StatusOr<Caller::Kind> ParseKind(std::string_view kind) {
  if (kind == "publishable") return Caller::Kind::kPublishable;
  if (kind == "storefront") return Caller::Kind::kStorefront;
  if (kind == "staff") return Caller::Kind::kStaff;
  if (kind == "admin") return Caller::Kind::kAdmin;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_CALLER_KIND",
                   "the metadata `esnaf-caller-kind` is none of publishable, storefront, staff, admin");
}

// Takes the few keys that matter from the call's metadata in one pass.
absl::Status ReadMetadata(const grpc::CallbackServerContext& context, CallInfo& info) {
  for (const auto& [key_ref, value_ref] : context.client_metadata()) {
    const std::string_view key = AsView(key_ref);
    const std::string_view value = AsView(value_ref);
    if (key.starts_with("esnaf-")) {
      if (key == "esnaf-actor") {
        info.caller.actor = value;
      } else if (key == "esnaf-caller-kind") {
        ESNAF_ASSIGN_OR_RETURN(info.caller.kind, ParseKind(value));
      } else if (key == "esnaf-stores") {
        info.caller.store_ids = SplitList(value);
      } else if (key == "esnaf-after") {
        info.after = value;
      }
    } else if (key == "idempotency-key") {
      info.idempotency_key = value;
    } else if (key == "x-request-id") {
      info.request_id = value;
    } else if (key == "traceparent") {
      info.trace_parent = value;
    }
  }
  return absl::OkStatus();
}

// The client's deadline within the server's bounds. Streams last as long as their client wants.
Time DeadlineOf(const grpc::CallbackServerContext& context, const BoundMethod& method) {
  const auto asked = context.deadline();
  const bool none = asked == std::chrono::system_clock::time_point::max();
  const Time now = SystemNow();
  if (method.rpc.kind != RpcKind::kUnary) {
    return none ? now + kForever : std::min(now + kForever, std::chrono::time_point_cast<Duration>(asked));
  }
  if (none) return now + method.core.options.default_deadline;
  return std::min(now + method.core.options.max_deadline, std::chrono::time_point_cast<Duration>(asked));
}

absl::Status QueueFull() {
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   "the service has more calls than it can take up");
}

absl::Status TooManyStreams() {
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS",
                   "the service answers as many streams as it can");
}

absl::Status Garbage(const google::protobuf::Message& expected) {
  return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE",
                   absl::StrCat("the bytes are no ", expected.GetDescriptor()->full_name()));
}

// Runs a handler; what it throws is our own mistake and must not end the process.
template <typename Body>
absl::Status Guarded(const BoundMethod& method, const CallInfo& info, Body&& body) {
  absl::Status status;
  try {
    status = body();
  } catch (const std::exception& error) {
    LogError("a handler threw", {{"method", method.path}, {"request_id", info.request_id}, {"error", error.what()}});
    return absl::InternalError("internal error");
  } catch (...) {
    LogError("a handler threw", {{"method", method.path}, {"request_id", info.request_id}});
    return absl::InternalError("internal error");
  }
  if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown ||
      status.code() == absl::StatusCode::kDataLoss) {
    LogError("a call failed",
             {{"method", method.path}, {"request_id", info.request_id}, {"error", StatusText(status)}});
  }
  return status;
}

// What every call has, whatever its kind of reactor.
//
// A call is in one place at a time: parked at the gate, queued, or running on a thread of ours. Whoever holds it
// calls Complete once, and must not touch it afterwards.
template <typename Reactor>
class ServerCall : public Reactor {
 public:
  ServerCall(BoundMethod& method, grpc::CallbackServerContext* context)
      : method_(method), context_(context), arrived_(std::chrono::steady_clock::now()) {
    method_.metrics.Begin();
  }

  // On gRPC's polling thread, so it must not block.
  void Begin() {
    if (const absl::Status status = ReadMetadata(*context_, info_); !status.ok()) return Complete(status);
    info_.method = method_.path;
    info_.deadline = deadline_ = DeadlineOf(*context_, method_);
    if (info_.after.empty() || method_.core.gate == nullptr) return Proceed();
    Park();
  }

  // None of these reactions blocks, so gRPC may run them where it is instead of on its executor.
  bool InternalInlineable() final { return true; }
  void OnDone() final { delete this; }
  void OnCancel() final {
    MarkClientGone();
    if (parked_ != nullptr && parked_->Take()) Complete(absl::CancelledError("the caller is gone"));
  }

 protected:
  ~ServerCall() override = default;
  // Hands the call to a thread that may block.
  virtual void Proceed() = 0;

  void MarkClientGone() { cancelled_.store(true, std::memory_order_relaxed); }
  bool ClientGone() const { return cancelled_.load(std::memory_order_relaxed); }
  bool HasKeyInMetadata() const { return !info_.idempotency_key.empty(); }
  bool Late() const { return SystemNow() >= deadline_; }
  bool Cancelled() const {
    return ClientGone() || Late() ||
           (method_.rpc.kind == RpcKind::kServerStream && method_.core.stopping.load(std::memory_order_relaxed));
  }

  // Takes the info along.
  Call MakeCall(postgres::Connection& connection) {
    return Call(
        std::move(info_), method_.core.clock, connection, [this] { return Cancelled(); },
        [this](std::uint64_t xact) {
          if (method_.core.on_events) method_.core.on_events(xact);
        });
  }

  // Tells the caller the positions of what its call wrote.
  void AddPositions(const Call& call) {
    std::string positions;
    if (call.event_xact() && !method_.core.position_prefix.empty()) {
      positions = absl::StrCat(method_.core.position_prefix, *call.event_xact());
    }
    for (const std::string& position : call.positions()) {
      absl::StrAppend(&positions, positions.empty() ? "" : ",", position);
    }
    if (!positions.empty()) context_->AddTrailingMetadata(kPositionKey, positions);
  }

  void Complete(const absl::Status& status) {
    std::optional<std::chrono::nanoseconds> duration;
    if (method_.rpc.kind == RpcKind::kUnary) duration = std::chrono::steady_clock::now() - arrived_;
    method_.metrics.End(status.code(), duration);
    this->Finish(ToGrpc(status));
  }

  BoundMethod& method_;
  grpc::CallbackServerContext* const context_;

 private:
  // Decides between the gate and a cancellation which of them goes on with the call.
  struct Parked {
    std::atomic<bool> taken{false};
    bool Take() { return !taken.exchange(true); }
  };

  void Park() {
    parked_ = std::make_shared<Parked>();
    // A copy: a worker may take up the call, and its info along, before Await returns.
    const std::string after = info_.after;
    method_.core.gate->Await(after, info_.deadline, [this, parked = parked_](absl::Status status) {
      // Once somebody else has taken the call, `this` may be gone.
      if (!parked->Take()) return;
      if (status.ok()) {
        Proceed();
      } else {
        Complete(status);
      }
    });
  }

  const std::chrono::steady_clock::time_point arrived_;
  CallInfo info_;
  Time deadline_;
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<Parked> parked_;
};

class UnaryCall final : public ServerCall<grpc::ServerUnaryReactor>,
                        private WorkerPool::Job,
                        private CallGroup::Member {
 public:
  UnaryCall(BoundMethod& method, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
            grpc::ByteBuffer* response)
      : ServerCall(method, context), request_(request), response_(response) {}

 private:
  // What a worker holds while it answers a call.
  struct Held {
    UnaryCall* self;
    const google::protobuf::Message* request;
    // On the heap, so that the handler's answer is swapped in without a copy.
    std::unique_ptr<google::protobuf::Message> response;
    Call call;
  };

  void Proceed() override {
    // A call with a key is a transaction of its own, and would only keep the others waiting.
    const bool together = method_.group != nullptr && !HasKeyInMetadata();
    const bool taken = together ? method_.group->Push(this) : method_.core.pool.Push(this);
    if (!taken) Complete(QueueFull());
  }

  void Run(WorkerPool::Worker& worker) override {
    if (const google::protobuf::Message* request = Read(worker)) {
      Held held = Hold(*request, worker);
      AnswerAlone(held);
    }
  }

  std::size_t Bytes() const override { return request_->Length(); }

  void RunTogether(WorkerPool::Worker& worker, const std::vector<Member*>& members) override {
    // The calls go away one by one, this one among them.
    BoundMethod& method = method_;
    std::vector<Held> held;
    held.reserve(members.size());
    for (Member* member : members) {
      auto* call = static_cast<UnaryCall*>(member);
      const google::protobuf::Message* request = call->Read(worker);
      if (request == nullptr) continue;
      // One that is a transaction of its own would keep the lane from the others. Once pushed it may be gone.
      if (call->HasKeyIn(*request) && method.core.pool.Push(call)) continue;
      held.push_back(call->Hold(*request, worker));
    }
    if (held.empty()) return;
    if (held.size() == 1) return AnswerAlone(held.front());
    std::vector<ErasedAskedCall> asked;
    asked.reserve(held.size());
    for (Held& one : held) asked.push_back({one.call, *one.request, *one.response, absl::OkStatus()});
    const absl::Status status = Guarded(method, held.front().call.info(), [&] {
      method.rpc.together(asked);
      return absl::OkStatus();
    });
    for (std::size_t i = 0; i < held.size(); ++i) {
      Answer(held[i], Guarded(method, held[i].call.info(), [&] { return status.ok() ? asked[i].status : status; }));
    }
  }

  bool HasKeyIn(const google::protobuf::Message& request) const {
    const auto* key = method_.request_key;
    std::string scratch;
    return key != nullptr && key->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING &&
           !request.GetReflection()->GetStringReference(request, key, &scratch).empty();
  }

  // The request, in the worker's arena; null where the call is answered already, since nobody waits for it or it cannot
  // be read.
  const google::protobuf::Message* Read(WorkerPool::Worker& worker) {
    google::protobuf::Message* request = nullptr;
    absl::Status status;
    if (ClientGone()) {
      status = absl::CancelledError("the caller is gone");
    } else if (Late()) {
      status = absl::DeadlineExceededError("the call waited too long for a worker");
    } else {
      request = method_.rpc.request->New(&worker.arena);
      if (!Parse(*request_, *request)) status = Garbage(*request);
    }
    if (!status.ok()) {
      Complete(status);
      return nullptr;
    }
    return request;
  }

  // Takes up the call.
  Held Hold(const google::protobuf::Message& request, WorkerPool::Worker& worker) {
    return {this, &request, std::unique_ptr<google::protobuf::Message>(method_.rpc.response->New()),
            MakeCall(worker.connection)};
  }

  static void AnswerAlone(Held& held) {
    BoundMethod& method = held.self->method_;
    Answer(held, Guarded(method, held.call.info(),
                         [&] { return method.rpc.unary(held.call, *held.request, *held.response); }));
  }

  static void Answer(const Held& held, const absl::Status& status) {
    if (status.ok()) *held.self->response_ = Serialize(*held.response);
    held.self->AddPositions(held.call);
    held.self->Complete(status);
  }

  const grpc::ByteBuffer* const request_;
  grpc::ByteBuffer* const response_;
};

// Lets a stream's thread wait for the one operation that it has started.
class Operation {
 public:
  void Done(bool ok) {
    std::lock_guard lock(mutex_);
    ok_ = ok;
    done_.notify_one();
  }
  bool Wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return ok_.has_value(); });
    const bool ok = *ok_;
    ok_.reset();
    return ok;
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<bool> ok_;
};

class ServerStreamCall final : public ServerCall<grpc::ServerWriteReactor<grpc::ByteBuffer>> {
 public:
  ServerStreamCall(BoundMethod& method, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request)
      : ServerCall(method, context), request_(request) {}
  void OnWriteDone(bool ok) override { write_.Done(ok); }

 private:
  void Proceed() override {
    if (!method_.core.streams.Start([this] { Run(); })) Complete(TooManyStreams());
  }

  void Run() {
    const std::unique_ptr<google::protobuf::Message> request(method_.rpc.request->New());
    if (!Parse(*request_, *request)) return Complete(Garbage(*request));
    postgres::Connection connection(method_.core.options.database);
    Call call = MakeCall(connection);
    absl::Status status = Guarded(method_, call.info(), [&] {
      return method_.rpc.server_stream(call, *request, [this](const google::protobuf::Message& m) { return Write(m); });
    });
    // The client must not take the server's end for the stream's.
    if (status.ok() && method_.core.stopping) status = absl::UnavailableError("the service is stopping");
    AddPositions(call);
    Complete(status);
  }

  bool Write(const google::protobuf::Message& message) {
    if (Cancelled()) return false;
    bytes_ = Serialize(message);
    StartWrite(&bytes_);
    const bool written = write_.Wait();
    // The failed write may be told before the cancellation that caused it.
    if (!written) MarkClientGone();
    return written;
  }

  const grpc::ByteBuffer* const request_;
  grpc::ByteBuffer bytes_;
  Operation write_;
};

class ClientStreamCall final : public ServerCall<grpc::ServerReadReactor<grpc::ByteBuffer>> {
 public:
  ClientStreamCall(BoundMethod& method, grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
      : ServerCall(method, context), response_(response) {}
  void OnReadDone(bool ok) override { read_.Done(ok); }

 private:
  void Proceed() override {
    if (!method_.core.streams.Start([this] { Run(); })) Complete(TooManyStreams());
  }

  void Run() {
    const std::unique_ptr<google::protobuf::Message> response(method_.rpc.response->New());
    postgres::Connection connection(method_.core.options.database);
    Call call = MakeCall(connection);
    absl::Status status = Guarded(method_, call.info(), [&] {
      return method_.rpc.client_stream(
          call, [this](google::protobuf::Message& m) { return Read(m); }, *response);
    });
    if (garbage_) status = Garbage(*method_.rpc.request);
    if (status.ok()) *response_ = Serialize(*response);
    AddPositions(call);
    Complete(status);
  }

  bool Read(google::protobuf::Message& message) {
    if (ended_) return false;
    StartRead(&bytes_);
    const bool read = read_.Wait();
    garbage_ = read && !Parse(bytes_, message);
    ended_ = !read || garbage_;
    return !ended_;
  }

  grpc::ByteBuffer* const response_;
  grpc::ByteBuffer bytes_;
  Operation read_;
  bool ended_ = false;
  bool garbage_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* AnswerUnary(BoundMethod& method, grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  auto* call = new UnaryCall(method, context, request, response);
  call->Begin();
  return call;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AnswerServerStream(BoundMethod& method,
                                                               grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request) {
  auto* call = new ServerStreamCall(method, context, request);
  call->Begin();
  return call;
}

grpc::ServerReadReactor<grpc::ByteBuffer>* AnswerClientStream(BoundMethod& method, grpc::CallbackServerContext* context,
                                                              grpc::ByteBuffer* response) {
  auto* call = new ClientStreamCall(method, context, response);
  call->Begin();
  return call;
}

}  // namespace esnaf::runtime
