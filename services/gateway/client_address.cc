#include "services/gateway/client_address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/text.h"

namespace esnaf::gateway {
namespace {

constexpr int kMappedBits = 96;  // of an IPv6 address that stands for an IPv4 one, before that

// Up to the last comma; the rest of the text stays behind.
std::string_view TakeLast(std::string_view& text) {
  const std::size_t comma = text.rfind(',');
  const std::string_view last = text.substr(comma == std::string_view::npos ? 0 : comma + 1);
  text = comma == std::string_view::npos ? std::string_view() : text.substr(0, comma);
  return Trim(last);
}

// Without a port, which some proxies write: `192.0.2.1:80`, `[2001:db8::1]:80`.
std::string_view WithoutPort(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, std::min(text.find(']'), text.size()) - 1);
  if (std::count(text.begin(), text.end(), ':') == 1) return text.substr(0, text.find(':'));
  return text;
}

}  // namespace

bool TrustedProxies::ReadAddress(std::string_view text, Bytes& address, bool& is_v4) {
  boost::system::error_code error;
  const auto read = boost::asio::ip::make_address(std::string(text), error);
  if (error) return false;
  is_v4 = read.is_v4();
  address = is_v4 ? boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, read.to_v4()).to_bytes()
                  : read.to_v6().to_bytes();
  return true;
}

absl::StatusOr<TrustedProxies> TrustedProxies::Parse(std::string_view text) {
  TrustedProxies proxies;
  while (!text.empty()) {
    const std::string_view part = TakeLast(text);
    if (part.empty()) continue;
    const std::size_t slash = std::min(part.find('/'), part.size());
    Network network;
    bool is_v4 = false;
    bool good = ReadAddress(part.substr(0, slash), network.address, is_v4);
    network.bits = is_v4 ? 32 : 128;
    if (good && slash < part.size()) {
      int bits = -1;
      good = absl::SimpleAtoi(std::string(part.substr(slash + 1)), &bits) && bits >= 0 && bits <= network.bits;
      network.bits = bits;
    }
    if (!good) {
      return absl::InvalidArgumentError(
          absl::StrCat("trusted-proxies: `", std::string(part), "` is no address and no network such as `10.0.0.0/8`"));
    }
    if (is_v4) network.bits += kMappedBits;
    proxies.networks_.push_back(network);
  }
  return proxies;
}

bool TrustedProxies::Trusts(const Bytes& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&address](const Network& network) {
    for (int bit = 0; bit < network.bits; ++bit) {
      const auto at = static_cast<std::size_t>(bit / 8);
      if (((address[at] ^ network.address[at]) >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
  });
}

std::string TrustedProxies::ClientOf(std::string_view peer, std::string_view forwarded) const {
  // The port differs with each connection.
  std::string client(peer.substr(0, peer.rfind(':')));
  Bytes address{};
  bool is_v4 = false;
  while (ReadAddress(client, address, is_v4) && Trusts(address)) {
    if (forwarded.empty()) break;
    const std::string_view before = WithoutPort(TakeLast(forwarded));
    // What is no address names nobody.
    if (!ReadAddress(before, address, is_v4)) break;
    client = std::string(before);
  }
  return client;
}

std::string RateNetworkOf(const std::string& client) {
  constexpr std::size_t kNetworkBytes = 8;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(client, error);
  if (error || address.is_v4()) return client;
  if (address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), std::uint8_t{0});
  return absl::StrCat(boost::asio::ip::address_v6(bytes).to_string(), "/64");
}

}  // namespace esnaf::gateway
