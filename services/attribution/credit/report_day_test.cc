#include "services/attribution/credit/report_day.h"

#include <vector>

#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

TEST_CASE("records of a day are read one behind the other, negative numbers too") {
  std::string first(32, '\0'), second(32, '\0');
  first[15] = 7;
  first[22] = 1;
  first[23] = 2;
  std::fill(first.begin() + 24, first.end(), '\xff');
  std::fill(second.begin(), second.begin() + 16, '\xaa');
  second[16] = '\x80';
  std::vector<std::pair<Uuid, std::array<std::int64_t, 2>>> read;
  CHECK(ForEachDaySum<2>(first + second, [&](const Uuid& id, const auto& numbers) { read.emplace_back(id, numbers); }));
  REQUIRE(read.size() == 2);
  CHECK(read[0].first.ToString() == "00000000-0000-0000-0000-000000000007");
  CHECK(read[0].second == std::array<std::int64_t, 2>{258, -1});
  CHECK(read[1].first.ToString() == "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
  CHECK(read[1].second == std::array<std::int64_t, 2>{std::numeric_limits<std::int64_t>::min(), 0});
}

TEST_CASE("nothing is no record, and what ends within one is none at all") {
  int shown = 0;
  const auto count = [&shown](const Uuid&, const std::array<std::int64_t, 3>&) { ++shown; };
  CHECK(ForEachDaySum<3>("", count));
  CHECK_FALSE(ForEachDaySum<3>(std::string(79, 'x'), count));
  CHECK(shown == 0);
  CHECK(ForEachDaySum<3>(std::string(80, 'x'), count));
  CHECK(shown == 2);
}

}  // namespace
}  // namespace esnaf::attribution
