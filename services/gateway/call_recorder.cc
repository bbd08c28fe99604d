#include "services/gateway/call_recorder.h"

#include "libs/base/log.h"

namespace esnaf::gateway {
namespace {

constexpr const char* kCodeNames[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
constexpr int kMostAnonymousASecond = 50;

const char* TransportName(Transport transport) { return transport == Transport::kGrpc ? "grpc" : "http"; }

}  // namespace

const char* CodeName(int code) {
  return code >= 0 && code < static_cast<int>(std::size(kCodeNames)) ? kCodeNames[code] : "UNKNOWN";
}

CallRecorder::CallRecorder(const RouteTable& routes, runtime::Metrics& metrics, const Clock& clock, AuditBuffer& audit,
                           bool access_log)
    : metrics_(metrics),
      clock_(clock),
      audit_(audit),
      access_log_(access_log),
      audit_dropped_(metrics.GetCounter("esnaf_gateway_audit_dropped_total",
                                        "Calls that should have been written to the audit log but were not.")),
      anonymous_(kMostAnonymousASecond) {
  for (const auto& route : routes.routes()) {
    for (int transport = 0; transport < kTransportCount; ++transport) {
      auto method = std::make_unique<MethodMetrics>();
      method->duration = &metrics.GetHistogram(
          "esnaf_gateway_request_duration_seconds", "How long calls took, seen from the gateway.",
          {{"method", route->method}, {"transport", TransportName(static_cast<Transport>(transport))}});
      for (auto& code : method->codes) code.store(nullptr, std::memory_order_relaxed);
      methods_.push_back(std::move(method));
    }
  }
  for (int transport = 0; transport < kTransportCount; ++transport) {
    unknown_[static_cast<std::size_t>(transport)] =
        &metrics.GetCounter("esnaf_gateway_unknown_requests_total", "Calls of methods or paths that do not exist.",
                            {{"transport", TransportName(static_cast<Transport>(transport))}});
  }
}

CallRecorder::MethodMetrics& CallRecorder::MetricsOf(const Route& route, Transport transport) {
  return *methods_[static_cast<std::size_t>(route.index * kTransportCount + static_cast<int>(transport))];
}

void CallRecorder::Count(const Route& route, Transport transport, int code, SteadyTime began) {
  MethodMetrics& method = MetricsOf(route, transport);
  auto& slot = method.codes[static_cast<std::size_t>(code >= 0 && code < kCodeCount ? code : 2)];
  runtime::Metrics::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.GetCounter(
        "esnaf_gateway_requests_total", "Calls by method, transport and canonical code.",
        {{"method", route.method}, {"transport", TransportName(transport)}, {"code", CodeName(code)}});
    slot.store(counter, std::memory_order_release);
  }
  counter->Add();
  method.duration->Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

void CallRecorder::CountUnknown(Transport transport) { unknown_[static_cast<std::size_t>(transport)]->Add(); }

bool CallRecorder::WantsAudit(const Route& route, int code) {
  return route.mutates || code == static_cast<int>(absl::StatusCode::kPermissionDenied) ||
         code == static_cast<int>(absl::StatusCode::kUnauthenticated);
}

bool CallRecorder::MayWriteAnonymous() { return !anonymous_.Take(RateBucket::Clock::now()); }

void CallRecorder::Write(const Route& route, Transport transport, int code, SteadyTime began, const KnownKey* key,
                         std::string_view request_id, std::string peer) {
  const char* const actor = key != nullptr ? key->actor.c_str() : "anonymous";
  if (access_log_) {
    LogInfo("call", {{"method", route.method},
                     {"transport", TransportName(transport)},
                     {"code", CodeName(code)},
                     {"actor", actor},
                     {"request_id", request_id},
                     {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()}});
  }
  if (!WantsAudit(route, code)) return;
  // Whoever has no key must not be able to fill the disk.
  if (key == nullptr && !MayWriteAnonymous()) return audit_dropped_.Add();
  const Time now = clock_.Now();
  if (!audit_.Add(
          {Uuid::NewV7(now), now, actor, route.method, CodeName(code), std::string(request_id), std::move(peer)})) {
    audit_dropped_.Add();
  }
}

}  // namespace esnaf::gateway
