#include "services/contacts/person.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

Uuid Id(int number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[15] = static_cast<std::uint8_t>(number);
  return Uuid(bytes);
}

Time At(int minute) { return Time(std::chrono::minutes(minute)); }

StoredContact Canonical(Contact contact) { return {.contact = std::move(contact), .has_merged = true}; }
StoredContact Merged(Contact contact) { return {.contact = std::move(contact), .merged_into = Id(1)}; }

Identity Customer(std::string value) { return {{IdentityKind::kStoreCustomer, "tr", std::move(value)}, true}; }

TEST_CASE("a person alone is the contact as it is") {
  const Person person = MakePerson({{.contact = {.id = Id(1), .given_name = "Ali", .version = 7}}});
  CHECK(person.contact.given_name == "Ali");
  CHECK(person.merged_contact_ids.empty());
  CHECK(person.etag == "7");
}

TEST_CASE("the canonical contact's own value wins, then that of the contact that changed last") {
  const Person person = MakePerson({
      Merged({.id = Id(2), .given_name = "Eski", .company_name = "Eski AŞ", .locale = "tr", .update_time = At(1)}),
      Merged({.id = Id(3), .given_name = "Yeni", .company_name = "Yeni AŞ", .update_time = At(2)}),
      Canonical({.id = Id(1), .given_name = "Ayşe", .update_time = At(0)}),
  });
  CHECK(person.contact.id == Id(1));
  CHECK(person.contact.given_name == "Ayşe");
  CHECK(person.contact.company_name == "Yeni AŞ");
  CHECK(person.contact.locale == "tr");
  CHECK(person.merged_contact_ids == std::vector<Uuid>{Id(2), Id(3)});
}

TEST_CASE("a name is taken whole, never made of two people's halves") {
  const Person person = MakePerson({Canonical({.id = Id(1), .given_name = "Ayşe"}),
                                    Merged({.id = Id(2), .given_name = "Fatma", .family_name = "Yılmaz"})});
  CHECK(ShownName(person.contact) == "Ayşe");
  const Person nameless = MakePerson({Canonical({.id = Id(1)}), Merged({.id = Id(2), .display_name = "Fatma Yılmaz"})});
  CHECK(ShownName(nameless.contact) == "Fatma Yılmaz");
}

TEST_CASE("sets are unions, the canonical contact's first") {
  Contact own{.id = Id(1), .identities = {Customer("1")}, .addresses = {{.city = "Ankara"}}, .tags = {"b"}};
  own.custom_fields = {{"size", "M"}};
  Contact other{.id = Id(2),
                .identities = {Customer("2")},
                .addresses = {{.city = "Ankara"}, {.city = "Muş"}},
                .tags = {"a", "b"}};
  other.custom_fields = {{"size", "L"}, {"shoe", 42.0}};
  const Person person = MakePerson({Merged(other), Canonical(own)});
  CHECK(person.contact.identities == std::vector<Identity>{Customer("1"), Customer("2")});
  CHECK(person.contact.addresses.size() == 2);
  CHECK(person.contact.tags == std::vector<std::string>{"a", "b"});
  CHECK(person.contact.custom_fields == CustomFields{{"size", "M"}, {"shoe", 42.0}});
}

TEST_CASE("the etag changes with every member and is the old one after an unmerge") {
  const Contact own{.id = Id(1), .version = 3}, other{.id = Id(2), .version = 5}, changed{.id = Id(2), .version = 6};
  const std::string alone = MakePerson({{.contact = own}}).etag;
  const std::string merged = MakePerson({Canonical(own), Merged(other)}).etag;
  const std::string after_change = MakePerson({Canonical(own), Merged(changed)}).etag;
  CHECK(alone != merged);
  CHECK(merged != after_change);
  CHECK(MakePerson({{.contact = own}}).etag == alone);
}

TEST_CASE("identities stay with the member that owns them, new ones go to the canonical contact") {
  const Person person = MakePerson({Canonical({.id = Id(1), .identities = {Customer("1")}}),
                                    Merged({.id = Id(2), .identities = {Customer("2"), Customer("3")}})});
  const auto distributed = DistributeIdentities(person, {Customer("4"), Customer("3"), Customer("1")});
  CHECK(distributed.at(Id(1)) == std::vector<Identity>{Customer("4"), Customer("1")});
  CHECK(distributed.at(Id(2)) == std::vector<Identity>{Customer("3")});
}

}  // namespace
}  // namespace esnaf::contacts
