// What events told of people is what tables say of them, whether everybody was loaded or only those who were touched.
#include "services/segmentation/people/person_loader.h"

#include <rapidcheck.h>

#include <random>

#include "services/segmentation/people/person_queries.h"
#include "services/segmentation/people/person_table_test_util.h"
#include "services/segmentation/people/test_people.h"
#include "services/segmentation/support_consumer.h"

namespace esnaf::segmentation {
namespace {

using Events = std::vector<api::v1::Event>;

void ApplyAll(TestLedger& ledger, const Events& events) {
  REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(ApplyContactEvents(tx, events, ledger.now));
    ESNAF_RETURN_IF_ERROR(ApplySupportEvents(tx, events, ledger.now));
    return ApplyOrderEvents(tx, events, ledger.now);
  }));
}

std::unique_ptr<PersonTable> Everybody(TestLedger& ledger) {
  auto table = std::make_unique<PersonTable>();
  REQUIRE_OK(LoadEverybody(ledger.connection(), *table));
  return table;
}

void Reload(TestLedger& ledger, PersonTable& table, const std::vector<Uuid>& contacts) {
  auto batch = ledger.connection().Run({.autocommit = true, .read_only = true},
                                       [&](postgres::Tx& tx) { return ReadPersons(tx, contacts); });
  REQUIRE_OK(batch);
  PersonEncoder encoder(table);
  std::move(*batch).PutInto(encoder, table);
}

TEST_CASE("a table holds what rules can ask for") {
  TestLedger ledger;
  ApplyAll(ledger, {EventOf(TestContact{.name = "ayse",
                                        .city = "İzmir",
                                        .tags = {"vip", "yeni\tüye"},
                                        .locale = "tr-TR",
                                        .birthday = "1990-02-28",
                                        .points = 12.5,
                                        .has_email = true}),
                    EventOf(TestConsent{.contact = "ayse"}),
                    EventOf(TestConsent{.contact = "ayse", .granted = false, .consent_time = "2026-02-02T10:00:00Z"}),
                    EventOf(TestCart{.name = "c", .contact = "ayse", .lines = {{.sku = "B\\2", .quantity = 3}}}),
                    EventOf(TestTicket{.name = "t", .contact = "ayse", .breached = true}),
                    EventOf(TestAnswer{.name = "s", .contact = "ayse", .score = 4}),
                    EventOf(TestOrder{.name = "o",
                                      .contact = "ayse",
                                      .net = 9000,
                                      .gross = 10000,
                                      .channel = "web",
                                      .lines = {{.sku = "A1", .amount = 6000, .seller_id = "s1"}, {.sku = "A2"}}})});
  const auto table = Everybody(ledger);
  CHECK(table->person_count() == 1);
  const std::string born = std::to_string(CellOfDate(ParseDate("1990-02-28").value()));
  const std::string created = std::to_string(CellOfTime(At("2026-01-01T00:00:00Z")));
  CHECK(DescribePerson(*table, Contact("ayse")) ==
        "consent.marketing.eposta = RET\ncontact.city = İzmir\ncontact.country = TR\ncontact.create_time = " + created +
            "\ncontact.given_name = ayse\ncontact.has_email = 1\ncontact.has_phone = 0\ncontact.locale = tr-TR\n"
            "contact.tags has vip\ncontact.tags has yeni\tüye\ncustom.birthday = " +
            born + "\ncustom.points = " + std::to_string(CellOfDecimal(12.5)) +
            "\nrfm.frequency_score = 5\nrfm.label = champions\nrfm.monetary_score = 5\nrfm.recency_score = 5\n"
            "orders:\n2026-03-01T10:00:00Z istanbul web TRY 0 1 9000 10000 [A1   s1 1 7714] [A2    1 1286]\n"
            "carts:\n2026-03-05T10:00:00Z istanbul  TRY 0 1 5000 5000 [B\\2    3 1000]\n"
            "tickets:\n2026-03-05T10:00:00Z istanbul email  0 1 1 0 [ return high  1 0]\n"
            "answers:\n2026-03-05T10:00:00Z istanbul csat  0 1 4 0 [    1 0]\n");
}

TEST_CASE("merged contacts are one person, and the values of each are chosen by survivorship") {
  TestLedger ledger;
  ApplyAll(ledger, {EventOf(TestContact{.name = "a", .city = "Ankara", .tags = {"x"}, .points = 1}),
                    EventOf(TestContact{.name = "b", .tags = {"y"}, .locale = "tr-TR", .points = 2}),
                    EventOf(TestOrder{.name = "1", .contact = "a"}), EventOf(TestOrder{.name = "2", .contact = "b"}),
                    EventOf(TestConsent{.contact = "a"})});
  const auto before = Everybody(ledger);
  ApplyAll(ledger, {AliasEvent("a", "b", 1)});
  const auto merged = Everybody(ledger);
  CHECK(merged->person_count() == 1);
  CHECK_FALSE(merged->Find(Contact("a")));
  const std::string person = DescribePerson(*merged, Contact("b"));
  CHECK(person.find("contact.city = Ankara\n") != std::string::npos);
  CHECK(person.find("contact.given_name = b\n") != std::string::npos);
  CHECK(person.find("contact.tags has x\ncontact.tags has y\n") != std::string::npos);
  CHECK(person.find("custom.points = " + std::to_string(CellOfDecimal(2)) + "\n") != std::string::npos);
  CHECK(person.find("consent.marketing.eposta = ONAY\n") != std::string::npos);
  CHECK(merged->orders().CountOf(*merged->Find(Contact("b"))) == 2);
  ApplyAll(ledger, {AliasEvent("a", "", 2)});
  const auto after = Everybody(ledger);
  CHECK(after->person_count() == 2);
  for (const char* name : {"a", "b"}) {
    CHECK(DescribePerson(*after, Contact(name)) == DescribePerson(*before, Contact(name)));
  }
}

TEST_CASE("the scores of a few people are found by their contacts") {
  TestLedger ledger;
  ledger.schema.Sql(
      "INSERT INTO rfm_score SELECT 'default', gen_random_uuid(), 1, 'loyal', '', now(), 1, 1, 1, 1, 1, 1, now() "
      "FROM generate_series(1, 100000)");
  ledger.schema.Sql("ANALYZE rfm_score");
  const postgres::Result plan = ledger.schema.Sql(std::string("EXPLAIN ") + kPersonScores.among().sql(),
                                                  {std::vector<Uuid>{Contact("ayse"), Contact("ali")}});
  std::string text;
  for (int i = 0; i < plan.size(); ++i) text += plan[i].Get<std::string>(0) + "\n";
  INFO(text);
  CHECK(text.find("Index Scan using rfm_score_pkey") != std::string::npos);
  CHECK(text.find("Index Cond: (contact_id = ANY (") != std::string::npos);
}

TEST_CASE("the deleted are nobody until they come back") {
  TestLedger ledger;
  ApplyAll(ledger, {EventOf(TestContact{.name = "a"}), EventOf(TestOrder{.name = "1", .contact = "a"})});
  const auto table = Everybody(ledger);
  ApplyAll(ledger, {EventOf(TestContact{.name = "a", .version = 2, .deleted = true})});
  Reload(ledger, *table, {Contact("a")});
  CHECK(table->person_count() == 0);
  ApplyAll(ledger, {EventOf(TestContact{.name = "a", .version = 3})});
  Reload(ledger, *table, {Contact("a")});
  CHECK(table->orders().CountOf(*table->Find(Contact("a"))) == 1);
}

TEST_CASE("reloading the touched equals loading everybody, whatever comes in whatever order") {
  TestLedger ledger;
  CHECK(rc::check("histories", [&] {
    ledger.Clear();
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    PersonTable kept;
    for (int step = 0; step < 12; ++step) {
      Events events;
      for (auto i = 1 + random() % 4; i > 0; --i) events.push_back(AnyEvent(random));
      ApplyAll(ledger, events);
      const postgres::Result changed = ledger.schema.Sql("DELETE FROM person_change RETURNING contact_id");
      std::vector<Uuid> contacts;
      for (int i = 0; i < changed.size(); ++i) contacts.push_back(changed[i].Get<Uuid>(0));
      Reload(ledger, kept, contacts);
    }
    const auto everybody = Everybody(ledger);
    RC_ASSERT(kept.person_count() == everybody->person_count());
    for (char name = 'a'; name <= 'f'; ++name) {
      const Uuid contact = Contact(std::string(1, name));
      RC_ASSERT(DescribePerson(kept, contact) == DescribePerson(*everybody, contact));
    }
  }));
}

}  // namespace
}  // namespace esnaf::segmentation
