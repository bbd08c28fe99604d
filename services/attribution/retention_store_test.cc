#include "services/attribution/retention.h"

#include "services/attribution/credit/test_orders.h"

namespace esnaf::attribution {
namespace {

TEST_CASE("old touches are forgotten where nobody is known by them, and nothing else is") {
  TestCredits shop;
  Touchpoint anonymous = TouchOf("anonymous", "", "2026-01-01T10:00:00Z");
  Touchpoint lead = TouchOf("lead", "", "2026-01-02T10:00:00Z");
  lead.contact_id = Contact("ali");
  shop.Insert({anonymous, TouchOf("stranger", "s", "2026-01-01T10:00:00Z"), lead,
               TouchOf("known", "v", "2026-01-03T10:00:00Z"), TouchOf("fresh", "s", "2026-02-01T10:00:00Z")});
  shop.Link({{.visitor_id = "v", .link_time = At("2026-01-04T10:00:00Z"), .contact_id = Contact("ayse")}});
  TouchCursor cursor;
  const auto step = [&] {
    auto piece = shop.connection().Run(
        {}, [&](postgres::Tx& tx) { return ForgetUnknownTouches(tx, At("2026-02-01T00:00:00Z"), cursor); });
    REQUIRE_OK(piece);
    cursor = piece->last;
    return *piece;
  };
  const TouchPiece first = step();
  CHECK(first.looked == 4);
  CHECK(first.forgotten == 2);
  CHECK(cursor.time == At("2026-01-03T10:00:00Z"));
  CHECK(step().looked == 0);
  CHECK(shop.Count("SELECT count(*) FROM touchpoint WHERE event_id IN ('lead', 'known', 'fresh')") == 3);
  CHECK(shop.Count("SELECT count(*) FROM touchpoint") == 3);
  CHECK(shop.Path("ayse") == "known");
}

TEST_CASE("what was superseded is forgotten once it was superseded long ago") {
  TestCredits shop;
  TestOrder order{.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z"};
  shop.Order(order, 1);
  shop.now = At("2026-06-02T12:00:00Z");
  order.refunded = 100;
  shop.Order(order, 2);
  shop.now = At("2026-06-03T12:00:00Z");
  order.refunded = 200;
  shop.Order(order, 3);
  const auto forget = [&](std::string_view before) {
    auto count = shop.connection().Run({}, [&](postgres::Tx& tx) { return ForgetSuperseded(tx, At(before)); });
    REQUIRE_OK(count);
    return *count;
  };
  CHECK(forget("2026-06-02T12:00:00Z") == 0);
  CHECK(forget("2026-06-03T00:00:00Z") == 1);
  CHECK(shop.Count("SELECT count(*) FROM superseded_credit") == 1);
  CHECK(shop.Nets("o", Model::kFirst) == "-99800");
}

}  // namespace
}  // namespace esnaf::attribution
