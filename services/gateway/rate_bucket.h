#pragma once

// A token bucket without a lock (GCRA): the only state is the time at which the bucket would be full again.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace esnaf::gateway {

class RateBucket {
 public:
  using Clock = std::chrono::steady_clock;

  // `rate_per_second` calls a second, in bursts of as many; 0 lets everything through.
  explicit RateBucket(int rate_per_second)
      : interval_(rate_per_second > 0 ? 1'000'000'000 / rate_per_second : 0),
        burst_(rate_per_second > 0 ? interval_ * rate_per_second : 0) {}

  // Takes one call; where there is none left, how long to wait for one.
  std::optional<std::chrono::nanoseconds> Take(Clock::time_point now) {
    if (interval_ == 0) return std::nullopt;
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t full = full_at_.load(std::memory_order_relaxed);
    while (true) {
      const std::int64_t next = (full > at ? full : at) + interval_;
      if (next - at > burst_) return std::chrono::nanoseconds(next - at - burst_);
      if (full_at_.compare_exchange_weak(full, next, std::memory_order_relaxed)) return std::nullopt;
    }
  }

 private:
  const std::int64_t interval_;  // nanoseconds from one call to the next
  const std::int64_t burst_;
  std::atomic<std::int64_t> full_at_{INT64_MIN / 2};
};

}  // namespace esnaf::gateway
