// A table says of everybody what was last put into it, however often people were replaced, forgotten and laid out anew.
#include "services/segmentation/people/person_table.h"

#include <rapidcheck.h>

#include <map>
#include <random>

#include "libs/testing/catch.h"
#include "services/segmentation/people/person_table_test_util.h"

namespace esnaf::segmentation {
namespace {

Uuid Person(int number) { return Uuid::FromName("person", std::to_string(number)); }

struct Columns {
  std::size_t city, score, weight, born, seen, glad, spent, tags;
};

Columns AddColumns(PersonTable& table) {
  return {.city = *table.AddColumn("city", ColumnType::kText, true),
          .score = *table.AddColumn("score", ColumnType::kInteger),
          .weight = *table.AddColumn("weight", ColumnType::kDecimal),
          .born = *table.AddColumn("born", ColumnType::kDate),
          .seen = *table.AddColumn("seen", ColumnType::kTime),
          .glad = *table.AddColumn("glad", ColumnType::kBoolean),
          .spent = *table.AddColumn("spent", ColumnType::kMoney),
          .tags = *table.AddColumn("tags", ColumnType::kTextList)};
}

// Numbers of every size, at the edges of what is kept compactly too.
std::int64_t AnyNumber(std::mt19937& random) {
  constexpr std::int64_t kEdges[] = {0,           -1,          2147483647,          2147483648,
                                     -2147483647, -2147483648, 9223372036854775807, -9223372036854775807};
  return random() % 3 == 0 ? kEdges[random() % 8] : static_cast<std::int64_t>(random() % 100000);
}

PersonFacts AnyPerson(PersonTable& table, const Columns& columns, int number, std::mt19937& random) {
  PersonFacts person{.contact_id = Person(number)};
  const auto maybe = [&](std::size_t column, Cell cell) {
    if (random() % 4 != 0) person.cells.emplace_back(column, cell);
  };
  maybe(columns.city, table.column(columns.city).dictionary().Intern("city " + std::to_string(random() % 20)));
  maybe(columns.score, AnyNumber(random));
  maybe(columns.weight, CellOfDecimal(static_cast<double>(random() % 1000) / 8 - 60));
  maybe(columns.born, CellOfDate(Date(std::chrono::sys_days(std::chrono::days(random() % 30000)))));
  maybe(columns.seen, AnyNumber(random));
  maybe(columns.glad, random() % 2);
  maybe(columns.spent, AnyNumber(random));
  std::vector<TextCode> tags;
  for (auto i = random() % 4; i > 0; --i) {
    tags.push_back(table.column(columns.tags).dictionary().Intern("tag " + std::to_string(random() % 9)));
  }
  if (!tags.empty()) person.lists.emplace_back(columns.tags, tags);
  for (auto orders = random() % 5; orders > 0; --orders) {
    Fact fact{.id = Person(static_cast<int>(random())), .time = Time(Duration(AnyNumber(random)))};
    fact.net_minor = AnyNumber(random);
    fact.gross_minor = AnyNumber(random);
    fact.shape = table.InternShape({.store = table.texts(PersonTable::Text::kStore).Intern("izmir"),
                                    .state = static_cast<std::uint8_t>(1 + random() % 3)});
    for (auto lines = random() % 4; lines > 0; --lines) {
      const std::string sku = "sku " + std::to_string(random() % 50);
      fact.lines.push_back({.item = table.InternItem({.sku = table.texts(PersonTable::Text::kSku).Intern(sku)}),
                            .quantity = AnyNumber(random),
                            .value_minor = AnyNumber(random)});
    }
    (random() % 3 == 0 ? person.carts : person.orders).push_back(fact);
  }
  return person;
}

// What must be read back.
void CheckSame(const PersonTable& table, const Columns& columns, const PersonFacts& person) {
  const std::optional<PersonRow> row = table.Find(person.contact_id);
  REQUIRE(row.has_value());
  CHECK(table.ContactOf(*row) == person.contact_id);
  CHECK(table.IsLive(*row));
  std::map<std::size_t, Cell> cells(person.cells.begin(), person.cells.end());
  for (const std::size_t column :
       {columns.city, columns.score, columns.weight, columns.born, columns.seen, columns.glad, columns.spent}) {
    CHECK(table.column(column).Get(*row) == (cells.contains(column) ? cells[column] : kAbsent));
  }
  std::set<TextCode> tags;
  if (!person.lists.empty()) tags.insert(person.lists[0].second.begin(), person.lists[0].second.end());
  std::set<TextCode> kept;
  for (std::uint32_t i = 0; i < table.column(columns.tags).ListSize(*row); ++i) {
    kept.insert(table.column(columns.tags).ListElement(*row, i));
  }
  CHECK(kept == tags);
  CHECK(table.orders().FactsOf(*row) == person.orders);
  CHECK(table.carts().FactsOf(*row) == person.carts);
}

TEST_CASE("a table says what was last put into it") {
  CHECK(rc::check("as a map of people", [] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    PersonTable table({.keep_fact_ids = true});
    const Columns columns = AddColumns(table);
    std::map<int, PersonFacts> model;
    for (int step = 0; step < 200; ++step) {
      const int number = static_cast<int>(random() % 30);
      if (random() % 4 == 0) {
        RC_ASSERT(table.Erase(Person(number)) == (model.erase(number) == 1));
      } else {
        model[number] = AnyPerson(table, columns, number, random);
        table.Put(model[number]);
      }
    }
    RC_ASSERT(table.person_count() == model.size());
    for (int number = 0; number < 30; ++number) {
      if (model.contains(number)) {
        CheckSame(table, columns, model[number]);
      } else {
        RC_ASSERT_FALSE(table.Find(Person(number)).has_value());
      }
    }
  }));
}

TEST_CASE("what was replaced is thrown away in time, and nothing else is") {
  std::mt19937 random(7);
  PersonTable table({.keep_fact_ids = true});
  const Columns columns = AddColumns(table);
  std::map<int, PersonFacts> model;
  for (int number = 0; number < 20000; ++number) {
    model[number] = AnyPerson(table, columns, number, random);
    table.Put(model[number]);
  }
  const std::size_t before = table.MemoryBytes();
  for (int step = 0; step < 400000; ++step) {
    const int number = static_cast<int>(random() % 20000);
    table.Put(step % 20 == 0 ? model[number] = AnyPerson(table, columns, number, random) : model[number]);
  }
  for (int round = 0; round < 6; ++round) {
    for (auto& [number, person] : model) {
      person = AnyPerson(table, columns, number, random);
      table.Put(person);
    }
  }
  for (const auto& [number, person] : model) CheckSame(table, columns, person);
  CHECK(table.MemoryBytes() < before * 2);
}

TEST_CASE("rows of the forgotten are given to others") {
  PersonTable table;
  const PersonRow first = table.Put({.contact_id = Person(1)});
  table.Put({.contact_id = Person(2)});
  CHECK(table.Erase(Person(1)));
  CHECK_FALSE(table.Erase(Person(1)));
  CHECK_FALSE(table.IsLive(first));
  CHECK(table.Put({.contact_id = Person(3)}) == first);
  CHECK(table.row_end() == 2);
  CHECK(table.person_count() == 2);
}

TEST_CASE("a column keeps its type, and codes of texts begin at one") {
  PersonTable table;
  const std::size_t city = *table.AddColumn("contact.city", ColumnType::kText, true);
  CHECK(table.AddColumn("contact.city", ColumnType::kText) == city);
  CHECK_FALSE(table.AddColumn("contact.city", ColumnType::kDate));
  CHECK_FALSE(table.FindColumn("contact.country"));
  Dictionary& cities = table.column(city).dictionary();
  CHECK(cities.Intern("İstanbul") == 1);
  CHECK(cities.Intern("İstanbul") == 1);
  CHECK(cities.Intern("") == kNoText);
  CHECK(cities.Find("Izmir") == kNoText);
  CHECK(cities.ComparedOf(1) == "istanbul");
  CHECK(cities.TextOf(1) == "İstanbul");
}

}  // namespace
}  // namespace esnaf::segmentation
