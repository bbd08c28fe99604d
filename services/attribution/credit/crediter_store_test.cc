// Credits as events make them: they follow orders, touches, log-ins and merges, and what was told stays known.
#include "services/attribution/credit/crediter.h"

#include <atomic>
#include <thread>

#include "libs/testing/catch.h"
#include "services/attribution/credit/test_orders.h"

namespace esnaf::attribution {
namespace {

TEST_CASE("an order is credited to the touches before it in the transaction of its event") {
  TestCredits shop;
  shop.Insert({TouchOf("t1", "v", "2026-05-01T10:00:00Z"), TouchOf("t2", "v", "2026-05-02T10:00:00Z"),
               TouchOf("t3", "v", "2026-05-03T10:00:00Z"), TouchOf("late", "v", "2026-05-06T10:00:00Z")});
  shop.Order({.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z", .visitor_id = "v"});
  CHECK(shop.Nets("o", Model::kFirst) == "100000");
  CHECK(shop.Nets("o", Model::kLinear) == "33334 33333 33333");
  CHECK(shop.Nets("o", Model::kPositionBased) == "40000 20000 40000");
  CHECK(shop.Count("SELECT count(*) FROM credit WHERE model IN (0, 4) AND new_customer") == 3);
  CHECK(shop.Told().empty());
}

TEST_CASE("what no touch led to is unattributed, not hidden") {
  TestCredits shop;
  shop.Order({.name = "guest", .person = "", .time = "2026-05-05T10:00:00Z"});
  shop.Order({.name = "known", .person = "ali", .time = "2026-05-05T10:00:00Z"});
  shop.Order(
      {.name = "back", .person = "ali", .time = "2026-05-06T10:00:00Z", .gross = 500, .cost = 0, .is_return = true});
  for (const Model model : kAllModels) {
    CHECK(shop.Nets("guest", model) == "-100000");
    CHECK(shop.Nets("known", model) == "-100000");
    CHECK(shop.Nets("back", model) == "--500");
  }
  CHECK(shop.Count("SELECT sum(share) FROM credit WHERE model IN (0, 1)") == 2 * kWholeShare);
}

TEST_CASE("a refund and a cancellation restate the credit, and say so") {
  TestCredits shop;
  shop.Insert({TouchOf("t1", "v", "2026-05-01T10:00:00Z"), TouchOf("t2", "v", "2026-05-02T10:00:00Z")});
  TestOrder order{.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z", .visitor_id = "v"};
  shop.Order(order, 1);
  shop.now += std::chrono::days(7);
  order.refunded = 25001;
  order.cost = 30000;
  shop.Order(order, 2);
  CHECK(shop.Nets("o", Model::kLinear) == "37500 37499");
  CHECK(shop.Told() == "refunded");
  CHECK(shop.Count("SELECT sum(revenue_minor) FROM credit WHERE model IN (0, 4)") == 100000);
  shop.now += std::chrono::days(1);
  order.cancelled = true;
  shop.Order(order, 3);
  CHECK(shop.Nets("o", Model::kLinear).empty());
  CHECK(shop.Told() == "refunded cancelled");
  // Both earlier states are kept for ten models: what was told can be told again.
  CHECK(shop.Count("SELECT count(DISTINCT known_until) FROM superseded_credit") == 2);
  CHECK(shop.Count("SELECT sum(net_minor) FROM superseded_credit WHERE model IN (0, 4)") == 100000 + 74999);
  // An older event, and the same again, change nothing.
  order.cancelled = false;
  shop.Order(order, 2);
  shop.Recredit();
  CHECK(shop.Told() == "refunded cancelled");
}

TEST_CASE("an order that is paid or sent keeps its credit, and nothing is told of it") {
  TestCredits shop;
  shop.Insert({TouchOf("t1", "v", "2026-05-01T10:00:00Z"), TouchOf("t2", "v", "2026-05-02T10:00:00Z")});
  TestOrder order{.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z", .visitor_id = "v"};
  TestOrder guest{.name = "guest", .person = "", .time = "2026-05-05T10:00:00Z"};
  for (int version = 1; version <= 3; ++version) {
    shop.Order(order, version);
    shop.Order(guest, version);
    shop.now += std::chrono::hours(1);
  }
  CHECK(shop.Told().empty());
  CHECK(shop.Count("SELECT count(*) FROM superseded_credit") == 0);
  CHECK(shop.Count("SELECT count(*) FROM restatement") == 2);
  CHECK(shop.Count("SELECT count(*) FROM conversion WHERE change_reason IS NULL AND order_version = 3") == 2);
  // Each of what the credit depends on restates it still, the cost alone too.
  order.cost = 50000;
  shop.Order(order, 4);
  CHECK(shop.Told() == "edited");
  CHECK(shop.Count("SELECT sum(cost_minor) FROM credit WHERE model = 4") == 50000);
  // Whose it is changes no row of a credit, but what is told of it.
  guest.person = "ali";
  shop.Order(guest, 4);
  CHECK(shop.Told() == "edited edited");
}

TEST_CASE("of two orders that are credited at the same time one is the first") {
  TestCredits shop;
  shop.Order({.name = "newer", .person = "ayse", .time = "2026-05-05T10:00:00Z"});
  shop.Link({{.visitor_id = "v", .link_time = At("2026-05-06T10:00:00Z"), .contact_id = Contact("ayse")}});
  postgres::Connection consumer(shop.schema.options());
  REQUIRE_OK(consumer.Connect());
  std::thread worker;
  std::atomic<bool> done = false;
  absl::Status credited;
  // The older order is written, and not there for others yet, when the worker looks.
  const absl::Status applied = consumer.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    const api::v1::Event older = OrderEvent({.name = "older", .person = "ayse", .time = "2026-05-01T10:00:00Z"}, 1);
    ESNAF_RETURN_IF_ERROR(ApplyOrderEvents(tx, {older}, shop.now));
    if (!worker.joinable()) {
      worker = std::thread([&] {
        credited =
            shop.connection().Run({}, [&](postgres::Tx& own) { return RecreditSomeChanged(own, shop.now); }).status();
        done = true;
      });
    }
    for (bool waits = false; !waits && !done;) {
      ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                             tx.ExecuteDynamic("SELECT count(*) FROM pg_locks WHERE NOT granted", {}));
      waits = rows[0].Get<std::int64_t>(0) > 0;
    }
    return absl::OkStatus();
  });
  if (worker.joinable()) worker.join();
  REQUIRE_OK(credited);
  REQUIRE_OK(applied);
  CHECK(shop.Count("SELECT count(*) FROM credit WHERE model = 0") == 2);
  CHECK(shop.Count("SELECT count(*) FROM credit WHERE model = 0 AND new_customer") == 1);
}

TEST_CASE("touches before a log-in on another device count once it is known whose they were") {
  TestCredits shop;
  shop.Insert({TouchOf("phone", "v1", "2026-05-01T10:00:00Z")});
  shop.Insert({TouchOf("desk", "v2", "2026-05-02T10:00:00Z")});
  shop.Order({.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z", .visitor_id = "v2"});
  CHECK(shop.Nets("o", Model::kFirst) == "100000");
  CHECK(shop.Nets("o", Model::kLinear) == "100000");
  shop.now += std::chrono::hours(1);
  shop.Link(
      {{.visitor_id = "v1", .link_time = At("2026-05-06T10:00:00Z"), .contact_id = Contact("ayse"), .proven = true}});
  shop.Recredit();
  CHECK(shop.Nets("o", Model::kLinear) == "50000 50000");
  CHECK(shop.Told() == "path");
}

TEST_CASE("merging makes the first order of two people one, and releasing makes it two again") {
  TestCredits shop;
  shop.Order({.name = "o1", .person = "ayse", .time = "2026-05-01T10:00:00Z"});
  shop.Order({.name = "o2", .person = "ayse_k", .time = "2026-05-05T10:00:00Z"});
  const std::string new_customers = "SELECT count(*) FROM credit WHERE model IN (0, 1) AND new_customer";
  CHECK(shop.Count(new_customers) == 2);
  shop.Alias("ayse_k", "ayse", 1);
  shop.Recredit();
  CHECK(shop.Count(new_customers) == 1);
  shop.Alias("ayse_k", "", 2);
  shop.Recredit();
  CHECK(shop.Count(new_customers) == 2);
}

TEST_CASE("cancelling the first order makes the second one the first") {
  TestCredits shop;
  TestOrder first{.name = "o1", .person = "ayse", .time = "2026-05-01T10:00:00Z"};
  shop.Order(first, 1);
  shop.Order({.name = "o2", .person = "ayse", .time = "2026-05-05T10:00:00Z"});
  first.cancelled = true;
  shop.Order(first, 2);
  CHECK(shop.Count("SELECT count(*) FROM credit WHERE model IN (0, 1) AND new_customer") == 1);
  CHECK(shop.Nets("o2", Model::kFirst) == "-100000");
}

TEST_CASE("it is told by which way a person's first order came, and told again where another is the first") {
  TestCredits shop;
  shop.Insert({TouchOf("t1", "v", "2026-05-01T10:00:00Z"), TouchOf("t2", "v", "2026-05-02T10:00:00Z")});
  TestOrder first{.name = "first", .person = "ayse", .time = "2026-05-05T10:00:00Z", .visitor_id = "v"};
  shop.Order(first, 1);
  shop.Order({.name = "second", .person = "ayse", .time = "2026-05-06T10:00:00Z", .visitor_id = "v"});
  shop.Order({.name = "known", .person = "ali", .time = "2026-05-05T10:00:00Z"});
  shop.Order({.name = "guest", .person = "", .time = "2026-05-05T10:00:00Z"});
  CHECK(shop.Acquisition("first") == "Paid Search/google/");
  CHECK(shop.Acquisition("second") == "nothing");
  CHECK(shop.Acquisition("known") == "//");
  CHECK(shop.Acquisition("guest") == "nothing");
  first.cancelled = true;
  shop.Order(first, 2);
  CHECK(shop.Acquisition("first") == "-");
  CHECK(shop.Acquisition("second") == "Paid Search/google/");
}

TEST_CASE("the place of the cart counts under W-shaped") {
  TestCredits shop;
  shop.Insert({TouchOf("t1", "v", "2026-05-01T10:00:00Z"), TouchOf("t2", "v", "2026-05-02T10:00:00Z"),
               TouchOf("t3", "v", "2026-05-03T10:00:00Z")});
  shop.Order({.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z", .visitor_id = "v"});
  // Known since the order, so the lead is the last touch: 30 first, 30 last, 10 between, made up to the whole.
  CHECK(shop.Nets("o", Model::kWShaped) == "42857 14286 42857");
  orders::v1::CartChanged changed;
  changed.mutable_cart()->set_store_id("istanbul");
  changed.mutable_cart()->set_order_external_id("o");
  *changed.mutable_cart()->mutable_create_time() = api::ToProto(At("2026-05-02T10:05:00Z"));
  shop.OrderEvents({EventOf(changed, "cart", 1)});
  CHECK(shop.Nets("o", Model::kWShaped) == "33334 33333 33333");
}

}  // namespace
}  // namespace esnaf::attribution
