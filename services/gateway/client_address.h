#pragma once

// Who sends a request, where proxies stand before the gateway. Pure.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::gateway {

// The proxies whose word on who sent them a request is taken.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // none
  // Reads addresses and networks: `10.0.0.0/8,2001:db8::1`. INVALID_ARGUMENT naming the part that is neither.
  static absl::StatusOr<TrustedProxies> Parse(std::string_view text);

  // The address that sends a request: that of the connection (`peer`, with its port), or, where that is a trusted
  // proxy's, the last in `forwarded` (the values of X-Forwarded-For, the last proxy's behind the others) that is
  // none's. What stands before that anybody may have written. Where `forwarded` names nobody else it is the proxy.
  std::string ClientOf(std::string_view peer, std::string_view forwarded) const;

 private:
  // An IPv4 address is the IPv6 one that stands for it.
  using Bytes = std::array<std::uint8_t, 16>;
  struct Network {
    Bytes address;
    int bits = 0;
  };
  static bool ReadAddress(std::string_view text, Bytes& address, bool& is_v4);
  bool Trusts(const Bytes& address) const;

  std::vector<Network> networks_;
};

// What rates of unknown senders are counted by: an IPv4 address by itself, an IPv6 one with all of its /64, which any
// household or rented machine has for itself and can change addresses within. What is no address is itself.
std::string RateNetworkOf(const std::string& client);

}  // namespace esnaf::gateway
