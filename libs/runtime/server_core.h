#pragma once

// What all calls of a server share. Internal to the server; free of gRPC.
#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "google/protobuf/descriptor.h"
#include "libs/base/time.h"
#include "libs/runtime/call_group.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/server.h"
#include "libs/runtime/worker_pool.h"

namespace esnaf::runtime {

// Requests, errors and durations of one method.
class MethodMetrics {
 public:
  MethodMetrics(Metrics& metrics, const std::string& method);
  void Begin() { in_flight_.Add(1); }
  // A stream lasts as long as its client likes, so `duration` is left out for it.
  void End(absl::StatusCode code, std::optional<std::chrono::nanoseconds> duration);

 private:
  static constexpr int kCodes = 17;
  Metrics& metrics_;
  const std::string method_;
  Metrics::Gauge& in_flight_;
  Metrics::Histogram& duration_;
  // Made at the first call that ends with the code.
  std::array<std::atomic<Metrics::Counter*>, kCodes> by_code_{};
};

struct ServerCore {
  ServerCore(ServerOptions server_options, const Clock& server_clock, Metrics& server_metrics, const std::string& epoch,
             PositionGate* position_gate);

  const ServerOptions options;
  const Clock& clock;
  Metrics& metrics;
  const std::string position_prefix;  // `orders:<epoch>.`
  PositionGate* const gate;
  std::function<void(std::uint64_t)> on_events;
  // Set when the server begins to stop: feeds, which have no end of their own, then end.
  std::atomic<bool> stopping{false};
  WorkerPool pool;
  StreamThreads streams;
};

struct BoundMethod {
  BoundMethod(ServerCore& server_core, const std::string& service, const RpcMethod& method)
      : core(server_core),
        path("/" + service + "/" + method.name),
        rpc(method),
        metrics(server_core.metrics, path.substr(1)) {
    if (rpc.together) {
      group = std::make_unique<CallGroup>(
          core.pool, static_cast<std::size_t>(core.options.queue_limit),
          core.metrics.GetGauge("esnaf_group_queue_length", "Calls waiting to be answered together.",
                                {{"method", path.substr(1)}}));
    }
  }
  ServerCore& core;
  const std::string path;
  const RpcMethod& rpc;
  MethodMetrics metrics;
  // The field of a request that is its key of idempotency; null where requests have none.
  const google::protobuf::FieldDescriptor* const request_key =
      rpc.request->GetDescriptor()->FindFieldByName("request_id");
  std::unique_ptr<CallGroup> group;  // null where calls are answered one by one
};

// Deadlines are of the machine's clock: they come from other processes.
inline Time SystemNow() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace esnaf::runtime
