#include "services/gateway/http_call.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "esnaf/api/v1/file.pb.h"
#include "libs/base/macros.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/event_ids.h"
#include "services/gateway/transcoder.h"

namespace esnaf::gateway {
namespace {

// The JSON of an answer in bytes.
absl::StatusOr<std::string> BytesToJson(const grpc::ByteBuffer& bytes, const google::protobuf::Message& prototype) {
  std::unique_ptr<google::protobuf::Message> message(prototype.New());
  if (!runtime::Parse(bytes, *message)) return absl::InternalError("the service's answer cannot be read");
  return ToJson(*message);
}

// The same as a server-sent event.
absl::StatusOr<std::string> BytesToEvent(const grpc::ByteBuffer& bytes, const google::protobuf::Message& prototype) {
  std::unique_ptr<google::protobuf::Message> message(prototype.New());
  if (!runtime::Parse(bytes, *message)) return absl::InternalError("the service's answer cannot be read");
  ESNAF_ASSIGN_OR_RETURN(const std::string json, ToJson(*message));
  return absl::StrCat(EventIdLine(*message), "data: ", json, "\n\n");
}

// What a header's value may hold of a text in plain quotes.
std::string Quotable(std::string_view text) {
  std::string plain;
  for (const char c : text) plain.push_back(c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%' ? c : '_');
  return plain;
}

// As a download by its name (RFC 6266), which a browser neither shows nor takes for something else.
void AnswerWithFile(api::v1::File file, HttpResponse& response) {
  std::string encoded;
  for (const char c : file.name()) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '.' || c == '-' || c == '_') {
      encoded.push_back(c);
    } else {
      absl::StrAppend(&encoded, absl::StrFormat("%%%02X", byte));
    }
  }
  response.content_type = Quotable(file.media_type());
  response.headers.emplace_back("Content-Disposition", absl::StrCat("attachment; filename=\"", Quotable(file.name()),
                                                                    "\"; filename*=UTF-8''", encoded));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
  response.headers.emplace_back("Cache-Control", "private, no-store");
  response.body = std::move(*file.mutable_content());
}

// A stream on its way to the client: the next message is read when the last one is written.
class HttpStream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  HttpStream(std::shared_ptr<HttpCall> call, const Credentials& credentials, const google::protobuf::Message& request)
      : call_(std::move(call)),
        watched_(call_->door().streams.Add(call_->route(), credentials, {call_, &call_->context()})),
        request_(runtime::Serialize(request)) {
    call_->door()
        .upstreams.Pick(call_->route().upstream)
        .PrepareBidiStreamingCall(&call_->context(), call_->route().method, {}, this);
    // Reads are started from the HTTP thread; the hold keeps the call open until it is known that none will be.
    AddHold();
    StartCall();
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&answer_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    absl::StatusOr<std::string> event = BytesToEvent(answer_, *call_->route().response);
    if (!event.ok()) {
      broken_ = event.status();
      call_->context().TryCancel();
      return RemoveHold();
    }
    const bool first = Begin() && call_->route().access.browser_stream;
    call_->exchange().Write(absl::StrCat(first ? "retry: 1000\n" : "", *event), [this](bool written) {
      if (written) return StartRead(&answer_);
      call_->context().TryCancel();
      RemoveHold();
    });
  }

  void OnDone(const grpc::Status& grpc_status) override {
    absl::Status status = watched_->Outcome(runtime::FromGrpc(HideTransport(grpc_status, call_->route().upstream)));
    if (!broken_.ok()) status = broken_;
    if (!begun_ && !status.ok()) {
      call_->Fail(status);
    } else {
      Begin();
      const std::string last =
          status.ok() ? "event: end\ndata: {}\n\n" : absl::StrCat("event: error\ndata: ", ErrorJson(status), "\n\n");
      call_->exchange().Write(last, [](bool) {});
      call_->exchange().EndStream();
      call_->Record(status.raw_code());
    }
    delete this;
  }

 private:
  // Whether it did so now.
  bool Begin() {
    if (std::exchange(begun_, true)) return false;
    HttpResponse head = call_->Head(200);
    head.content_type = "text/event-stream";
    head.headers.emplace_back("Cache-Control", "no-store");
    call_->exchange().BeginStream(std::move(head));
    return true;
  }

  const std::shared_ptr<HttpCall> call_;
  const std::shared_ptr<WatchedStream> watched_;
  const grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
  absl::Status broken_;
  bool begun_ = false;
};

}  // namespace

void StartHttpStream(std::shared_ptr<HttpCall> call, const Credentials& credentials,
                     const google::protobuf::Message& request) {
  call->CancelWhenClosed();
  // Deletes itself when the call is over.
  new HttpStream(std::move(call), credentials, request);
}

HttpCall::HttpCall(const Door& door, const Route& route, std::shared_ptr<HttpExchange> exchange, Admission admission,
                   const CallHeaders& headers, std::string peer)
    : door_(door),
      route_(route),
      exchange_(std::move(exchange)),
      admission_(std::move(admission)),
      request_id_(ChooseRequestId(headers.request_id, door.clock.Now())),
      origin_(headers.credentials.origin),
      peer_(std::move(peer)) {
  if (!admission_.status.ok()) return;
  WriteUpstreamMetadata(headers, request_id_, *admission_.key, context_);
  if (route_.unary()) context_.set_deadline(std::chrono::system_clock::now() + door_.default_deadline);
}

void HttpCall::Start(const google::protobuf::Message& request) {
  request_ = runtime::Serialize(request);
  CancelWhenClosed();
  door_.upstreams.Pick(route_.upstream)
      .UnaryCall(&context_, route_.method, {}, &request_, &response_, [self = shared_from_this()](grpc::Status status) {
        // JSON is made on the HTTP thread: gRPC's own threads serve everybody.
        HttpExchange& exchange = *self->exchange_;
        exchange.Post([self, status = std::move(status)] { self->Answer(status); });
      });
}

void HttpCall::CancelWhenClosed() {
  exchange_->OnClosed([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->context_.TryCancel();
  });
}

void HttpCall::Answer(const grpc::Status& status) {
  if (!status.ok()) return Fail(runtime::FromGrpc(HideTransport(status, route_.upstream)));
  HttpResponse response = Head(route_.access.beacon ? 204 : 200);
  if (route_.response->GetDescriptor() == api::v1::File::descriptor()) {
    api::v1::File file;
    if (!runtime::Parse(response_, file)) return Fail(absl::InternalError("the service's answer cannot be read"));
    AnswerWithFile(std::move(file), response);
    Record(0);
    return exchange_->Respond(std::move(response));
  }
  absl::StatusOr<std::string> json = BytesToJson(response_, *route_.response);
  if (!json.ok()) return Fail(json.status());
  for (const auto& [key, value] : context_.GetServerTrailingMetadata()) {
    if (runtime::AsView(key) == runtime::kPositionKey) {
      response.headers.emplace_back("Esnaf-Position", std::string(runtime::AsView(value)));
    }
  }
  if (route_.access.beacon) {
    response.content_type.clear();
  } else {
    response.body = GetsNoAnswer(admission_.key->key, route_.access) ? "{}" : *std::move(json);
  }
  Record(0);
  exchange_->Respond(std::move(response));
}

void HttpCall::Fail(const absl::Status& status) {
  HttpResponse response = Head(HttpStatusOf(status.code()));
  response.body = ErrorJson(status);
  if (status.code() == absl::StatusCode::kUnauthenticated) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (const auto delay = RetryDelay(status)) {
    response.headers.emplace_back("Retry-After", absl::StrCat(std::chrono::ceil<std::chrono::seconds>(*delay).count()));
  }
  Record(status.raw_code());
  exchange_->Respond(std::move(response));
}

HttpResponse HttpCall::Head(int status) const {
  HttpResponse response{.status = status};
  response.headers.emplace_back("X-Request-Id", request_id_);
  if (!origin_.empty() && !origin_.starts_with("//") && admission_.key != nullptr &&
      admission_.key->key.kind == KeyKind::kPublishable && OriginAllowed(admission_.key->key, origin_)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", origin_);
    response.headers.emplace_back("Access-Control-Expose-Headers", "X-Request-Id, Esnaf-Position, Retry-After");
    response.headers.emplace_back("Vary", "Origin");
  }
  return response;
}

void HttpCall::Record(int code) {
  door_.recorder.End(route_, Transport::kHttp, code, began_, admission_.key.get(), request_id_,
                     [this] { return peer_; });
}

}  // namespace esnaf::gateway
