#pragma once

// Counts every call, keeps those that the audit log wants, and logs them where that is asked for.
#include <grpcpp/support/status.h>

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "libs/runtime/metrics.h"
#include "services/gateway/audit_log.h"
#include "services/gateway/gatekeeper.h"
#include "services/gateway/route_table.h"

namespace esnaf::gateway {

enum class Transport { kGrpc, kHttp };
inline constexpr int kTransportCount = 2;

// The canonical name, for example `PERMISSION_DENIED`.
const char* CodeName(int code);

class CallRecorder {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  CallRecorder(const RouteTable& routes, runtime::Metrics& metrics, const Clock& clock, AuditBuffer& audit,
               bool access_log);

  // `peer()` is asked only where the call is written down. `key` may be null.
  template <typename Peer>
  void End(const Route& route, Transport transport, int code, SteadyTime began, const KnownKey* key,
           std::string_view request_id, Peer&& peer) {
    Count(route, transport, code, began);
    if (!access_log_ && !WantsAudit(route, code)) return;
    Write(route, transport, code, began, key, request_id, peer());
  }
  // A call of a method that does not exist.
  void CountUnknown(Transport transport);

 private:
  static constexpr int kCodeCount = 17;
  struct MethodMetrics {
    runtime::Metrics::Histogram* duration;
    // Made when a code is first answered.
    std::array<std::atomic<runtime::Metrics::Counter*>, kCodeCount> codes;
  };
  MethodMetrics& MetricsOf(const Route& route, Transport transport);
  void Count(const Route& route, Transport transport, int code, SteadyTime began);
  static bool WantsAudit(const Route& route, int code);
  void Write(const Route& route, Transport transport, int code, SteadyTime began, const KnownKey* key,
             std::string_view request_id, std::string peer);
  // Whether one more refusal of an unknown caller may be written this second.
  bool MayWriteAnonymous();

  runtime::Metrics& metrics_;
  const Clock& clock_;
  AuditBuffer& audit_;
  const bool access_log_;
  std::vector<std::unique_ptr<MethodMetrics>> methods_;
  std::array<runtime::Metrics::Counter*, kTransportCount> unknown_;
  runtime::Metrics::Counter& audit_dropped_;
  RateBucket anonymous_;
};

}  // namespace esnaf::gateway
