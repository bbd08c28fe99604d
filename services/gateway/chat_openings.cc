#include "services/gateway/chat_openings.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/error.h"

namespace esnaf::gateway {
namespace {

constexpr char kOpens[] = "/esnaf.support.v1.ChatService/CreateChat";
constexpr std::size_t kBuckets = 4096;

// `ipv4:192.0.2.1:7`, `ipv6:%5B2001:db8::1%5D:7` as gRPC writes them, without what HTTP's door does not write.
std::string PlainPeer(std::string_view peer) {
  if (peer.starts_with("ipv4:") || peer.starts_with("ipv6:")) peer.remove_prefix(5);
  return absl::StrReplaceAll(std::string(peer), {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}});
}

}  // namespace

ChatOpenings::ChatOpenings(TrustedProxies proxies) : proxies_(std::move(proxies)) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_.emplace_back(kMost);
}

bool ChatOpenings::Counts(const Route& route, const KnownKey& key) {
  return key.key.kind == KeyKind::kPublishable && route.method == kOpens;
}

absl::Status ChatOpenings::Take(std::string_view peer, const std::string& forwarded) {
  const std::string network = RateNetworkOf(proxies_.ClientOf(PlainPeer(peer), forwarded));
  // Buckets count by the second: theirs is a period long.
  const std::int64_t seconds = std::chrono::seconds(kPeriod).count();
  const RateBucket::Clock::time_point now(RateBucket::Clock::now().time_since_epoch() / seconds);
  if (!buckets_[std::hash<std::string>()(network) % buckets_.size()].Take(now)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "CHATS_OF_ADDRESS",
                   "as many chats were opened from this address as may be; some minutes later there may be more",
                   {{"most_in_ten_minutes", absl::StrCat(kMost)}});
}

}  // namespace esnaf::gateway
