#include "services/gateway/grpc_proxy.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/call_headers.h"

namespace esnaf::gateway {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

// Finish writes the details itself; a copy would come to the client as a second one.
constexpr std::string_view kDetailsKey = "grpc-status-details-bin";

// What every message reads as that has no field set.
grpc::ByteBuffer EmptyMessage() {
  const grpc::Slice nothing;
  return grpc::ByteBuffer(&nothing, 1);
}

// A call that ends before it is forwarded.
template <typename Reactor>
class RefusedCall final : public Reactor {
 public:
  explicit RefusedCall(const absl::Status& status) { this->Finish(runtime::ToGrpc(status)); }
  bool InternalInlineable() override { return true; }
  void OnDone() override { delete this; }
};

// What unary calls and streams have in common.
template <typename Reactor>
class ForwardedCall : public Reactor {
 public:
  ForwardedCall(const Door& door, grpc::CallbackServerContext* context, const Route& route, Admission admission,
                const CallHeaders& headers)
      : door_(door),
        context_(context),
        route_(route),
        admission_(std::move(admission)),
        request_id_(ChooseRequestId(headers.request_id, door.clock.Now())) {
    WriteUpstreamMetadata(headers, request_id_, *admission_.key, *upstream_context_);
    context_->AddTrailingMetadata(kRequestIdKey, request_id_);
    SetDeadline();
  }

  bool InternalInlineable() final { return true; }
  void OnCancel() final { upstream_context_->TryCancel(); }
  void OnDone() final { Unref(); }

 protected:
  ~ForwardedCall() override = default;

  // One reference is gRPC's, which ends with OnDone; one is the upstream call's.
  void Unref() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // Hands the upstream's trailing metadata on and counts the call.
  void Conclude(int code) {
    for (const auto& [key, value] : upstream_context_->GetServerTrailingMetadata()) {
      if (runtime::AsView(key) == kDetailsKey) continue;
      context_->AddTrailingMetadata(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    Record(code);
  }
  void Record(int code) {
    door_.recorder.End(route_, Transport::kGrpc, code, began_, admission_.key.get(), request_id_,
                       [this] { return context_->peer(); });
  }

  const Door& door_;
  grpc::CallbackServerContext* const context_;
  const Route& route_;
  const Admission admission_;
  const std::string request_id_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  // Shared with the watch over streams.
  const std::shared_ptr<grpc::ClientContext> upstream_context_ = std::make_shared<grpc::ClientContext>();

 private:
  void SetDeadline() {
    const SystemTime asked = context_->deadline();
    const bool none = asked == SystemTime::max();
    if (!route_.unary()) {
      // A stream lasts as long as its client wants.
      if (!none) upstream_context_->set_deadline(asked);
      return;
    }
    const SystemTime now = std::chrono::system_clock::now();
    upstream_context_->set_deadline(none ? now + door_.default_deadline : std::min(asked, now + door_.max_deadline));
  }

  std::atomic<int> references_{2};
};

class UnaryProxyCall final : public ForwardedCall<grpc::ServerUnaryReactor> {
 public:
  UnaryProxyCall(const Door& door, grpc::CallbackServerContext* context, const Route& route, Admission admission,
                 const CallHeaders& headers, const grpc::ByteBuffer* request, grpc::ByteBuffer* response)
      : ForwardedCall(door, context, route, std::move(admission), headers), response_(response) {
    door_.upstreams.Pick(route_.upstream)
        .UnaryCall(upstream_context_.get(), route_.method, {}, request, response,
                   [this](const grpc::Status& status) { Answer(status); });
  }

 private:
  void Answer(const grpc::Status& status) {
    if (GetsNoAnswer(admission_.key->key, route_.access)) *response_ = EmptyMessage();
    Conclude(status.error_code());
    Finish(HideTransport(status, route_.upstream));
    Unref();
  }

  grpc::ByteBuffer* const response_;
};

// A stream: two pumps, each with one message in flight. The upstream's end of the call holds it open until both have
// ended (AddMultipleHolds), so that no operation is started on a call that is over.
class StreamProxyCall final : public ForwardedCall<grpc::ServerGenericBidiReactor> {
 public:
  StreamProxyCall(const Door& door, grpc::CallbackServerContext* context, const Route& route, Admission admission,
                  const CallHeaders& headers)
      : ForwardedCall(door, context, route, std::move(admission), headers),
        upstream_(*this),
        watched_(door.streams.Add(route, headers.credentials, upstream_context_)) {
    door_.upstreams.Pick(route_.upstream)
        .PrepareBidiStreamingCall(upstream_context_.get(), route_.method, {}, &upstream_);
    upstream_.AddMultipleHolds(2);
    upstream_.StartCall();
    upstream_.StartRead(&answer_);
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      if (!requests_open_) return;
      if (ok) {
        writing_ = true;
        upstream_.StartWrite(&request_);
        return;
      }
      requests_open_ = false;
      upstream_.StartWritesDone();
    }
    upstream_.RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    // The client is gone: the upstream learns of it, and its pump ends with the next read.
    if (!ok) upstream_context_->TryCancel();
    upstream_.StartRead(&answer_);
  }

 private:
  class UpstreamSide final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit UpstreamSide(StreamProxyCall& call) : call_(call) {}
    void OnReadDone(bool ok) override { call_.OnAnswerRead(ok); }
    void OnWriteDone(bool ok) override { call_.OnRequestWritten(ok); }
    void OnDone(const grpc::Status& status) override { call_.OnUpstreamDone(status); }

   private:
    StreamProxyCall& call_;
  };

  void OnAnswerRead(bool ok) {
    if (ok) return StartWrite(&answer_);
    bool close_requests = false;
    {
      // The upstream says no more, so whatever the client still sends has no reader.
      std::lock_guard lock(mutex_);
      upstream_ended_ = true;
      close_requests = requests_open_ && !writing_;
      if (close_requests) requests_open_ = false;
    }
    if (close_requests) upstream_.RemoveHold();
    upstream_.RemoveHold();
  }

  void OnRequestWritten(bool ok) {
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      if (ok && !upstream_ended_) return StartRead(&request_);
      requests_open_ = false;
    }
    upstream_.RemoveHold();
  }

  void OnUpstreamDone(const grpc::Status& status) {
    // Only a cancelled call has another outcome than the service's, whose details stay as they are.
    const bool cancelled = status.error_code() == grpc::StatusCode::CANCELLED;
    const grpc::Status outcome = cancelled ? runtime::ToGrpc(watched_->Outcome(runtime::FromGrpc(status)))
                                           : HideTransport(status, route_.upstream);
    Conclude(outcome.error_code());
    Finish(outcome);
    Unref();
  }

  UpstreamSide upstream_;
  const std::shared_ptr<WatchedStream> watched_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
  std::mutex mutex_;
  bool requests_open_ = true;
  bool writing_ = false;
  bool upstream_ended_ = false;
};

absl::Status Unknown(const std::string& method) {
  return MakeError(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN", absl::StrCat("there is no method ", method));
}

CallHeaders ReadHeaders(const grpc::CallbackServerContext& context) {
  CallHeaders headers;
  for (const auto& [key, value] : context.client_metadata()) headers.Take(runtime::AsView(key), runtime::AsView(value));
  return headers;
}

// What proxies wrote about who sent the call, the last one's word at the end.
std::string ForwardedFor(const grpc::CallbackServerContext& context) {
  std::string all;
  const auto [begin, end] = context.client_metadata().equal_range("x-forwarded-for");
  for (auto value = begin; value != end; ++value) {
    absl::StrAppend(&all, all.empty() ? "" : ",", std::string(value->second.data(), value->second.size()));
  }
  return all;
}

// Asks the gatekeeper, and writes a refusal down.
Admission Admit(const Door& door, grpc::CallbackServerContext* context, const Route& route,
                const CallHeaders& headers) {
  Admission admission = door.gatekeeper.Admit(route, headers.credentials);
  if (admission.status.ok() && ChatOpenings::Counts(route, *admission.key)) {
    admission.status = door.chats.Take(context->peer(), ForwardedFor(*context));
  }
  if (!admission.status.ok()) {
    const std::string request_id = ChooseRequestId(headers.request_id, door.clock.Now());
    context->AddTrailingMetadata(kRequestIdKey, request_id);
    door.recorder.End(route, Transport::kGrpc, admission.status.raw_code(), std::chrono::steady_clock::now(),
                      admission.key.get(), request_id, [context] { return context->peer(); });
  }
  return admission;
}

}  // namespace

class GrpcProxy::UnaryMethods final : public grpc::Service {
 public:
  explicit UnaryMethods(const Door& door) {
    int count = 0;
    for (const auto& route : door.routes.routes()) {
      if (!route->unary()) continue;
      AddMethod(
          new grpc::internal::RpcServiceMethod(route->method.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
      MarkMethodRawCallback(
          count++, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                       [&door, &route = *route](grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
                         return Forward(door, context, route, request, response);
                       }));
    }
  }

 private:
  static grpc::ServerUnaryReactor* Forward(const Door& door, grpc::CallbackServerContext* context, const Route& route,
                                           const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
    const CallHeaders headers = ReadHeaders(*context);
    Admission admission = Admit(door, context, route, headers);
    if (!admission.status.ok()) return new RefusedCall<grpc::ServerUnaryReactor>(admission.status);
    return new UnaryProxyCall(door, context, route, std::move(admission), headers, request, response);
  }
};

class GrpcProxy::OtherMethods final : public grpc::CallbackGenericService {
 public:
  explicit OtherMethods(const Door& door) : door_(door) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const Route* route = door_.routes.Find(context->method());
    if (route == nullptr) {
      door_.recorder.CountUnknown(Transport::kGrpc);
      return new RefusedCall<grpc::ServerGenericBidiReactor>(Unknown(context->method()));
    }
    const CallHeaders headers = ReadHeaders(*context);
    Admission admission = Admit(door_, context, *route, headers);
    if (!admission.status.ok()) return new RefusedCall<grpc::ServerGenericBidiReactor>(admission.status);
    return new StreamProxyCall(door_, context, *route, std::move(admission), headers);
  }

 private:
  const Door& door_;
};

GrpcProxy::GrpcProxy(const Door& door)
    : unary_(std::make_shared<UnaryMethods>(door)), other_(std::make_shared<OtherMethods>(door)) {}

void GrpcProxy::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(unary_.get());
  builder.RegisterCallbackGenericService(other_.get());
}

}  // namespace esnaf::gateway
