#include "services/gateway/form_door.h"

#include "absl/strings/str_cat.h"
#include "esnaf/support/v1/forms.pb.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/page_door.h"

namespace esnaf::gateway {
namespace {

constexpr std::string_view kPrefix = "/f/";
constexpr char kServe[] = "/esnaf.support.v1.TicketFormService/ServeTicketFormPage";
constexpr std::size_t kMaxFormIdBytes = 63;
// Besides its form and style a page loads its own script, which asks for suggestions.
constexpr char kPolicy[] = "; script-src 'self'; connect-src 'self'";
constexpr char kScript[] = "script";

bool IsPart(std::string_view part) { return part.empty() || part == "suggest" || part == "read" || part == kScript; }

std::string UnknownPage() { return PlainPage("Böyle bir form yok.", "There is no such form."); }

}  // namespace

FormDoor::FormDoor(FormDoorOptions options, Upstreams& upstreams, runtime::Metrics& metrics, const Clock& clock)
    : options_(std::move(options)), upstreams_(upstreams), metrics_(metrics), clock_(clock), buckets_(options_.rate) {}

bool FormDoor::Take(const HttpRequest& request, const std::shared_ptr<HttpExchange>& exchange) {
  std::string_view form = request.path;
  if (!form.starts_with(kPrefix)) return false;
  form.remove_prefix(kPrefix.size());
  std::string_view part;
  if (const std::size_t slash = form.find('/'); slash != std::string_view::npos) {
    part = form.substr(slash + 1);
    form = form.substr(0, slash);
    if (part.empty()) part = "/";
  }
  const std::string address = RateNetworkOf(options_.proxies.ClientOf(request.peer, request.ForwardedFor()));
  if (!IsPathName(form, kMaxFormIdBytes) || !IsPart(part)) {
    Respond(404, UnknownPage(), "", "", *exchange);
  } else if (request.verb != "GET" && request.verb != "HEAD" && request.verb != "POST") {
    Respond(405, UnknownPage(), "", "", *exchange);
  } else if (request.body.size() > kMaxFormBytes) {
    Respond(413, PlainPage("Mesajınız çok uzun.", "Your message is too long."), "", "", *exchange);
  } else if (buckets_.Take(address)) {
    Respond(429, BusyPage(), "", "", *exchange);
  } else {
    Forward(request, std::string(form), std::string(part), address, exchange);
  }
  return true;
}

void FormDoor::Forward(const HttpRequest& request, const std::string& form, const std::string& part,
                       const std::string& address, const std::shared_ptr<HttpExchange>& exchange) {
  support::v1::ServeTicketFormPageRequest proto;
  proto.set_id(form);
  proto.set_verb(request.verb == "POST" ? "POST" : "GET");
  proto.set_part(part);
  proto.set_query(PlainText(request.query));
  proto.set_accept_language(PlainText(request.Header("accept-language")));
  proto.set_client_address(address);
  if (request.verb == "POST") proto.set_body(request.body);
  AskForPage(upstreams_, clock_, options_.deadline, kServe, proto, request, exchange,
             [this, part, exchange](bool ok, const grpc::ByteBuffer& response, const std::string& request_id) {
               support::v1::ServeTicketFormPageResponse page;
               if (ok && runtime::Parse(response, page)) {
                 return Respond(page.http_status(), page.html(), part, request_id, *exchange);
               }
               Respond(503, BusyPage(), "", request_id, *exchange);
             });
}

void FormDoor::Respond(int http_status, std::string html, const std::string& part, const std::string& request_id,
                       HttpExchange& exchange) {
  metrics_
      .GetCounter("esnaf_gateway_form_pages_total", "Requests under /f by HTTP status.",
                  {{"status", absl::StrCat(http_status)}})
      .Add();
  HttpResponse response = HtmlResponse(http_status, std::move(html), kPolicy, request_id);
  if (part == kScript && http_status == 200) response.content_type = "text/javascript; charset=utf-8";
  exchange.Respond(std::move(response));
}

}  // namespace esnaf::gateway
