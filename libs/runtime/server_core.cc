#include "libs/runtime/server_core.h"

#include "absl/strings/str_cat.h"

namespace esnaf::runtime {

MethodMetrics::MethodMetrics(Metrics& metrics, const std::string& method)
    : metrics_(metrics),
      method_(method),
      in_flight_(metrics.GetGauge("esnaf_rpc_in_flight", "Calls that are not answered yet.", {{"method", method}})),
      duration_(metrics.GetHistogram("esnaf_rpc_duration_seconds", "From the arrival of a call to its answer.",
                                     {{"method", method}})) {}

void MethodMetrics::End(absl::StatusCode code, std::optional<std::chrono::nanoseconds> duration) {
  in_flight_.Add(-1);
  if (duration) duration_.Observe(std::chrono::duration<double>(*duration).count());
  const int raw = static_cast<int>(code);
  std::atomic<Metrics::Counter*>& slot =
      by_code_[raw >= 0 && raw < kCodes ? raw : static_cast<int>(absl::StatusCode::kUnknown)];
  Metrics::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    // Two threads may both come here; they are given the same counter.
    counter = &metrics_.GetCounter("esnaf_rpc_requests_total", "Calls answered, by code.",
                                   {{"method", method_}, {"code", absl::StatusCodeToString(code)}});
    slot.store(counter, std::memory_order_release);
  }
  counter->Add();
}

ServerCore::ServerCore(ServerOptions server_options, const Clock& server_clock, Metrics& server_metrics,
                       const std::string& epoch, PositionGate* position_gate)
    : options(std::move(server_options)),
      clock(server_clock),
      metrics(server_metrics),
      position_prefix(epoch.empty() ? std::string() : absl::StrCat(options.service_name, ":", epoch, ".")),
      gate(position_gate),
      pool({.workers = options.workers,
            .queue_limit = static_cast<std::size_t>(options.queue_limit),
            .database = options.database,
            .has_database = options.has_database},
           server_metrics),
      streams(options.stream_limit, server_metrics) {}

}  // namespace esnaf::runtime
