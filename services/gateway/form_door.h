#pragma once

// The pages of forms: `/f/{form}`, and below it what their script asks for. Support makes them; the gateway tells it
// who sends, and bounds how much and how often. No API key is asked for.
#include <memory>
#include <string>

#include "libs/base/time.h"
#include "libs/runtime/metrics.h"
#include "services/gateway/client_address.h"
#include "services/gateway/http_exchange.h"
#include "services/gateway/shared_buckets.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

inline constexpr std::size_t kMaxFormBytes = 256 * 1024;

struct FormDoorOptions {
  int rate = 20;  // requests a second from one address; 0: any
  TrustedProxies proxies;
  std::chrono::milliseconds deadline{15'000};
};

class FormDoor {
 public:
  // Upstreams, metrics and clock outlive it.
  FormDoor(FormDoorOptions options, Upstreams& upstreams, runtime::Metrics& metrics, const Clock& clock);

  // Answers the request where it is for a path under `/f/`; false where it is not.
  bool Take(const HttpRequest& request, const std::shared_ptr<HttpExchange>& exchange);

 private:
  void Forward(const HttpRequest& request, const std::string& form, const std::string& part, const std::string& address,
               const std::shared_ptr<HttpExchange>& exchange);
  void Respond(int http_status, std::string html, const std::string& part, const std::string& request_id,
               HttpExchange& exchange);

  const FormDoorOptions options_;
  Upstreams& upstreams_;
  runtime::Metrics& metrics_;
  const Clock& clock_;
  SharedBuckets buckets_;  // by address
};

}  // namespace esnaf::gateway
