#include "services/gateway/survey_door.h"

#include "absl/strings/str_cat.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/page_door.h"

namespace esnaf::gateway {
namespace {

constexpr std::string_view kPrefix = "/s/";
constexpr char kServe[] = "/esnaf.support.v1.SurveyService/ServeSurveyPage";
constexpr std::size_t kMaxTokenBytes = 100;

std::string UnknownPage() { return PlainPage("Bu bağlantı geçerli değil.", "This link is not valid."); }

support::v1::ServeSurveyPageRequest MakeRequest(const HttpRequest& request, const std::string& token) {
  support::v1::ServeSurveyPageRequest proto;
  proto.set_token(token);
  proto.set_verb(request.verb == "POST" ? "POST" : "GET");
  proto.set_query(PlainText(request.query));
  proto.set_accept_language(PlainText(request.Header("accept-language")));
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
  const std::string address = RateNetworkOf(options_.proxies.ClientOf(request.peer, request.ForwardedFor()));
  if (!IsPathName(token, kMaxTokenBytes)) {
    Respond(404, UnknownPage(), "", *exchange);
  } else if (request.verb != "GET" && request.verb != "HEAD" && request.verb != "POST") {
    Respond(405, UnknownPage(), "", *exchange);
  } else if (request.body.size() > kMaxSurveyFormBytes) {
    Respond(413, PlainPage("Yanıtınız çok uzun.", "Your answer is too long."), "", *exchange);
  } else if (buckets_.Take(address)) {
    Respond(429, BusyPage(), "", *exchange);
  } else {
    Forward(request, std::string(token), exchange);
  }
  return true;
}

void SurveyDoor::Forward(const HttpRequest& request, const std::string& token,
                         const std::shared_ptr<HttpExchange>& exchange) {
  AskForPage(upstreams_, clock_, options_.deadline, kServe, MakeRequest(request, token), request, exchange,
             [this, exchange](bool ok, const grpc::ByteBuffer& response, const std::string& request_id) {
               support::v1::ServeSurveyPageResponse page;
               if (ok && runtime::Parse(response, page)) {
                 return Respond(page.http_status(), page.html(), request_id, *exchange);
               }
               Respond(503, BusyPage(), request_id, *exchange);
             });
}

void SurveyDoor::Respond(int http_status, std::string html, const std::string& request_id, HttpExchange& exchange) {
  metrics_
      .GetCounter("esnaf_gateway_survey_pages_total", "Requests under /s by HTTP status.",
                  {{"status", absl::StrCat(http_status)}})
      .Add();
  exchange.Respond(HtmlResponse(http_status, std::move(html), "", request_id));
}

}  // namespace esnaf::gateway
