#include "services/gateway/survey_door.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/call_headers.h"
#include "services/gateway/transcoder.h"

namespace esnaf::gateway {
namespace {

constexpr std::string_view kPrefix = "/s/";
constexpr char kServe[] = "/esnaf.support.v1.SurveyService/ServeSurveyPage";
constexpr std::size_t kMaxTokenBytes = 100;
constexpr std::size_t kMaxHeaderBytes = 200;

// A request on its way to the service; its callback keeps it until it is answered.
struct PageCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTokenBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// What the gateway itself has to say, to a customer in either language.
std::string PlainPage(const char* turkish, const char* english) {
  return absl::StrCat("<!doctype html>\n<html lang=\"tr\">\n<head><meta charset=\"utf-8\"><title>", turkish,
                      "</title></head>\n<body>\n<h1>", turkish, "</h1>\n<p lang=\"en\">", english,
                      "</p>\n</body>\n</html>\n");
}
std::string UnknownPage() { return PlainPage("Bu bağlantı geçerli değil.", "This link is not valid."); }

support::v1::ServeSurveyPageRequest MakeRequest(const HttpRequest& request, const std::string& token) {
  support::v1::ServeSurveyPageRequest proto;
  proto.set_token(token);
  proto.set_verb(request.verb == "POST" ? "POST" : "GET");
  // Only what is plain ASCII can be a string of a message, and means anything here.
  const auto plain = [](std::string_view text) {
    const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    return ascii ? std::string(text.substr(0, kMaxHeaderBytes)) : std::string();
  };
  proto.set_query(plain(request.query));
  proto.set_accept_language(plain(request.Header("accept-language")));
  if (request.verb == "POST") proto.set_body(request.body);
  return proto;
}

}  // namespace

SurveyDoor::SurveyDoor(SurveyDoorOptions options, Upstreams& upstreams, runtime::Metrics& metrics, const Clock& clock)
    : options_(std::move(options)), upstreams_(upstreams), metrics_(metrics), clock_(clock), buckets_(options_.rate) {}

bool SurveyDoor::Take(const HttpRequest& request, const std::shared_ptr<HttpExchange>& exchange) {
  std::string_view token = request.path;
  if (!token.starts_with(kPrefix)) return false;
  token.remove_prefix(kPrefix.size());
  const std::string address = options_.proxies.ClientOf(request.peer, request.ForwardedFor());
  if (!IsToken(token)) {
    Respond(404, UnknownPage(), "", *exchange);
  } else if (request.verb != "GET" && request.verb != "HEAD" && request.verb != "POST") {
    Respond(405, UnknownPage(), "", *exchange);
  } else if (request.body.size() > kMaxSurveyFormBytes) {
    Respond(413, PlainPage("Yanıtınız çok uzun.", "Your answer is too long."), "", *exchange);
  } else if (buckets_.Take(address)) {
    Respond(429, PlainPage("Lütfen biraz sonra yeniden deneyin.", "Please try again in a moment."), "", *exchange);
  } else {
    Forward(request, std::string(token), exchange);
  }
  return true;
}

void SurveyDoor::Forward(const HttpRequest& request, const std::string& token,
                         const std::shared_ptr<HttpExchange>& exchange) {
  auto call = std::make_shared<PageCall>();
  const std::string request_id = ChooseRequestId(request.Header(kRequestIdKey), clock_.Now());
  call->context.AddMetadata("esnaf-actor", "service:gateway");
  call->context.AddMetadata(kRequestIdKey, request_id);
  call->context.AddMetadata(kTraceParentKey, ChooseTraceParent(request.Header(kTraceParentKey), request_id));
  call->context.set_deadline(std::chrono::system_clock::now() + options_.deadline);
  call->request = runtime::Serialize(MakeRequest(request, token));
  exchange->OnClosed([weak = std::weak_ptr(call)] {
    if (const auto closed = weak.lock()) closed->context.TryCancel();
  });
  upstreams_.Pick(Upstream::kSupport)
      .UnaryCall(&call->context, kServe, {}, &call->request, &call->response,
                 [this, call, request_id, exchange](const grpc::Status& answer) {
                   support::v1::ServeSurveyPageResponse page;
                   if (answer.ok() && runtime::Parse(call->response, page)) {
                     return Respond(page.http_status(), page.html(), request_id, *exchange);
                   }
                   Respond(503, PlainPage("Lütfen biraz sonra yeniden deneyin.", "Please try again in a moment."),
                           request_id, *exchange);
                 });
}

void SurveyDoor::Respond(int http_status, std::string html, const std::string& request_id, HttpExchange& exchange) {
  metrics_
      .GetCounter("esnaf_gateway_survey_pages_total", "Requests under /s by HTTP status.",
                  {{"status", absl::StrCat(http_status)}})
      .Add();
  HttpResponse response{.status = http_status,
                        .headers = {{"Content-Security-Policy",
                                     "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                                     "base-uri 'none'; frame-ancestors 'none'"},
                                    // The address is the link; nobody else is told of it, and nothing keeps it.
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cache-Control", "no-store"},
                                    {"X-Robots-Tag", "noindex"},
                                    {"X-Content-Type-Options", "nosniff"}},
                        .content_type = "text/html; charset=utf-8",
                        .body = std::move(html)};
  if (http_status == 405) response.headers.emplace_back("Allow", "GET, HEAD, POST");
  if (http_status == 429 || http_status == 503) response.headers.emplace_back("Retry-After", "1");
  if (!request_id.empty()) response.headers.emplace_back("X-Request-Id", request_id);
  exchange.Respond(std::move(response));
}

}  // namespace esnaf::gateway
