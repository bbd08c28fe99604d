#include "services/attribution/touches/touchpoint_store.h"

#include "services/attribution/touches/test_touches.h"

namespace esnaf::attribution {
namespace {

using identity::Kind;

VisitorLink Proven(std::string visitor, std::string_view time, std::string_view contact) {
  return {.visitor_id = std::move(visitor), .link_time = At(time), .contact_id = Contact(contact), .proven = true};
}

TEST_CASE("a touch comes back as it was recorded, once") {
  TestAttribution attribution;
  Touchpoint touch = TouchOf("e1", "v1", "2026-05-01T10:00:00Z");
  touch.contact_id = Contact("ayse");
  touch.kind = TouchKind::kClick;
  touch.name = "kampanya";
  touch.traffic.told.campaign = "bahar \"26\"";
  touch.traffic.told.ad_platform = "google";
  touch.traffic.told.ad_id = "77";
  touch.traffic.told.referrer_host = "google.com";
  touch.traffic.id = IdOf(touch.traffic.told);
  touch.consent = {ConsentWord::kGranted, ConsentWord::kGranted, ConsentWord::kDenied, ConsentWord::kNotTold};
  touch.click_ids = {.gclid = "Cj0K", .fbp = "fb.1.2.3"};
  touch.referrer = "https://google.com/";
  touch.landing_page = "https://shop.example/?gclid=Cj0K";
  touch.user_agent = "Mozilla/5.0";
  CHECK(attribution.Insert({touch}).size() == 1);
  Touchpoint other = touch;
  other.landing_page = "https://shop.example/other";
  CHECK(attribution.Insert({other, other}).empty());
  auto paths = attribution.connection().Run({.read_only = true}, [&](postgres::Tx& tx) {
    return TouchesOfPeople(tx, {{Contact("ayse"), Time::min(), Time::max()}});
  });
  REQUIRE_OK(paths);
  REQUIRE(paths->front().size() == 1);
  const Touchpoint& read = paths->front().front();
  CHECK(read.id == touch.id);
  CHECK(read.store_id == "istanbul");
  CHECK(read.event_id == "e1");
  CHECK(read.visitor_id == "v1");
  CHECK(read.contact_id == touch.contact_id);
  CHECK(read.occur_time == touch.occur_time);
  CHECK(read.receive_time == touch.receive_time);
  CHECK(read.kind == TouchKind::kClick);
  CHECK(read.name == "kampanya");
  CHECK(read.traffic.id == touch.traffic.id);
  CHECK(read.traffic.told == touch.traffic.told);
  CHECK(read.traffic.derived == touch.traffic.derived);
  CHECK(read.consent == touch.consent);
  CHECK_FALSE(read.bot);
  CHECK(read.click_ids == touch.click_ids);
  CHECK(read.referrer == touch.referrer);
  CHECK(read.landing_page == touch.landing_page);
  CHECK(read.user_agent == touch.user_agent);
}

TEST_CASE("touches made before a visitor is known count from then on, and follow merges and unmerges") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("a1", "laptop", "2026-05-01T10:00:00Z"), TouchOf("a2", "phone", "2026-05-02T10:00:00Z"),
                      TouchOf("a3", "laptop", "2026-05-03T10:00:00Z")});
  CHECK(attribution.Path("ayse").empty());
  attribution.Link({Proven("laptop", "2026-05-02T12:00:00Z", "ayse")});
  CHECK(attribution.Path("ayse") == "a1 a3");
  CHECK(attribution.Path("ayse", "2026-05-03T10:00:00Z") == "a1");
  CHECK(attribution.Path("ayse", "2026-05-03T10:00:01Z", "2026-05-03T10:00:00Z") == "a3");
  attribution.Link({Proven("phone", "2026-05-04T12:00:00Z", "guest")});
  CHECK(attribution.Path("guest") == "a2");
  attribution.Alias("guest", "ayse", 1);
  CHECK(attribution.Path("ayse") == "a1 a2 a3");
  CHECK(attribution.Path("guest") == "a1 a2 a3");
  attribution.Alias("guest", "", 2);
  CHECK(attribution.Path("ayse") == "a1 a3");
  CHECK(attribution.Path("guest") == "a2");
}

TEST_CASE("a link by an identity leads to whoever has it, also where nobody has it yet") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("a1", "laptop", "2026-05-01T10:00:00Z")});
  const identity::Identity email{.kind = Kind::kEmail, .value = "ayse@example.com"};
  attribution.Link({{.visitor_id = "laptop", .link_time = At("2026-05-02T10:00:00Z"), .identity = email}});
  CHECK(attribution.Changed().empty());
  CHECK(attribution.Path("ayse").empty());
  attribution.Person("ayse", {email});
  CHECK(attribution.Path("ayse") == "a1");
  CHECK(attribution.Changed() == std::vector<Uuid>{Contact("ayse")});
  attribution.Person("ayse", {}, 2);
  CHECK(attribution.Path("ayse").empty());
  CHECK(attribution.Changed() == std::vector<Uuid>{Contact("ayse")});
  attribution.Person("fatma", {{.kind = Kind::kEmail, .value = "fatma@example.com"}});
  CHECK(attribution.Changed().empty());
}

TEST_CASE("a contact's own visitor id links where nothing else does") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("a1", "laptop", "2026-05-01T10:00:00Z")});
  attribution.Person("ayse", {{.kind = Kind::kVisitor, .value = "laptop"}});
  CHECK(attribution.Path("ayse") == "a1");
  attribution.Link({Proven("laptop", "2026-05-02T10:00:00Z", "fatma")});
  CHECK(attribution.Path("ayse").empty());
  CHECK(attribution.Path("fatma") == "a1");
}

TEST_CASE("on a shared device each person has the touches of their own time") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("t1", "tablet", "2026-05-01T10:00:00Z"), TouchOf("t2", "tablet", "2026-05-02T10:00:00Z"),
                      TouchOf("t3", "tablet", "2026-05-03T10:00:00Z")});
  attribution.Link({Proven("tablet", "2026-05-01T12:00:00Z", "ayse"), Proven("tablet", "2026-05-02T09:00:00Z", "fatma"),
                    Proven("tablet", "2026-05-03T09:00:00Z", "ayse")});
  CHECK(attribution.Path("ayse") == "t1 t3");
  CHECK(attribution.Path("fatma") == "t2");
}

TEST_CASE("bots, internal page views and what is no touch stay out of paths; equal times are ordered by event id") {
  TestAttribution attribution;
  Touchpoint bot = TouchOf("bot", "v", "2026-05-01T10:00:00Z");
  bot.bot = true;
  Touchpoint internal = TouchOf("internal", "v", "2026-05-01T10:00:00Z", "shop.example", "internal");
  internal.traffic.derived.internal = true;
  Touchpoint product = TouchOf("product", "v", "2026-05-01T10:00:00Z");
  product.kind = TouchKind::kProductView;
  attribution.Insert({bot, internal, product, TouchOf("b", "v", "2026-05-01T10:00:00Z", "meta"),
                      TouchOf("a", "v", "2026-05-01T10:00:00Z", "bing"), TouchOf("c", "v", "2026-05-01T09:00:00Z"),
                      TouchOf("d", "v", "2026-05-01T09:20:00Z")});
  attribution.Link({Proven("v", "2026-05-02T12:00:00Z", "ayse")});
  CHECK(attribution.Path("ayse") == "c a b");
}

TEST_CASE("an order links its visitor to its contact") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("a1", "laptop", "2026-05-01T10:00:00Z")});
  orders::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order.set_id(Uuid::FromName("order", "1").ToString());
  order.mutable_customer()->set_visitor_id("laptop");
  *order.mutable_place_time() = api::ToProto(At("2026-05-02T10:00:00Z"));
  attribution.OrderEvents({EventOf(changed, order.id(), 1)});
  CHECK(attribution.Changed().empty());
  order.set_contact_id(Contact("ayse").ToString());
  attribution.OrderEvents({EventOf(changed, order.id(), 2), EventOf(changed, order.id(), 3)});
  CHECK(attribution.Path("ayse") == "a1");
  CHECK(attribution.Changed() == std::vector<Uuid>{Contact("ayse")});
  // The same word again changes nothing.
  attribution.OrderEvents({EventOf(changed, order.id(), 4)});
  CHECK(attribution.Changed().empty());
}

TEST_CASE("an order that comes late takes only the time until the next order of another") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("sunday", "tablet", "2026-05-03T10:00:00Z"),
                      TouchOf("tuesday", "tablet", "2026-05-05T20:00:00Z"),
                      TouchOf("thursday", "tablet", "2026-05-07T10:00:00Z")});
  const auto order = [&](std::string_view person, const std::string& time) {
    orders::v1::OrderChanged changed;
    changed.mutable_order()->set_id(Uuid::FromName("order", time).ToString());
    changed.mutable_order()->set_contact_id(Contact(person).ToString());
    changed.mutable_order()->mutable_customer()->set_visitor_id("tablet");
    *changed.mutable_order()->mutable_place_time() = api::ToProto(At(time));
    attribution.OrderEvents({EventOf(changed, changed.order().id(), 1)});
  };
  order("ayse", "2026-05-04T10:00:00Z");
  order("ayse", "2026-05-06T10:00:00Z");
  CHECK(attribution.Path("ayse") == "sunday tuesday thursday");
  order("fatma", "2026-05-05T10:00:00Z");
  CHECK(attribution.Path("ayse") == "sunday thursday");
  CHECK(attribution.Path("fatma") == "tuesday");
}

TEST_CASE("a late touch marks the paths of those it belongs to, and everybody who shares the visitor") {
  TestAttribution attribution;
  attribution.Link(
      {Proven("tablet", "2026-05-01T12:00:00Z", "ayse"), Proven("tablet", "2026-05-02T09:00:00Z", "fatma")});
  attribution.Changed();
  attribution.Insert({TouchOf("x", "other", "2026-05-01T10:00:00Z")});
  CHECK(attribution.Changed().empty());
  attribution.Insert({TouchOf("t1", "tablet", "2026-05-01T10:00:00Z")});
  std::vector<Uuid> both = {Contact("ayse"), Contact("fatma")};
  std::sort(both.begin(), both.end());
  CHECK(attribution.Changed() == both);
  attribution.Insert({TouchOf("t1", "tablet", "2026-05-01T10:00:00Z")});
  CHECK(attribution.Changed().empty());
}

TEST_CASE("many people's paths are read at once") {
  TestAttribution attribution;
  attribution.Insert({TouchOf("a1", "laptop", "2026-05-01T10:00:00Z"), TouchOf("f1", "phone", "2026-05-02T10:00:00Z")});
  attribution.Link(
      {Proven("laptop", "2026-05-02T12:00:00Z", "ayse"), Proven("phone", "2026-05-04T12:00:00Z", "fatma")});
  auto paths = attribution.connection().Run({.read_only = true}, [&](postgres::Tx& tx) {
    return TouchesOfPeople(tx, {{Contact("fatma"), Time::min(), Time::max()},
                                {Contact("nobody"), Time::min(), Time::max()},
                                {Contact("ayse"), Time::min(), Time::max()},
                                {Contact("ayse"), At("2026-05-01T11:00:00Z"), Time::max()}});
  });
  REQUIRE_OK(paths);
  REQUIRE(paths->size() == 4);
  REQUIRE((*paths)[0].size() == 1);
  CHECK((*paths)[0][0].event_id == "f1");
  CHECK((*paths)[1].empty());
  REQUIRE((*paths)[2].size() == 1);
  CHECK((*paths)[2][0].event_id == "a1");
  CHECK((*paths)[3].empty());
}

}  // namespace
}  // namespace esnaf::attribution
