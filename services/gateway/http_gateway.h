#pragma once

// Answers HTTP requests: calls of the contracts' methods through the same gatekeeper and to the same services as gRPC
// calls, server streams as server-sent events, and the gateway's own pages.
#include <string>

#include "libs/runtime/metrics.h"
#include "services/gateway/call_headers.h"
#include "services/gateway/form_door.h"
#include "services/gateway/grpc_proxy.h"
#include "services/gateway/hook_door.h"
#include "services/gateway/http_exchange.h"
#include "services/gateway/survey_door.h"
#include "services/gateway/upstream_health.h"

namespace esnaf::gateway {

class HttpGateway final : public HttpHandler {
 public:
  // All outlive the handler.
  HttpGateway(const Door& door, const KeyCache& keys, const runtime::Metrics& metrics, const UpstreamHealth& health,
              HookDoor& hooks, SurveyDoor& surveys, FormDoor& forms);

  void Handle(HttpRequest request, std::shared_ptr<HttpExchange> exchange) override;
  HttpResponse Reject(int http_status, int code, const std::string& message) override;

 private:
  // Whether the request was for one of the gateway's own pages.
  bool AnswerPage(const HttpRequest& request, HttpExchange& exchange);
  HttpResponse HealthPage() const;
  // What a browser asks before it calls from another origin.
  HttpResponse Preflight(const HttpRequest& request) const;
  void Call(const HttpMatch& match, const HttpRequest& request, std::shared_ptr<HttpExchange> exchange);
  // A beacon, or a stream for browsers.
  void CallOfBrowser(const HttpMatch& match, const HttpRequest& request, CallHeaders& headers,
                     std::shared_ptr<HttpExchange> exchange);

  const Door& door_;
  const KeyCache& keys_;
  const runtime::Metrics& metrics_;
  const UpstreamHealth& health_;
  HookDoor& hooks_;
  SurveyDoor& surveys_;
  FormDoor& forms_;
  const std::string openapi_;
};

}  // namespace esnaf::gateway
