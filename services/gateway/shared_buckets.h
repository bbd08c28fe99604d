#pragma once

// Rates of senders whom nobody knows beforehand.
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "services/gateway/rate_bucket.h"

namespace esnaf::gateway {

// A bucket for each hash of a name: bounded whoever sends whatever; who shares one with another shares its rate.
class SharedBuckets {
 public:
  // As RateBucket, for each bucket.
  explicit SharedBuckets(int rate_per_second) {
    for (int i = 0; i < kBuckets; ++i) buckets_.emplace_back(rate_per_second);
  }
  std::optional<std::chrono::nanoseconds> Take(const std::string& name) {
    return buckets_[std::hash<std::string>()(name) % buckets_.size()].Take(RateBucket::Clock::now());
  }

 private:
  static constexpr int kBuckets = 4096;
  std::deque<RateBucket> buckets_;
};

}  // namespace esnaf::gateway
