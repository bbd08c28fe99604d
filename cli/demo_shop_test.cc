#include "cli/demo_shop.h"

#include <map>
#include <set>

#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

using namespace std::chrono_literals;

TEST_CASE("The demo shop is believable and always the same") {
  const DemoShop shop(2026y / 6 / 1);
  const DemoShop again(2026y / 6 / 1);
  REQUIRE(shop.order_count() == again.order_count());
  std::set<std::string> emails, numbers;
  std::map<std::string, int> orders_of;
  int returned = 0, cancelled = 0;
  for (std::size_t i = 0; i < shop.order_count(); ++i) {
    const auto order = shop.Order(i);
    if (i % 997 == 0) REQUIRE(order.SerializeAsString() == again.Order(i).SerializeAsString());
    emails.insert(order.customer().email());
    ++orders_of[order.customer().email()];
    REQUIRE(numbers.insert(order.store_id() + "/" + order.external_id()).second);
    returned += order.refunds_size();
    cancelled += order.has_cancel_time() ? 1 : 0;
    std::int64_t goods = 0;
    for (const auto& line : order.lines())
      goods += line.unit_price().minor() * line.quantity() - line.discount().minor();
    for (const auto& refund : order.refunds()) REQUIRE(refund.amount().minor() <= goods);
  }
  CHECK(emails.size() == kDemoCustomers);
  const auto once =
      std::count_if(orders_of.begin(), orders_of.end(), [](const auto& entry) { return entry.second == 1; });
  CHECK(once > kDemoCustomers / 3);
  CHECK(once < kDemoCustomers * 2 / 3);
  CHECK(returned > static_cast<int>(shop.order_count() / 50));
  CHECK(cancelled > static_cast<int>(shop.order_count() / 100));
  const auto first = shop.Order(0).place_time().seconds();
  const auto last = shop.Order(shop.order_count() - 1).place_time().seconds();
  CHECK((last - first) / 86400 >= 725);
}

}  // namespace
}  // namespace esnaf::cli
