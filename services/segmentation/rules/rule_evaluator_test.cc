// The evaluator agrees with what rules plainly mean, over everybody and over one, by one thread and by several.
#include "services/segmentation/rules/rule_evaluator.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/segmentation/people/fact_lines.h"
#include "services/segmentation/people/person_record.h"
#include "services/segmentation/rules/rule_check.h"
#include "services/segmentation/rules/rule_naive.h"
#include "services/segmentation/rules/test_rules.h"

namespace esnaf::segmentation {
namespace {

Time At(std::string_view text) { return ParseRfc3339(text).value(); }
Uuid Person(int number) { return Uuid::FromName("person", std::to_string(number)); }

// Every value that a rule compares with, so that people can be made who lie at its borders.
void Harvest(const Rule& rule, std::vector<Value>& values) {
  if (const Condition* condition = rule.condition()) {
    values.insert(values.end(), condition->values.begin(), condition->values.end());
    if (const auto* aggregate = std::get_if<AggregateOperand>(&condition->operand)) {
      for (const FactFilter& filter : aggregate->filters) {
        values.insert(values.end(), filter.values.begin(), filter.values.end());
      }
    }
    return;
  }
  for (const Rule& part : rule.group()->rules) Harvest(part, values);
}

class RandomPeople {
 public:
  RandomPeople(const Rule& rule, RandomRules& random, RuleReference reference)
      : random_(random), reference_(std::move(reference)) {
    Harvest(rule, values_);
  }

  PersonRecord Next(int number) {
    PersonRecord person{.contact_id = Person(number)};
    if (random_.Chance(90)) person.profiles.push_back(MakeProfile(person.contact_id));
    for (const char* channel : {"arama", "eposta", "mesaj", "push", "whatsapp"}) {
      if (random_.Chance(40)) {
        person.words.push_back({.contact_id = person.contact_id, .purpose = "marketing", .channel = channel});
        person.words.back().granted = random_.Chance(50);
      }
    }
    for (const char* policy : {"default", "web-shop"}) {
      if (!random_.Chance(70)) continue;
      person.scores.push_back({policy, Text(), Score(), Score(), Score()});
    }
    for (const char* key : {"value.churn_probability", "value.expected_orders", "value.mean_gap_days"}) {
      if (random_.Chance(70)) person.values.push_back({.key = key, .number = Number()});
    }
    for (const char* key : {"value.clv", "value.historic", "value.total"}) {
      if (!random_.Chance(70)) continue;
      person.values.push_back({.key = key, .type = ColumnType::kMoney, .minor = Minor(), .currency_code = "TRY"});
    }
    if (random_.Chance(70)) {
      const char* key = "value.next_order_date";
      person.values.push_back({.key = key, .type = ColumnType::kDate, .minor = CellOfDate(Day())});
    }
    for (int i = static_cast<int>(random_.Number(0, 4)); i > 0; --i) person.orders.push_back(MakeFact());
    for (int i = static_cast<int>(random_.Number(0, 2)); i > 0; --i) person.carts.push_back(MakeFact());
    for (FactRecord& cart : person.carts) cart.cancelled = cart.is_return = false;
    for (int i = static_cast<int>(random_.Number(0, 3)); i > 0; --i) person.tickets.push_back(MakeTicket());
    for (int i = static_cast<int>(random_.Number(0, 3)); i > 0; --i) person.answers.push_back(MakeAnswer());
    for (int i = static_cast<int>(random_.Number(0, 2)); i > 0; --i) {
      person.acquisitions.push_back(
          {Person(static_cast<int>(random_.Number(0, 1 << 30))), Moment(), Text(), Text(), Text(), Text()});
    }
    return person;
  }

 private:
  template <typename T>
  std::optional<T> Harvested() {
    std::vector<T> found;
    for (const Value& value : values_) {
      if (const T* one = std::get_if<T>(&value)) found.push_back(*one);
    }
    if (found.empty() || !random_.Chance(70)) return std::nullopt;
    return random_.Of(found);
  }

  std::string Text() {
    if (random_.Chance(15)) return {};
    std::string text = Harvested<std::string>().value_or(
        random_.Of<std::string>({"istanbul", "İSTANBUL", "Şeker", "champions", "x", "12345", "ONAY"}));
    if (random_.Chance(20)) text += "x";
    if (random_.Chance(20)) text = "y" + text;
    return text;
  }
  int Score() { return static_cast<int>(std::clamp(Number(), -1000.0, 1000.0)); }
  double Number() {
    if (const auto number = Harvested<double>()) return *number;
    return static_cast<double>(Harvested<std::int64_t>().value_or(random_.Number(-3, 10)) + random_.Number(-1, 1));
  }
  std::int64_t Minor() {
    if (const auto money = Harvested<Money>()) return money->minor + random_.Number(-1, 1);
    return random_.Number(-100000, 100000);
  }
  Date Day() {
    if (const auto day = Harvested<Date>()) return *day;
    const Date today = reference_.zone.LocalDate(reference_.as_of);
    if (const auto period = Harvested<Period>()) return Shift(today, *period, random_.Chance(80) ? -1 : 1);
    return Shift(today, {static_cast<std::int32_t>(random_.Number(-400, 400)), TimeUnit::kDay}, 1);
  }
  Time Moment() {
    if (const auto time = Harvested<Time>()) return *time + Duration(random_.Number(-1, 1));
    if (const auto period = Harvested<Period>()) {
      return Shift(reference_.as_of, *period, random_.Chance(80) ? -1 : 1, reference_.zone) +
             Duration(random_.Number(-1, 1));
    }
    return reference_.zone.StartOfDay(Day()) + Duration(random_.Number(-1, 1));
  }
  std::vector<std::string> Sizes() {
    std::vector<std::string> sizes;
    do sizes.push_back(random_.Of<std::string>({"S", "M", "L"}));
    while (random_.Chance(50));
    return sizes;
  }
  CustomValue Custom(std::string_view key) {
    if (key == "shoe_size") return Number();
    if (key == "birthday") return Day();
    if (key == "vip") return random_.Chance(50);
    if (key == "budget") return Money{Minor(), Currency::Parse(random_.Chance(60) ? "TRY" : "EUR").value()};
    if (key == "sizes") return Sizes();
    return "t" + Text();
  }

  Profile MakeProfile(const Uuid& contact) {
    Profile profile{.contact_id = contact, .create_time = Moment()};
    for (std::string* text : {&profile.given_name, &profile.family_name, &profile.company_name, &profile.locale,
                              &profile.lifecycle_stage, &profile.owner, &profile.country_code, &profile.city}) {
      *text = Text();
    }
    profile.has_email = random_.Chance(50);
    profile.has_phone = random_.Chance(50);
    for (int i = static_cast<int>(random_.Number(0, 3)); i > 0; --i) profile.tags.push_back("t" + Text());
    if (const auto tag = Harvested<std::string>()) profile.tags.push_back(*tag);
    for (const char* key : {"shoe_size", "birthday", "vip", "note", "size", "budget", "sizes"}) {
      if (random_.Chance(70)) profile.custom_fields.emplace(key, Custom(key));
    }
    return profile;
  }

  FactRecord MakeFact() {
    FactRecord fact{.id = Person(static_cast<int>(random_.Number(0, 1 << 30))), .time = Moment()};
    fact.store_id = random_.Chance(50) ? "web" : Text();
    fact.channel = Text();
    fact.currency_code = random_.Chance(80) ? "TRY" : "EUR";
    fact.is_return = random_.Chance(15);
    fact.completed = random_.Chance(50);
    fact.cancelled = random_.Chance(15);
    fact.net_minor = Minor();
    std::vector<FactLine> lines;
    for (int i = static_cast<int>(random_.Number(0, 3)); i > 0; --i) {
      lines.push_back({Text(), Text(), Text(), Text(), random_.Number(1, 5), Minor()});
    }
    fact.lines = FormatLines(lines);
    return fact;
  }

  FactRecord MakeTicket() {
    FactRecord ticket = MakeFact();
    ticket.currency_code.clear();
    ticket.is_return = false;
    ticket.net_minor = random_.Number(0, 1);
    const std::string priority = random_.Of<std::string>({"low", "normal", "high", "urgent"});
    ticket.lines = FormatLines({{.sku = Text(), .category = Text(), .brand = priority, .seller_id = Text()}});
    return ticket;
  }
  FactRecord MakeAnswer() {
    FactRecord answer = MakeTicket();
    answer.channel = random_.Of<std::string>({"csat", "ces", "nps"});
    answer.completed = answer.cancelled = false;
    answer.net_minor = static_cast<std::int64_t>(std::clamp(Number(), -1000.0, 1000.0));
    return answer;
  }

  RandomRules& random_;
  RuleReference reference_;
  std::vector<Value> values_;
};

TEST_CASE("the evaluator agrees with what rules plainly mean") {
  int holding = 0, failing = 0;
  CHECK(rc::check("random rules over random people", [&] {
    RandomRules random(*rc::gen::arbitrary<std::uint64_t>());
    const RuleReference reference{
        .as_of = At("2026-03-29T01:30:00Z") + std::chrono::hours(random.Number(0, 9000)),
        .zone = TimeZone::Load(random.Chance(50) ? "Europe/Istanbul" : "America/New_York").value()};
    const Rule rule = random.Next();
    RC_ASSERT(CheckRule(rule, TestCatalogue()).empty());
    const std::string store_id = random.Chance(20) ? "web" : "";
    RandomPeople people(rule, random, reference);
    std::vector<PersonRecord> records;
    PersonTable table;
    PersonEncoder encoder(table);
    std::map<std::string, std::set<Uuid>> segments;
    for (int number = 0; number < 60; ++number) {
      records.push_back(people.Next(number));
      encoder.Put(records.back());
      if (random.Chance(50)) segments["loyal"].insert(Person(number));
    }
    PersonSet loyal;
    for (const Uuid& member : segments["loyal"]) {
      if (const auto row = table.Find(member)) loyal.add(*row);
    }
    RuleContext context{.reference = reference, .store_id = store_id};
    context.members_of = [&](const std::string& id) { return id == "loyal" ? &loyal : nullptr; };
    const RuleEvaluator evaluator(rule, table, context);
    const PersonSet members = evaluator.Evaluate();
    const NaiveRules naive(reference, store_id, segments);
    for (const PersonRecord& record : records) {
      const auto row = table.Find(record.contact_id);
      if (!row) continue;
      const bool expected = naive.Holds(rule, record);
      (expected ? holding : failing) += 1;
      RC_ASSERT(members.contains(*row) == expected);
      RC_ASSERT(evaluator.HoldsOf(*row) == expected);
      // Alone in a table, as an increment evaluates.
      PersonTable alone;
      PersonEncoder(alone).Put(record);
      PersonSet self;
      if (loyal.contains(*row)) self.add(0);
      context.members_of = [&](const std::string& id) { return id == "loyal" ? &self : nullptr; };
      RC_ASSERT(RuleEvaluator(rule, alone, context).Evaluate().contains(0) == expected);
    }
  }));
  // Neither answer is rare, or the property says little.
  CHECK(holding * 10 > failing);
  CHECK(failing * 10 > holding);
}

TEST_CASE("several threads find whom one finds, in every block") {
  PersonTable table;
  PersonEncoder encoder(table);
  for (int number = 0; number < 150000; ++number) {
    Profile profile{.contact_id = Person(number), .city = number % 3 == 0 ? "İzmir" : "Ankara"};
    encoder.Put({.contact_id = Person(number), .profiles = {profile}});
  }
  for (int number = 0; number < 150000; number += 7) table.Erase(Person(number));
  const Rule rule{Condition{AttributeOperand{"contact.city"}, Operator::kEquals, {Value("izmir")}}};
  const RuleEvaluator evaluator(rule, table, {});
  const PersonSet members = evaluator.Evaluate(1);
  CHECK(members == evaluator.Evaluate(3));
  std::uint32_t expected = 0;
  for (int number = 0; number < 150000; ++number) expected += number % 3 == 0 && number % 7 != 0;
  CHECK(members.cardinality() == expected);

  int asked = 0;
  RuleContext context;
  context.stopped = [&] { return ++asked > 1; };
  const PersonSet some = RuleEvaluator(rule, table, context).Evaluate(1);
  CHECK(asked == 2);
  CHECK(some.cardinality() > 0);
  CHECK(some.cardinality() < expected);
}

}  // namespace
}  // namespace esnaf::segmentation
