#pragma once

// The public door: the gRPC and the HTTP server, and what both stand on. It knows keys only from the cache and needs no
// database.
#include <memory>
#include <string>

#include "libs/runtime/app.h"
#include "services/gateway/audit_log.h"
#include "services/gateway/hook_door.h"
#include "services/gateway/key_cache.h"
#include "services/gateway/route_table.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

struct FrontOptions {
  std::string grpc_listen = "127.0.0.1:7070";
  std::string http_listen = "127.0.0.1:7080";
  UpstreamAddresses upstreams;
  int upstream_connections = 1;
  int most_in_flight = 2048;
  int max_message_bytes = 4 * 1024 * 1024;
  int http_threads = 1;
  int most_http_connections = 1024;
  bool access_log = false;
  HookOwners hook_owners;
  int hook_rate = 100;
  TrustedProxies trusted_proxies;
  int survey_rate = 20;
  int form_rate = 20;
  std::chrono::milliseconds default_deadline{15'000};
  std::chrono::milliseconds max_deadline{60'000};
  std::chrono::milliseconds drain{3'000};
  // How often the key of a stream under way is looked at again.
  std::chrono::milliseconds stream_recheck{2'000};
};

class Front final : public runtime::Background {
 public:
  // All references outlive the front.
  Front(FrontOptions options, RouteTable routes, const KeyCache& keys, runtime::Metrics& metrics, const Clock& clock,
        AuditBuffer& audit);
  ~Front() override;
  // UNAVAILABLE where it cannot listen.
  absl::Status Start() override;
  // Takes no new calls, waits for those under way as long as the drain lasts, and cancels the rest.
  void Stop() override;
  int grpc_port() const;
  int http_port() const;
  Upstreams& upstreams();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace esnaf::gateway
