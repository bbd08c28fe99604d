#include "libs/https/public_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace esnaf::https {
namespace {

// By the registries of special-purpose addresses (RFC 6890). A network of IPv4: its first address and how many bits are
// its own.
struct Network4 {
  std::uint32_t address;
  int bits;
};
constexpr Network4 kNotPublic4[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                                    {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
                                    {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24},
                                    {0xe0000000, 3}};

bool IsPublic4(std::uint32_t address) {
  return std::none_of(std::begin(kNotPublic4), std::end(kNotPublic4), [address](const Network4& network) {
    return ((address ^ network.address) >> (32 - network.bits)) == 0;
  });
}

bool IsPublic6(const std::array<std::uint8_t, 16>& bytes) {
  const auto embedded = [&](std::size_t at) {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
           bytes[at + 3];
  };
  const bool zeros = std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; });
  // `::`, `::1` and IPv4 in IPv6 (mapped, translated, 6to4), which is what it holds.
  if (zeros) return bytes[10] == 0xff && bytes[11] == 0xff && IsPublic4(embedded(12));
  if (bytes[0] == 0x00 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b) return IsPublic4(embedded(12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return IsPublic4(embedded(2));
  // Tunnels of Teredo, and what stands in books.
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x00 && bytes[3] == 0x00) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8) return false;
  // What is global unicast is all in 2000::/3.
  return (bytes[0] & 0xe0) == 0x20;
}

}  // namespace

bool IsPublicAddress(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return IsPublic4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return IsPublic6(bytes);
}

}  // namespace esnaf::https
