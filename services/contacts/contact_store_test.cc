#include "services/contacts/contact_store.h"

#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

Contact NewContact(int number) {
  return {.id = Uuid::FromName("contact", std::to_string(number)),
          .given_name = "Ad" + std::to_string(number),
          .identities = {{{IdentityKind::kStoreCustomer, "tr", std::to_string(number)}, true}},
          .addresses = {{.label = "ev", .street = "\"Işık\" Sk. {5}, \\ 'a'", .city = "İzmir"}},
          .tags = {"a,b", "{c}", "ş\"x\\"},
          .version = 1,
          .create_time = Time(std::chrono::hours(1)),
          .update_time = Time(std::chrono::hours(1))};
}

template <typename Body>
auto Run(ContactsUnderTest& service, Body body) {
  return service.connection().Run({}, body);
}

absl::Status Write(ContactsUnderTest& service, const ContactChange& change) {
  return Run(service, [&](postgres::Tx& tx) { return WriteChanges(tx, {{change}, {}}, {}).status(); });
}

TEST_CASE("a contact comes back from the store as it went in, however its texts are quoted") {
  ContactsUnderTest service;
  Contact contact = NewContact(1);
  contact.custom_fields = {{"a", "x\"'\\"}, {"b", 0.1}, {"c", true}, {"d", ParseDate("2026-02-28").value()}};
  contact.custom_fields["e"] = Money{INT64_MIN, Currency::Parse("TRY").value()};
  contact.custom_fields["f"] = std::vector<std::string>{"L", "x\"'\\"};
  CHECK_OK(Write(service, {std::nullopt, contact}));
  ESNAF_REQUIRE_VALUE(const Person person, Run(service, [&](postgres::Tx& tx) { return GetPerson(tx, contact.id); }));
  CHECK(SameContent(person.contact, contact));
  CHECK(person.contact.version == 1);
  CHECK(person.contact.create_time == contact.create_time);
}

TEST_CASE("a change of what somebody else changed meanwhile is refused whole") {
  ContactsUnderTest service;
  const Contact first = NewContact(1);
  CHECK_OK(Write(service, {std::nullopt, first}));
  Contact second = first;
  second.version = 2;
  second.given_name = "Yeni";
  CHECK_OK(Write(service, {first, second}));
  Contact stale = second;
  stale.given_name = "Bayat";
  stale.identities.push_back({{IdentityKind::kEmail, "", "a@x.tr"}, false});
  CHECK_STATUS_IS(Write(service, {first, stale}), absl::StatusCode::kAborted, "");
  CHECK(service.Number("SELECT count(*) FROM contact_identity") == 1);
  CHECK(service.Number("SELECT count(*) FROM contact WHERE given_name = 'Yeni'") == 1);
}

TEST_CASE("an identity that another contact has refuses the whole change, and leaves nobody behind") {
  ContactsUnderTest service;
  CHECK_OK(Write(service, {std::nullopt, NewContact(1)}));
  Contact thief = NewContact(2);
  thief.identities = NewContact(1).identities;
  CHECK_STATUS_IS(Write(service, {std::nullopt, thief}), absl::StatusCode::kAborted, "");
  CHECK(service.Number("SELECT count(*) FROM contact") == 1);
}

TEST_CASE("identities keep their order, are given up, and change in place") {
  ContactsUnderTest service;
  Contact before = NewContact(1);
  before.identities.push_back({{IdentityKind::kEmail, "", "a@x.tr"}, false});
  before.identities.push_back({{IdentityKind::kEmail, "", "b@x.tr"}, false});
  CHECK_OK(Write(service, {std::nullopt, before}));
  Contact after = before;
  after.version = 2;
  after.identities = {{{IdentityKind::kEmail, "", "b@x.tr"}, true}, before.identities[0]};
  CHECK_OK(Write(service, {before, after}));
  ESNAF_REQUIRE_VALUE(const Person person, Run(service, [&](postgres::Tx& tx) { return GetPerson(tx, before.id); }));
  CHECK(person.contact.identities == after.identities);
}

TEST_CASE("getting a contact is one statement on one index each, however many contacts there are") {
  ContactsUnderTest service;
  service.schema().Sql(
      "INSERT INTO contact (id, folded_name, search_text, version, create_time, update_time)"
      " SELECT gen_random_uuid(), 'a', 'a', 1, now(), now() FROM generate_series(1, 2000)");
  service.schema().Sql("ANALYZE contact");
  const auto plan =
      service.schema().Sql("EXPLAIN EXECUTE \"contacts.get_contact\"('01890a5d-ac96-774b-bcce-b302099a8057')");
  std::string text;
  for (int i = 0; i < plan.size(); ++i) text += plan[i].Get<std::string>(0) + "\n";
  INFO(text);
  CHECK(text.find("contact_pkey") != std::string::npos);
  CHECK(text.find("Seq Scan on contact c") == std::string::npos);
}

}  // namespace
}  // namespace esnaf::contacts
