#pragma once

// What other systems post by themselves: `/hooks/{connector}/{store_id}`. The gateway knows no connector; it hands the
// request on, byte by byte, to the service that owns the connector, which verifies it by its own rule, and answers what
// that says. So no API key is asked for.
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/runtime/metrics.h"
#include "services/gateway/client_address.h"
#include "services/gateway/http_exchange.h"
#include "services/gateway/shared_buckets.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

// Which service owns a connector.
using HookOwners = std::map<std::string, Upstream, std::less<>>;

// Reads `google_lead_form=contacts,shopify=orders`. INVALID_ARGUMENT naming the part that is none.
absl::StatusOr<HookOwners> ParseHookOwners(std::string_view text);

inline constexpr std::size_t kMaxHookBytes = 1024 * 1024;

struct HookDoorOptions {
  HookOwners owners;
  int rate = 100;  // requests a second from one address to one connection; 0: any
  TrustedProxies proxies;
  std::chrono::milliseconds deadline{15'000};
};

class HookDoor {
 public:
  // Upstreams, metrics and clock outlive it.
  HookDoor(HookDoorOptions options, Upstreams& upstreams, runtime::Metrics& metrics, const Clock& clock);

  // Answers the request where it is for a path under `/hooks/`; false where it is not.
  bool Take(const HttpRequest& request, const std::shared_ptr<HttpExchange>& exchange);

 private:
  void Forward(const HttpRequest& request, const std::string& connector, const std::string& store_id, Upstream owner,
               const std::shared_ptr<HttpExchange>& exchange);
  // How long the sender has to wait; nullopt where it may go on.
  std::optional<std::chrono::nanoseconds> TakeRate(const HttpRequest& request);
  // `connector` is empty where none is called so: anybody may invent names.
  void Refuse(const std::string& connector, const absl::Status& status, int http_status, HttpExchange& exchange,
              const HttpHeaders& headers = {});
  void Count(const std::string& connector, int http_status);

  const HookDoorOptions options_;
  Upstreams& upstreams_;
  runtime::Metrics& metrics_;
  const Clock& clock_;
  SharedBuckets buckets_;  // by address and path
};

}  // namespace esnaf::gateway
