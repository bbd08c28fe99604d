#pragma once

// How many chats one sender may open. A publishable key is for all to see, so its own rate bounds nobody: one script
// could fill a store's chat, and contacts with people whom there are not.
#include <deque>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/gateway/client_address.h"
#include "services/gateway/key_cache.h"
#include "services/gateway/rate_bucket.h"
#include "services/gateway/route_table.h"

namespace esnaf::gateway {

class ChatOpenings {
 public:
  // So many in so long a time, at once or one after the other. Many customers of a mobile network share one address.
  static constexpr int kMost = 30;
  static constexpr std::chrono::minutes kPeriod{10};

  explicit ChatOpenings(TrustedProxies proxies);

  // Whether the call opens a chat by a key that is for all to see.
  static bool Counts(const Route& route, const KnownKey& key);
  // RESOURCE_EXHAUSTED with the reason `CHATS_OF_ADDRESS` where such a call is one more than its sender may make.
  // `peer` is the connection's with its port, as HTTP or gRPC tells it; `forwarded` as for TrustedProxies.
  absl::Status Take(std::string_view peer, const std::string& forwarded);

 private:
  const TrustedProxies proxies_;
  // By hashes of addresses: bounded whoever sends whatever.
  std::deque<RateBucket> buckets_;
};

}  // namespace esnaf::gateway
