// Goal: only the installation makes links, each good for its cart and time alone.
#include "services/orders/cart_link.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::orders {
namespace {

using namespace std::chrono_literals;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");

TEST_CASE("a link is read back until it expires") {
  const CartLink link{Uuid::FromName("cart", "a"), kNow + 24h};
  const std::string token = SignCartLink(link, "secret");
  CHECK(token.size() == 54);
  CHECK(ReadCartLink(token, "secret", kNow) == link);
  CHECK(ReadCartLink(token, "secret", kNow + 24h - 1us) == link);
  CHECK_FALSE(ReadCartLink(token, "secret", kNow + 24h));
  CHECK_FALSE(ReadCartLink(token, "another secret", kNow));
  CHECK_FALSE(ReadCartLink("", "secret", kNow));
  CHECK_FALSE(ReadCartLink(token + "A", "secret", kNow));
}

TEST_CASE("no changed link is one") {
  CHECK(rc::check("any other text of the same length is refused", [] {
    const std::string token = SignCartLink({Uuid::FromName("cart", "a"), kNow + 24h}, "secret");
    std::string changed = token;
    changed[*rc::gen::inRange<std::size_t>(0, token.size())] = *rc::gen::element('A', 'b', '0', '_', '-', '=', ' ');
    RC_PRE(changed != token);
    RC_ASSERT(!ReadCartLink(changed, "secret", kNow));
  }));
}

}  // namespace
}  // namespace esnaf::orders
