#include "cli/demo_visits.h"

#include <map>
#include <set>

#include "absl/strings/str_split.h"
#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("The demo shop's visits are believable and always the same") {
  const DemoShop shop(2026y / 6 / 1);
  const DemoVisits visits(shop);
  const DemoVisits again(shop);
  REQUIRE(visits.size() == again.size());
  CHECK(visits.size() > 20000);
  CHECK(visits.size() < 60000);
  std::set<std::string> events, ordering;
  for (std::size_t i = 0; i < shop.order_count(); ++i) {
    if (!shop.VisitorOf(i).empty()) ordering.insert(shop.VisitorOf(i));
    REQUIRE(shop.Order(i).customer().visitor_id() == shop.VisitorOf(i));
    REQUIRE((shop.VisitorOf(i).empty() || shop.Order(i).store_id() == kDemoWebStore));
  }
  std::int64_t before = 0;
  int of_buyers = 0, anonymous = 0, paid = 0;
  for (std::size_t i = 0; i < visits.size(); ++i) {
    const auto touch = visits.Touch(i);
    if (i % 997 == 0) REQUIRE(touch.SerializeAsString() == again.Touch(i).SerializeAsString());
    REQUIRE(events.insert(touch.event_id()).second);
    REQUIRE(touch.occur_time().seconds() >= before);
    before = touch.occur_time().seconds();
    of_buyers += ordering.contains(touch.visitor_id()) ? 1 : 0;
    anonymous += touch.visitor_id().empty() ? 1 : 0;
    paid += touch.landing_page().find("clid=") != std::string::npos ? 1 : 0;
  }
  CHECK(of_buyers > static_cast<int>(visits.size() / 2));
  CHECK(anonymous > 1000);
  CHECK(paid > static_cast<int>(visits.size() / 5));
}

TEST_CASE("The demo shop's campaigns cost something on every day") {
  const DemoShop shop(2026y / 6 / 1);
  const DemoVisits visits(shop);
  const auto days = (std::chrono::sys_days(visits.last_day()) - std::chrono::sys_days(visits.first_day())).count() + 1;
  CHECK(days >= 725);
  for (const auto& [platform, campaigns] : std::map<std::string, int>{{"google", 3}, {"meta", 2}}) {
    const std::string table = visits.SpendTable(platform);
    REQUIRE(table == DemoVisits(shop).SpendTable(platform));
    const std::vector<std::string> lines = absl::StrSplit(table, '\n', absl::SkipEmpty());
    REQUIRE(static_cast<std::int64_t>(lines.size()) == 1 + days * campaigns);
    const std::vector<std::string> headings = absl::StrSplit(lines[0], ',');
    for (const auto& [column, heading] : DemoVisits::SpendColumns()) {
      CHECK(std::find(headings.begin(), headings.end(), heading) != headings.end());
    }
  }
}

}  // namespace esnaf::cli
