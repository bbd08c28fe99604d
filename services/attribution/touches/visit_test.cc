#include "services/attribution/touches/visit.h"

#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

Touchpoint View(int minute, const std::string& source, const std::string& visitor = "v") {
  Touchpoint touch;
  touch.event_id = std::to_string(minute) + source;
  touch.visitor_id = visitor;
  touch.occur_time = Time(std::chrono::minutes(minute));
  touch.traffic.told.utm_source = source;
  touch.traffic.id = IdOf(touch.traffic.told);
  touch.traffic.derived.direct = source.empty();
  return touch;
}

std::string Firsts(std::vector<Touchpoint> touches) {
  std::string text;
  for (const Touchpoint& touch : FirstOfEachVisit(std::move(touches))) text += touch.event_id + " ";
  return text;
}

TEST_CASE("a page that is loaded again is the same visit, until half an hour passed") {
  CHECK(Firsts({View(0, "a"), View(10, "a"), View(40, "a"), View(71, "a")}) == "0a 71a ");
}

TEST_CASE("another source is another visit, and coming by oneself goes on with the last") {
  CHECK(Firsts({View(0, "a"), View(5, "b"), View(6, "a"), View(7, ""), View(30, "a")}) == "0a 5b 6a ");
  CHECK(Firsts({View(0, ""), View(10, ""), View(50, "")}) == "0 50 ");
  CHECK(Firsts({View(0, ""), View(10, "a")}) == "0 10a ");
}

TEST_CASE("each visitor visits alone; clicks and what has no visitor stay") {
  CHECK(Firsts({View(0, "a", "v"), View(1, "a", "w"), View(2, "a", "v")}) == "0a 1a ");
  CHECK(Firsts({View(0, "a", ""), View(1, "a", "")}) == "0a 1a ");
  Touchpoint click = View(1, "a");
  click.kind = TouchKind::kClick;
  CHECK(Firsts({View(0, "a"), click, View(2, "a")}) == "0a 1a ");
}

}  // namespace
}  // namespace esnaf::attribution
