#include "services/gateway/http_gateway.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "services/gateway/beacon.h"
#include "services/gateway/browser_script.h"
#include "services/gateway/docs_page.h"
#include "services/gateway/event_ids.h"
#include "services/gateway/http_call.h"
#include "services/gateway/openapi.h"
#include "services/gateway/transcoder.h"

namespace esnaf::gateway {
namespace {

constexpr char kChatPagePrefix[] = "/chat/";
constexpr char kCorsHeaders[] =
    "Authorization, X-API-Key, Content-Type, Idempotency-Key, X-Request-Id, Esnaf-After, traceparent";

HttpResponse ErrorResponse(const absl::Status& status, int http_status) {
  return {.status = http_status, .body = ErrorJson(status, http_status)};
}

void StartCall(std::shared_ptr<HttpCall> call, const HttpRequest& request, const Credentials& credentials,
               google::protobuf::Message& message) {
  if (!call->route().server_streaming) return call->Start(message);
  ResumeBehind(request.Header("last-event-id"), message);
  StartHttpStream(std::move(call), credentials, message);
}

}  // namespace

HttpGateway::HttpGateway(const Door& door, const KeyCache& keys, const runtime::Metrics& metrics,
                         const UpstreamHealth& health, HookDoor& hooks, SurveyDoor& surveys, FormDoor& forms)
    : door_(door),
      keys_(keys),
      metrics_(metrics),
      health_(health),
      hooks_(hooks),
      surveys_(surveys),
      forms_(forms),
      openapi_(OpenApiJson(door.routes)) {}

void HttpGateway::Handle(HttpRequest request, std::shared_ptr<HttpExchange> exchange) {
  if (request.verb == "OPTIONS") return exchange->Respond(Preflight(request));
  if (AnswerPage(request, *exchange) || hooks_.Take(request, exchange)) return;
  if (surveys_.Take(request, exchange) || forms_.Take(request, exchange)) return;
  const std::optional<SplitPath> path = SplitHttpPath(request.path);
  std::string allowed;
  std::optional<HttpMatch> match;
  if (path) match = door_.routes.FindHttp(request.verb, *path, &allowed);
  if (match) return Call(*match, request, std::move(exchange));
  door_.recorder.CountUnknown(Transport::kHttp);
  if (allowed.empty()) {
    return exchange->Respond(ErrorResponse(
        MakeError(absl::StatusCode::kNotFound, "PATH_UNKNOWN", "there is nothing at this path; see /docs"), 404));
  }
  HttpResponse response = ErrorResponse(
      MakeError(absl::StatusCode::kUnimplemented, "VERB_UNKNOWN", absl::StrCat("this path takes ", allowed)), 405);
  response.headers.emplace_back("Allow", allowed);
  exchange->Respond(std::move(response));
}

HttpResponse HttpGateway::Reject(int http_status, int code, const std::string& message) {
  return ErrorResponse(MakeError(static_cast<absl::StatusCode>(code), "BAD_REQUEST", message), http_status);
}

bool HttpGateway::AnswerPage(const HttpRequest& request, HttpExchange& exchange) {
  if (request.verb != "GET" && request.verb != "HEAD") return false;
  if (request.path == "/healthz") {
    exchange.Respond(HealthPage());
  } else if (request.path == "/metrics") {
    exchange.Respond({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Expose()});
  } else if (request.path == "/openapi.json") {
    exchange.Respond({.headers = {{"Access-Control-Allow-Origin", "*"}}, .body = openapi_});
  } else if (request.path == "/docs") {
    exchange.Respond(
        {.headers = {{"Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"}},
         .content_type = "text/html; charset=utf-8",
         .body = DocsPage()});
  } else if (request.path == "/esnaf.js") {
    exchange.Respond(BrowserScriptPage(BrowserScript(), request.Header("if-none-match")));
  } else if (request.path == "/esnaf-chat.js") {
    exchange.Respond(BrowserScriptPage(ChatScript(), request.Header("if-none-match")));
  } else if (request.path.starts_with(kChatPagePrefix)) {
    exchange.Respond(ChatPage(std::string_view(request.path).substr(sizeof(kChatPagePrefix) - 1),
                              request.Header("accept-language")));
  } else if (request.path == "/") {
    exchange.Respond({.status = 302, .headers = {{"Location", "/docs"}}, .content_type = ""});
  } else {
    return false;
  }
  return true;
}

// 200 as long as the gateway itself stands; the states say what is behind it, and which consumers stand still. Why they
// do is for operators alone: a message may quote data, and this page asks for no key.
HttpResponse HttpGateway::HealthPage() const {
  nlohmann::json states = nlohmann::json::object();
  bool all = true;
  for (int i = 0; i < kUpstreamCount; ++i) {
    const auto upstream = static_cast<Upstream>(i);
    const UpstreamState state = health_.state(upstream);
    all &= state == UpstreamState::kServing;
    states[UpstreamName(upstream)] = UpstreamStateName(state);
  }
  nlohmann::json stopped = nlohmann::json::array();
  for (const api::v1::Consumer& consumer : health_.stopped_consumers()) {
    const api::v1::ConsumerStop& stop = consumer.stop();
    const absl::StatusOr<Time> since = api::FromProto(stop.stop_time(), "stop_time");
    stopped.push_back({{"service", consumer.service()},
                       {"source", consumer.source()},
                       {"since", since.ok() ? FormatRfc3339(*since) : ""},
                       {"eventId", stop.event_id()}});
  }
  const nlohmann::json page = {{"status", all && stopped.empty() ? "ok" : "degraded"},
                               {"services", std::move(states)},
                               {"stoppedConsumers", std::move(stopped)}};
  return {.headers = {{"Cache-Control", "no-store"}}, .body = page.dump()};
}

HttpResponse HttpGateway::Preflight(const HttpRequest& request) const {
  const std::string origin(request.Header("origin"));
  HttpResponse response{.status = 204, .headers = {{"Vary", "Origin"}}, .content_type = ""};
  // Which key the call will bring is not known yet; the call itself is checked against its own key.
  if (origin.empty() || !keys_.MayUseOrigin(origin)) return response;
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.emplace_back("Access-Control-Allow-Headers", kCorsHeaders);
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

void HttpGateway::Call(const HttpMatch& match, const HttpRequest& request, std::shared_ptr<HttpExchange> exchange) {
  CallHeaders headers;
  for (const auto& [name, value] : request.headers) headers.Take(name, value);
  // Browsers leave the origin out where a page of the gateway's own reads from it, and say so in a header that no page
  // can set. Which scheme the page has, the proxy that ends TLS may not tell.
  std::string own_origin;
  if (headers.credentials.origin.empty() && request.Header("sec-fetch-site") == "same-origin") {
    own_origin = absl::StrCat("//", std::string(request.Header("host")));
    headers.credentials.origin = own_origin;
  }
  if (match.route->access.beacon || match.route->access.browser_stream) {
    return CallOfBrowser(match, request, headers, std::move(exchange));
  }
  Admission admission = door_.gatekeeper.Admit(*match.route, headers.credentials);
  if (admission.status.ok() && ChatOpenings::Counts(*match.route, *admission.key)) {
    admission.status = door_.chats.Take(request.peer, request.ForwardedFor());
  }
  auto call =
      std::make_shared<HttpCall>(door_, *match.route, std::move(exchange), std::move(admission), headers, request.peer);
  if (!call->admission().status.ok()) return call->Fail(call->admission().status);
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> message = ReadRequest(match, request.query, request.body);
  if (!message.ok()) return call->Fail(message.status());
  StartCall(std::move(call), request, headers.credentials, **message);
}

// The key may be in the request, so that is read first.
void HttpGateway::CallOfBrowser(const HttpMatch& match, const HttpRequest& request, CallHeaders& headers,
                                std::shared_ptr<HttpExchange> exchange) {
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> message = ReadRequest(match, request.query, request.body);
  std::string key;
  if (message.ok()) key = TakeRequestKey(**message, request.Header("user-agent"));
  const bool in_request = headers.credentials.authorization.empty() && headers.credentials.api_key.empty();
  if (in_request) headers.credentials.api_key = key;
  Admission admission = door_.gatekeeper.Admit(*match.route, headers.credentials);
  if (in_request && admission.status.ok() && !MayOnlyWrite(admission.key->key)) {
    admission.status = SecretInRequest();
  }
  auto call =
      std::make_shared<HttpCall>(door_, *match.route, std::move(exchange), std::move(admission), headers, request.peer);
  // What cannot be read has no key either; the caller should learn of that first.
  if (!message.ok()) return call->Fail(message.status());
  if (!call->admission().status.ok()) return call->Fail(call->admission().status);
  StartCall(std::move(call), request, headers.credentials, **message);
}

}  // namespace esnaf::gateway
