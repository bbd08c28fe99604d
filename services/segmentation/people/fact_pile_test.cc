// A pile of facts in any order becomes what the same facts are when they are put person by person.
#include "services/segmentation/people/fact_pile.h"

#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <random>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

Uuid Person(unsigned number) { return Uuid::FromName("person", std::to_string(number)); }

Fact AnyFact(std::mt19937& random, int number) {
  Fact fact{.id = Uuid::FromName("fact", std::to_string(number))};
  fact.time = Time(Duration(static_cast<std::int64_t>(random() % 50)));  // often equal
  fact.net_minor = static_cast<std::int64_t>(random()) * (random() % 3 == 0 ? 1000000 : 1);
  fact.gross_minor = static_cast<std::int64_t>(random() % 1000);
  fact.shape = static_cast<std::uint32_t>(random() % 400);
  for (auto lines = random() % 4; lines > 0; --lines) {
    fact.lines.push_back({.item = static_cast<std::uint32_t>(random() % 100000),
                          .quantity = static_cast<std::int64_t>(random() % 70000),
                          .value_minor = static_cast<std::int64_t>(random())});
  }
  return fact;
}

TEST_CASE("a pile is laid out as if each person had been put by itself") {
  CHECK(rc::check("facts of some people, in any order", [] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    PersonTable table({.keep_fact_ids = true});
    // Some are there already, and one of them is deleted.
    table.Put({.contact_id = Person(2), .deleted = true});
    table.Put({.contact_id = Person(7)});
    FactPile orders, carts;
    std::map<unsigned, std::vector<Fact>> orders_of, carts_of;
    const auto most = static_cast<int>(random() % 300);
    for (int number = 0; number < most; ++number) {
      const unsigned person = random() % 20;
      const Fact fact = AnyFact(random, number);
      const bool is_order = random() % 4 != 0;
      (is_order ? orders : carts).Add(Person(person), fact);
      (is_order ? orders_of : carts_of)[person].push_back(fact);
    }
    table.TakeOrders(orders);
    table.TakeCarts(carts);
    const auto sorted = [](std::vector<Fact> facts) {
      std::sort(facts.begin(), facts.end(),
                [](const Fact& a, const Fact& b) { return a.time != b.time ? a.time < b.time : a.id < b.id; });
      return facts;
    };
    for (unsigned person = 0; person < 20; ++person) {
      const std::optional<PersonRow> row = table.Find(Person(person));
      RC_ASSERT(row.has_value() ==
                (person == 2 || person == 7 || orders_of.contains(person) || carts_of.contains(person)));
      if (!row) continue;
      RC_ASSERT(table.IsLive(*row) == (person != 2));
      RC_ASSERT(table.orders().FactsOf(*row) == sorted(orders_of[person]));
      RC_ASSERT(table.carts().FactsOf(*row) == sorted(carts_of[person]));
    }
    // Afterwards people are replaced as ever.
    const std::vector<Fact> others = {AnyFact(random, 1000)};
    table.Put({.contact_id = Person(3), .orders = others});
    RC_ASSERT(table.orders().FactsOf(*table.Find(Person(3))) == others);
    for (unsigned person = 4; person < 20; ++person) {
      const std::optional<PersonRow> row = table.Find(Person(person));
      if (row) RC_ASSERT(table.orders().FactsOf(*row) == sorted(orders_of[person]));
    }
  }));
}

TEST_CASE("piles of more than one piece keep everything") {
  PersonTable table({.keep_fact_ids = true});
  FactPile pile;
  std::mt19937 random(11);
  std::map<unsigned, std::vector<Fact>> facts_of;
  for (int number = 0; number < 150000; ++number) {
    const unsigned person = random() % 70000;
    facts_of[person].push_back(AnyFact(random, number));
    pile.Add(Person(person), facts_of[person].back());
  }
  table.TakeOrders(pile);
  CHECK(table.person_count() == facts_of.size());
  std::size_t wrong = 0;
  for (auto& [person, facts] : facts_of) {
    std::sort(facts.begin(), facts.end(),
              [](const Fact& a, const Fact& b) { return a.time != b.time ? a.time < b.time : a.id < b.id; });
    if (table.orders().FactsOf(*table.Find(Person(person))) != facts) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("codes of any size are read as they were written") {
  CHECK(rc::check("as a map", [] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    CompactCodes codes;
    std::map<std::uint32_t, std::uint32_t> model;
    const std::uint32_t places = random() % 2 == 0 ? 100 : 3 * kBlockRows;
    for (int step = 0; step < 300; ++step) {
      const std::uint32_t place = random() % places;
      const int bits = step < 100 ? 8 : step < 200 ? 16 : 32;
      model[place] = random() >> (32 - 1 - random() % static_cast<unsigned>(bits));
      codes.Set(place, model[place]);
    }
    for (const auto& [place, code] : model) RC_ASSERT(codes.Get(place) == code);
    for (std::uint32_t place = 0; place < 100; ++place) {
      RC_ASSERT(codes.Get(place) == (model.contains(place) ? model[place] : 0));
    }
  }));
}

}  // namespace
}  // namespace esnaf::segmentation
