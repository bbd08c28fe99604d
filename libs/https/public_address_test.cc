// Goal: what leads into the own network is known as such, however it is written.
#include "libs/https/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

#include "libs/testing/catch.h"

namespace esnaf::https {
namespace {

bool IsPublic(const std::string& text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) return IsPublicAddress(reinterpret_cast<sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1);
  return IsPublicAddress(reinterpret_cast<sockaddr*>(&v6));
}

TEST_CASE("addresses of the public internet are told from those of private networks, machines and groups") {
  for (const char* text :
       {"8.8.8.8", "1.1.1.1", "11.0.0.1", "172.15.255.255", "172.32.0.1", "100.63.0.1", "192.167.1.1",
        "223.255.255.255", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}) {
    CAPTURE(text);
    CHECK(IsPublic(text));
  }
  for (const char* text :
       {"0.0.0.0",      "10.1.2.3",        "100.64.0.1",  "127.0.0.1",   "127.9.9.9",       "169.254.169.254",
        "172.16.0.1",   "172.31.255.255",  "192.0.0.1",   "192.168.1.1", "198.18.0.1",      "198.19.255.255",
        "224.0.0.1",    "255.255.255.255", "::",          "::1",         "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "192.0.2.1",    "198.51.100.1",    "203.0.113.1", "2001:db8::1", "2001::1",         "64:ff9b::a00:1",
        "2002:a00:1::", "fc00::1",         "fd12::1",     "fe80::1",     "ff02::1"}) {
    CAPTURE(text);
    CHECK_FALSE(IsPublic(text));
  }
}

TEST_CASE("what is no address of the internet is not public") {
  sockaddr other{};
  other.sa_family = AF_UNIX;
  CHECK_FALSE(IsPublicAddress(&other));
}

}  // namespace
}  // namespace esnaf::https
