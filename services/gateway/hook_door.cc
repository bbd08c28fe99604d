#include "services/gateway/hook_door.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "esnaf/api/v1/hooks.pb.h"
#include "libs/base/error.h"
#include "libs/base/store_id.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/call_headers.h"
#include "services/gateway/transcoder.h"

namespace esnaf::gateway {
namespace {

constexpr std::string_view kPrefix = "/hooks/";
constexpr char kReceive[] = "/esnaf.api.v1.HookService/ReceiveHook";

// A request on its way to the service; its callback keeps it until it is answered.
struct HookCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

HttpResponse ErrorAnswer(const absl::Status& status, int http_status) {
  return {.status = http_status, .body = ErrorJson(status, http_status)};
}

bool IsConnectorName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

api::v1::ReceiveHookRequest MakeRequest(const HttpRequest& request, const std::string& connector,
                                        const std::string& store_id) {
  api::v1::ReceiveHookRequest proto;
  proto.set_connector(connector);
  proto.set_store_id(store_id);
  proto.set_verb(request.verb);
  for (const auto& [name, value] : request.headers) {
    api::v1::HookHeader& header = *proto.add_headers();
    header.set_name(name);
    header.set_value(value);
  }
  proto.set_query(request.query);
  proto.set_body(request.body);
  return proto;
}

}  // namespace

absl::StatusOr<HookOwners> ParseHookOwners(std::string_view text) {
  HookOwners owners;
  for (const auto& piece : absl::StrSplit(absl::string_view(text.data(), text.size()), ',', absl::SkipWhitespace())) {
    const std::string_view part(piece.data(), piece.size());
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string name(part.substr(0, equals));
    const std::string_view owner = equals == part.size() ? std::string_view() : part.substr(equals + 1);
    const std::optional<Upstream> service = UpstreamCalled(owner);
    if (!IsConnectorName(name) || !service) {
      return absl::InvalidArgumentError(absl::StrCat("hook-connectors: `", std::string(part),
                                                     "` is no connector with its service, such as `shopify=orders`"));
    }
    owners[name] = *service;
  }
  return owners;
}

HookDoor::HookDoor(HookDoorOptions options, Upstreams& upstreams, runtime::Metrics& metrics, const Clock& clock)
    : options_(std::move(options)), upstreams_(upstreams), metrics_(metrics), clock_(clock), buckets_(options_.rate) {}

bool HookDoor::Take(const HttpRequest& request, const std::shared_ptr<HttpExchange>& exchange) {
  std::string_view rest = request.path;
  if (!rest.starts_with(kPrefix)) return false;
  rest.remove_prefix(kPrefix.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string connector(rest.substr(0, slash));
  const std::string store_id(slash == rest.size() ? std::string_view() : rest.substr(slash + 1));
  const auto owner = options_.owners.find(connector);
  if (owner == options_.owners.end() || !IsStoreId(store_id)) {
    Refuse("",
           MakeError(absl::StatusCode::kNotFound, "HOOK_CONNECTION_NOT_FOUND", "nobody is connected at this address"),
           404, *exchange);
  } else if (request.verb != "POST" && request.verb != "GET") {
    Refuse(connector, MakeError(absl::StatusCode::kUnimplemented, "VERB_UNKNOWN", "this path takes GET, POST"), 405,
           *exchange, {{"Allow", "GET, POST"}});
  } else if (request.body.size() > kMaxHookBytes) {
    Refuse(connector,
           MakeError(absl::StatusCode::kInvalidArgument, "HOOK_TOO_LARGE", "the body is larger than 1048576 bytes"),
           413, *exchange);
  } else if (const auto wait = TakeRate(request)) {
    Refuse(connector,
           MakeError(absl::StatusCode::kResourceExhausted, "RATE_LIMIT_EXCEEDED",
                     "this address sends more than it may in a second"),
           429, *exchange, {{"Retry-After", absl::StrCat(std::chrono::ceil<std::chrono::seconds>(*wait).count())}});
  } else {
    Forward(request, connector, store_id, owner->second, exchange);
  }
  return true;
}

std::optional<std::chrono::nanoseconds> HookDoor::TakeRate(const HttpRequest& request) {
  const std::string sender = RateNetworkOf(options_.proxies.ClientOf(request.peer, request.ForwardedFor()));
  return buckets_.Take(absl::StrCat(sender, request.path));
}

void HookDoor::Forward(const HttpRequest& request, const std::string& connector, const std::string& store_id,
                       Upstream owner, const std::shared_ptr<HttpExchange>& exchange) {
  auto call = std::make_shared<HookCall>();
  const std::string request_id = ChooseRequestId(request.Header(kRequestIdKey), clock_.Now());
  call->context.AddMetadata("esnaf-actor", "service:gateway");
  call->context.AddMetadata(kRequestIdKey, request_id);
  call->context.AddMetadata(kTraceParentKey, ChooseTraceParent(request.Header(kTraceParentKey), request_id));
  call->context.set_deadline(std::chrono::system_clock::now() + options_.deadline);
  call->request = runtime::Serialize(MakeRequest(request, connector, store_id));
  // Who leaves without an answer posts again.
  exchange->OnClosed([weak = std::weak_ptr(call)] {
    if (const auto closed = weak.lock()) closed->context.TryCancel();
  });
  upstreams_.Pick(owner).UnaryCall(&call->context, kReceive, {}, &call->request, &call->response,
                                   [this, call, connector, owner, request_id, exchange](const grpc::Status& answer) {
                                     absl::Status status = runtime::FromGrpc(HideTransport(answer, owner));
                                     api::v1::ReceiveHookResponse received;
                                     if (status.ok() && !runtime::Parse(call->response, received)) {
                                       status = absl::InternalError("the service's answer cannot be read");
                                     }
                                     HttpResponse response;
                                     if (status.ok()) {
                                       response.content_type = received.content_type();
                                       response.body = received.body();
                                     } else {
                                       response = ErrorAnswer(status, HttpStatusOf(status.code()));
                                     }
                                     response.headers.emplace_back("X-Request-Id", request_id);
                                     Count(connector, response.status);
                                     exchange->Respond(std::move(response));
                                   });
}

void HookDoor::Refuse(const std::string& connector, const absl::Status& status, int http_status, HttpExchange& exchange,
                      const HttpHeaders& headers) {
  Count(connector, http_status);
  HttpResponse response = ErrorAnswer(status, http_status);
  response.headers.insert(response.headers.end(), headers.begin(), headers.end());
  exchange.Respond(std::move(response));
}

void HookDoor::Count(const std::string& connector, int http_status) {
  metrics_
      .GetCounter("esnaf_gateway_hooks_total", "Requests under /hooks by connector and HTTP status.",
                  {{"connector", connector}, {"status", absl::StrCat(http_status)}})
      .Add();
}

}  // namespace esnaf::gateway
