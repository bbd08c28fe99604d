// Goal: each sign of spam is told by its name and by nothing else, at its limit and not before.
#include "services/support/forms/spam_guard.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using Suspicions = std::vector<std::string>;

const SpamSigns kHarmless{.fill_time = 40s, .links = 1, .from_address = 2, .to_store = 50};

TEST_CASE("what people send looks like nothing") { CHECK(SuspicionsOf(kHarmless, {}).empty()); }

TEST_CASE("each sign is told by its name, at its limit") {
  SpamSigns signs = kHarmless;
  signs.trap_filled = true;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"HONEYPOT"});
  signs = kHarmless;
  signs.fill_time = 3s;
  CHECK(SuspicionsOf(signs, {}).empty());
  signs.fill_time = 2s;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"TOO_FAST"});
  signs = kHarmless;
  signs.links = 2;
  CHECK(SuspicionsOf(signs, {}).empty());
  signs.links = 3;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"LINKS"});
  signs = kHarmless;
  signs.said_before = true;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"DUPLICATE"});
  signs = kHarmless;
  signs.from_address = 9;
  CHECK(SuspicionsOf(signs, {}).empty());
  signs.from_address = 10;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"ADDRESS_RATE"});
  signs = kHarmless;
  signs.to_store = 1000;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"STORE_RATE"});
  signs.trap_filled = true;
  CHECK(SuspicionsOf(signs, {}) == Suspicions{"HONEYPOT", "STORE_RATE"});
}

TEST_CASE("an address is refused only at four times what it may send") { CHECK(FloodFrom({}) == 40); }

TEST_CASE("who sends with one key is one address, and leaves half of the store to others") {
  CHECK(LimitsOfKey({}).most_per_address == 500);
  CHECK(LimitsOfKey({.most_per_store = 1}).most_per_address == 1);
  CHECK(LimitsOfKey({.most_links = 7}).most_links == 7);
}

TEST_CASE("links are counted however they are written, each once") {
  CHECK(CountLinks("Kargom gelmedi. Sipariş 1001, e-posta ayse@example.com") == 0);
  CHECK(CountLinks("https://www.example.com/a") == 1);
  CHECK(CountLinks("HTTP://a.example http://b.example www.c.example") == 3);
  CHECK(CountLinks("[url=spam]x[/url] <A href=x>") == 2);
  CHECK(CountLinks("") == 0);
}

}  // namespace
}  // namespace esnaf::support
