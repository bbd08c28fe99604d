#include "services/gateway/client_address.h"

#include "libs/testing/catch.h"

namespace esnaf::gateway {
namespace {

TrustedProxies Proxies(std::string_view text) {
  ESNAF_REQUIRE_VALUE(TrustedProxies proxies, TrustedProxies::Parse(text));
  return proxies;
}

TEST_CASE("without trusted proxies the sender is who connects, whatever the request says") {
  CHECK(TrustedProxies().ClientOf("192.0.2.7:5000", "198.51.100.1") == "192.0.2.7");
  CHECK(TrustedProxies().ClientOf("2001:db8::7:5000", "") == "2001:db8::7");
  CHECK(Proxies("10.0.0.0/8").ClientOf("192.0.2.7:5000", "198.51.100.1") == "192.0.2.7");
}

TEST_CASE("a trusted proxy says who sent it the request, and nobody before that is believed") {
  const TrustedProxies proxies = Proxies("10.0.0.0/8, 2001:db8:1::/48,127.0.0.1");
  CHECK(proxies.ClientOf("10.1.2.3:5000", "203.0.113.5, 198.51.100.1") == "198.51.100.1");
  CHECK(proxies.ClientOf("10.1.2.3:5000", "203.0.113.5,198.51.100.1 , 10.9.9.9,127.0.0.1") == "198.51.100.1");
  CHECK(proxies.ClientOf("2001:db8:1::5:5000", "[2001:db8:2::1]:443") == "2001:db8:2::1");
  CHECK(proxies.ClientOf("127.0.0.1:5000", "198.51.100.1:8080") == "198.51.100.1");
  CHECK(proxies.ClientOf("127.0.0.2:5000", "198.51.100.1") == "127.0.0.2");
}

TEST_CASE("where a proxy names nobody the proxy is the sender") {
  const TrustedProxies proxies = Proxies("10.0.0.0/8");
  CHECK(proxies.ClientOf("10.1.2.3:5000", "") == "10.1.2.3");
  CHECK(proxies.ClientOf("10.1.2.3:5000", "unknown") == "10.1.2.3");
  CHECK(proxies.ClientOf("10.1.2.3:5000", "198.51.100.1, _hidden, 10.4.4.4") == "10.4.4.4");
  CHECK(proxies.ClientOf("10.1.2.3:5000", "10.5.5.5") == "10.5.5.5");
  CHECK(proxies.ClientOf("10.1.2.3:5000", ",,[") == "10.1.2.3");
}

TEST_CASE("an IPv4 address is trusted also where the connection is an IPv6 one") {
  CHECK(Proxies("10.0.0.0/8").ClientOf("::ffff:10.1.2.3:5000", "198.51.100.1") == "198.51.100.1");
}

TEST_CASE("rates count a whole /64 of IPv6 as one sender") {
  CHECK(RateNetworkOf("192.0.2.7") == "192.0.2.7");
  CHECK(RateNetworkOf("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(RateNetworkOf("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(RateNetworkOf("2001:db8:1:2::") == RateNetworkOf("2001:db8:1:2:ffff::1"));
  CHECK(RateNetworkOf("2001:db8:1:3::1") != RateNetworkOf("2001:db8:1:2::1"));
  CHECK(RateNetworkOf("unix") == "unix");
}

TEST_CASE("what is no address and no network is named") {
  for (const char* text : {"proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0.1,10.0.0"}) {
    CAPTURE(text);
    CHECK_STATUS_IS(TrustedProxies::Parse(text).status(), absl::StatusCode::kInvalidArgument, "trusted-proxies");
  }
  CHECK(Proxies(" ,").ClientOf("10.1.2.3:1", "1.1.1.1") == "10.1.2.3");
}

}  // namespace
}  // namespace esnaf::gateway
