// What each order means for the ledger.
#include "services/segmentation/people/purchase.h"

#include <rapidcheck.h>

#include <numeric>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

Purchase Sale(std::int64_t gross, std::int64_t net) {
  Purchase purchase;
  purchase.gross_minor = gross;
  purchase.net_minor = net;
  return purchase;
}

TEST_CASE("a sale counts for what stayed sold, or for what was sold") {
  const Purchase sale = Sale(1000, 700);
  CHECK(sale.CountsAsOrder(ValueBasis::kNet));
  CHECK(sale.ValueOn(ValueBasis::kNet) == 700);
  CHECK(sale.CountsAsOrder(ValueBasis::kGross));
  CHECK(sale.ValueOn(ValueBasis::kGross) == 1000);
}

TEST_CASE("a sale of which everything was refunded is no order on the basis of net") {
  const Purchase refunded = Sale(1000, 0);
  CHECK_FALSE(refunded.CountsAsOrder(ValueBasis::kNet));
  CHECK(refunded.CountsAsOrder(ValueBasis::kGross));
}

TEST_CASE("a sale for nothing is no order") { CHECK_FALSE(Sale(0, 0).CountsAsOrder(ValueBasis::kGross)); }

TEST_CASE("a cancelled sale counts for nothing on any basis") {
  Purchase cancelled = Sale(1000, 0);
  cancelled.cancelled = true;
  for (const ValueBasis basis : {ValueBasis::kNet, ValueBasis::kGross}) {
    CHECK_FALSE(cancelled.CountsAsOrder(basis));
    CHECK(cancelled.ValueOn(basis) == 0);
  }
}

TEST_CASE("a return takes off net value, is no order, and does not touch gross") {
  Purchase returned = Sale(300, -300);
  returned.kind = PurchaseKind::kReturn;
  CHECK_FALSE(returned.CountsAsOrder(ValueBasis::kNet));
  CHECK(returned.ValueOn(ValueBasis::kNet) == -300);
  CHECK_FALSE(returned.CountsAsOrder(ValueBasis::kGross));
  CHECK(returned.ValueOn(ValueBasis::kGross) == 0);
}

TEST_CASE("the lines of an order add up to what it is worth, to the minor unit") {
  CHECK(rc::check("the sum is kept", [] {
    std::vector<FactLine> lines(*rc::gen::inRange<std::size_t>(1, 20));
    std::int64_t weight = 0;
    for (FactLine& line : lines) weight += line.value_minor = *rc::gen::inRange<std::int64_t>(0, 100000);
    const std::vector<FactLine> before = lines;
    const std::int64_t value = *rc::gen::inRange<std::int64_t>(-1000000, 1000000);
    SpreadValue(value, lines);
    const auto add = [](std::int64_t sum, const FactLine& line) { return sum + line.value_minor; };
    RC_ASSERT(std::accumulate(lines.begin(), lines.end(), std::int64_t{0}, add) == value);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      // Within a minor unit of the exact share.
      const double share = weight > 0 ? static_cast<double>(before[i].value_minor) / static_cast<double>(weight)
                                      : 1.0 / static_cast<double>(lines.size());
      RC_ASSERT(std::abs(static_cast<double>(lines[i].value_minor) - share * static_cast<double>(value)) < 1.0);
    }
  }));
  std::vector<FactLine> none;
  SpreadValue(100, none);
  CHECK(none.empty());
}

TEST_CASE("of one order's versions the newest stays, whatever their order") {
  Purchase a = Sale(1, 1);
  a.order_id = Uuid::FromName("order", "a");
  Purchase b = Sale(2, 2);
  b.order_id = Uuid::FromName("order", "b");
  a.version = 3;
  Purchase older = a;
  older.version = 2;
  Purchase oldest = a;
  oldest.version = 1;
  const std::vector<Purchase> newest = NewestOfEachOrder({older, b, a, oldest});
  REQUIRE(newest.size() == 2);
  CHECK(newest[0].order_id < newest[1].order_id);
  CHECK((newest[0] == a || newest[1] == a));
  CHECK((newest[0] == b || newest[1] == b));
}

}  // namespace
}  // namespace esnaf::segmentation
