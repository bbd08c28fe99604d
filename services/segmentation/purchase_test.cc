// What each order means for the ledger.
#include "services/segmentation/purchase.h"

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
