#pragma once

// Asks each service behind the gateway about once a second whether it serves (grpc.health.v1), and which of its
// consumers stand still, for /healthz.
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "esnaf/api/v1/consumers.pb.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

enum class UpstreamState { kUnknown, kServing, kNotServing, kUnreachable };
const char* UpstreamStateName(UpstreamState state);

class UpstreamHealth {
 public:
  explicit UpstreamHealth(Upstreams& upstreams) : upstreams_(upstreams) {}
  ~UpstreamHealth() { Stop(); }
  void Start();
  void Stop();
  // As the services said last: one that is away now may still stand still when it is back.
  std::vector<api::v1::Consumer> stopped_consumers() const;
  UpstreamState state(Upstream upstream) const {
    return states_[static_cast<std::size_t>(upstream)].load(std::memory_order_relaxed);
  }

 private:
  void Run();
  UpstreamState Ask(Upstream upstream);
  void AskConsumers(Upstream upstream);
  grpc::Status Call(Upstream upstream, const char* method, grpc::ByteBuffer& response);

  Upstreams& upstreams_;
  std::array<std::atomic<UpstreamState>, kUpstreamCount> states_{};
  mutable std::mutex mutex_;
  std::array<std::vector<api::v1::Consumer>, kUpstreamCount> stopped_;  // guarded by mutex_
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace esnaf::gateway
