#pragma once

// The pages behind survey links: `/s/{token}`. The gateway knows nothing of surveys; it hands the request on to
// support, which knows the link by its signature, and answers the page that it makes. So no API key is asked for. A GET
// records nothing: mail programs fetch links before anybody reads them.
#include <memory>
#include <optional>
#include <string>

#include "libs/base/time.h"
#include "libs/runtime/metrics.h"
#include "services/gateway/client_address.h"
#include "services/gateway/http_exchange.h"
#include "services/gateway/shared_buckets.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

inline constexpr std::size_t kMaxSurveyFormBytes = 16 * 1024;

struct SurveyDoorOptions {
  int rate = 20;  // requests a second from one address; 0: any
  TrustedProxies proxies;
  std::chrono::milliseconds deadline{15'000};
};

class SurveyDoor {
 public:
  // Upstreams, metrics and clock outlive it.
  SurveyDoor(SurveyDoorOptions options, Upstreams& upstreams, runtime::Metrics& metrics, const Clock& clock);

  // Answers the request where it is for a path under `/s/`; false where it is not.
  bool Take(const HttpRequest& request, const std::shared_ptr<HttpExchange>& exchange);

 private:
  void Forward(const HttpRequest& request, const std::string& token, const std::shared_ptr<HttpExchange>& exchange);
  void Respond(int http_status, std::string html, const std::string& request_id, HttpExchange& exchange);

  const SurveyDoorOptions options_;
  Upstreams& upstreams_;
  runtime::Metrics& metrics_;
  const Clock& clock_;
  SharedBuckets buckets_;  // by address
};

}  // namespace esnaf::gateway
