#include "services/gateway/page_door.h"

#include <grpcpp/client_context.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/call_headers.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kMaxHeaderBytes = 200;

// A request on its way to the service; its callback keeps it until it is answered.
struct PageCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

}  // namespace

std::string PlainPage(const char* turkish, const char* english) {
  return absl::StrCat("<!doctype html>\n<html lang=\"tr\">\n<head><meta charset=\"utf-8\"><title>", turkish,
                      "</title></head>\n<body>\n<h1>", turkish, "</h1>\n<p lang=\"en\">", english,
                      "</p>\n</body>\n</html>\n");
}

bool IsPathName(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string PlainText(std::string_view text) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return ascii ? std::string(text.substr(0, kMaxHeaderBytes)) : std::string();
}

HttpResponse HtmlResponse(int http_status, std::string html, std::string_view policy, const std::string& request_id) {
  HttpResponse response{
      .status = http_status,
      .headers = {{"Content-Security-Policy",
                   absl::StrCat("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
                                "frame-ancestors 'none'",
                                std::string(policy))},
                  // The address may be a secret; nobody else is told of it, and nothing keeps it.
                  {"Referrer-Policy", "no-referrer"},
                  {"Cache-Control", "no-store"},
                  {"X-Robots-Tag", "noindex"},
                  {"X-Content-Type-Options", "nosniff"}},
      .content_type = "text/html; charset=utf-8",
      .body = std::move(html)};
  if (http_status == 405) response.headers.emplace_back("Allow", "GET, HEAD, POST");
  if (http_status == 429 || http_status == 503) response.headers.emplace_back("Retry-After", "1");
  if (!request_id.empty()) response.headers.emplace_back("X-Request-Id", request_id);
  return response;
}

void AskForPage(Upstreams& upstreams, const Clock& clock, std::chrono::milliseconds deadline, const char* method,
                const google::protobuf::Message& proto, const HttpRequest& request,
                const std::shared_ptr<HttpExchange>& exchange, PageAnswered answered) {
  auto call = std::make_shared<PageCall>();
  const std::string request_id = ChooseRequestId(request.Header(kRequestIdKey), clock.Now());
  call->context.AddMetadata("esnaf-actor", "service:gateway");
  call->context.AddMetadata(kRequestIdKey, request_id);
  call->context.AddMetadata(kTraceParentKey, ChooseTraceParent(request.Header(kTraceParentKey), request_id));
  call->context.set_deadline(std::chrono::system_clock::now() + deadline);
  call->request = runtime::Serialize(proto);
  exchange->OnClosed([weak = std::weak_ptr(call)] {
    if (const auto closed = weak.lock()) closed->context.TryCancel();
  });
  upstreams.Pick(Upstream::kSupport)
      .UnaryCall(&call->context, method, {}, &call->request, &call->response,
                 [call, request_id, answered = std::move(answered)](const grpc::Status& answer) {
                   answered(answer.ok(), call->response, request_id);
                 });
}

}  // namespace esnaf::gateway
