#pragma once

// Asks each service behind the gateway about once a second whether it serves (grpc.health.v1), for /healthz.
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

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
  UpstreamState state(Upstream upstream) const {
    return states_[static_cast<std::size_t>(upstream)].load(std::memory_order_relaxed);
  }

 private:
  void Run();
  UpstreamState Ask(Upstream upstream);

  Upstreams& upstreams_;
  std::array<std::atomic<UpstreamState>, kUpstreamCount> states_{};
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace esnaf::gateway
