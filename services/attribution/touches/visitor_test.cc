#include "services/attribution/touches/visitor.h"

#include <algorithm>

#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

Time At(int minute) { return Time(std::chrono::minutes(minute)); }
constexpr bool kMine = true, kTheirs = false;
PersonalLink Proven(int minute, bool mine) { return {At(minute), true, mine}; }
PersonalLink Claimed(int minute, bool mine) { return {At(minute), false, mine}; }

// Whatever the order of the links.
bool Mine(std::vector<PersonalLink> links, int minute) {
  const bool answer = IsMine(links, At(minute));
  std::reverse(links.begin(), links.end());
  CHECK(IsMine(links, At(minute)) == answer);
  return answer;
}

TEST_CASE("touches made before a visitor is known count from then on") {
  CHECK_FALSE(Mine({}, 5));
  CHECK(Mine({Proven(10, kMine)}, 5));
  CHECK(Mine({Proven(10, kMine)}, 10));
  CHECK(Mine({Proven(10, kMine)}, 15));
  CHECK_FALSE(Mine({Proven(10, kTheirs)}, 5));
}

TEST_CASE("on a shared device a touch belongs to whom the last link before it names") {
  const std::vector<PersonalLink> links = {Proven(10, kMine), Proven(20, kTheirs), Proven(30, kMine)};
  CHECK(Mine(links, 1));
  CHECK(Mine(links, 19));
  CHECK_FALSE(Mine(links, 20));
  CHECK_FALSE(Mine(links, 29));
  CHECK(Mine(links, 31));
  CHECK_FALSE(Mine({Proven(10, kTheirs), Proven(20, kMine)}, 5));
}

TEST_CASE("a claim counts only where nothing is proven, and a word without a time only where there is no link") {
  CHECK(Mine({Claimed(10, kMine)}, 5));
  CHECK_FALSE(Mine({Claimed(10, kMine), Proven(20, kTheirs)}, 15));
  CHECK(Mine({Claimed(10, kTheirs), Proven(20, kMine)}, 15));
  CHECK(Mine({{std::nullopt, false, kMine}}, 15));
  CHECK_FALSE(Mine({{std::nullopt, false, kMine}, Claimed(20, kTheirs)}, 15));
  CHECK(Mine({{std::nullopt, false, kTheirs}, {std::nullopt, false, kMine}}, 15));
}

}  // namespace
}  // namespace esnaf::attribution
