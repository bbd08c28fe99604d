#include "services/contacts/contact.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

Identity Email(std::string value, bool verified = false) {
  return {{IdentityKind::kEmail, "", std::move(value)}, verified};
}

// The fields that normalizing a contact finds fault with.
std::vector<std::string> BadFields(const Contact& contact) {
  FieldViolations violations;
  NormalizeContact(contact, violations);
  std::vector<std::string> fields;
  for (const auto& [field, problem] : ErrorFields(violations.ToStatus())) fields.push_back(field);
  return fields;
}

Contact Normalized(const Contact& contact) {
  FieldViolations violations;
  Contact normal = NormalizeContact(contact, violations);
  REQUIRE_OK(violations.ToStatus());
  return normal;
}

TEST_CASE("a contact without a name of its own shows given and family name") {
  CHECK(ShownName({.given_name = "Ayşe", .family_name = "Yılmaz"}) == "Ayşe Yılmaz");
  CHECK(ShownName({.given_name = "Ayşe"}) == "Ayşe");
  CHECK(ShownName({.family_name = "Yılmaz"}) == "Yılmaz");
  CHECK(ShownName({.given_name = "Ayşe", .display_name = "Ayşe Hanım"}) == "Ayşe Hanım");
  CHECK(ShownName({}).empty());
}

TEST_CASE("normalizing trims texts, folds identities and sorts tags") {
  const Contact contact =
      Normalized({.given_name = "  Ayşe ",
                  .identities = {Email(" Ayse@Example.COM "), {{IdentityKind::kPhone, "", "0532 123 45 67"}}},
                  .tags = {"vip", " ankara", "vip"}});
  CHECK(contact.given_name == "Ayşe");
  REQUIRE(contact.identities.size() == 2);
  CHECK(contact.identities[0].key.value == "ayse@example.com");
  CHECK(contact.identities[1].key.value == "+905321234567");
  CHECK(contact.tags == std::vector<std::string>{"ankara", "vip"});
}

TEST_CASE("an identity that comes twice counts once, verified if any of them is") {
  const Contact contact = Normalized({.identities = {Email("a@example.com"), Email("A@example.com", true)}});
  REQUIRE(contact.identities.size() == 1);
  CHECK(contact.identities[0].verified);
}

TEST_CASE("a store customer number is verified by nature, a visitor id never is") {
  const Contact contact = Normalized({.identities = {{{IdentityKind::kStoreCustomer, "tr", "17"}, false},
                                                     {{IdentityKind::kVisitor, "", "v-1"}, true}}});
  CHECK(contact.identities[0].verified);
  CHECK_FALSE(contact.identities[1].verified);
}

TEST_CASE("a phone without country code is one of the address's country") {
  const Contact contact = Normalized(
      {.identities = {{{IdentityKind::kPhone, "", "020 7946 0958"}}}, .addresses = {{.country_code = "GB"}}});
  CHECK(contact.identities[0].key.value == "+442079460958");
}

TEST_CASE("every bad field is named") {
  Contact contact{.given_name = std::string(301, 'a'),
                  .identities = {Email("nobody"),
                                 {{IdentityKind::kStoreCustomer, "", "17"}},
                                 {{IdentityKind::kUnspecified, "", "x"}},
                                 {{IdentityKind::kVisitor, "tr", ""}}},
                  .addresses = {{.street = "bad\xff", .country_code = "tr"}},
                  .tags = {"", "good"},
                  .locale = "türkçe"};
  contact.custom_fields["Size"] = "XL";
  CHECK(BadFields(contact) == std::vector<std::string>{"contact.given_name", "contact.locale",
                                                       "contact.identities[0].value", "contact.identities[1].store_id",
                                                       "contact.identities[2].kind", "contact.identities[3].value",
                                                       "contact.identities[3].store_id", "contact.addresses[0].street",
                                                       "contact.addresses[0].country_code", "contact.tags[0]",
                                                       "contact.custom_fields"});
}

TEST_CASE("limits hold at their edge") {
  Contact contact;
  for (std::size_t i = 0; i < kMaxTags; ++i) contact.tags.push_back("tag" + std::to_string(i));
  CHECK(BadFields(contact).empty());
  contact.tags.push_back("one more");
  CHECK(BadFields(contact) == std::vector<std::string>{"contact.tags"});
  contact.tags.clear();
  contact.addresses.resize(kMaxAddresses);
  CHECK(BadFields(contact).empty());
  contact.addresses.emplace_back();
  CHECK(BadFields(contact) == std::vector<std::string>{"contact.addresses"});
}

TEST_CASE("locales are BCP 47 in shape") {
  for (const char* good : {"tr", "tr-TR", "zh-Hant-TW", "de-CH-1901"}) CHECK(BadFields({.locale = good}).empty());
  for (const char* bad : {"-tr", "tr-", "tr_TR", "1tr", "abcdefghi"}) CHECK_FALSE(BadFields({.locale = bad}).empty());
}

TEST_CASE("search text folds Turkish and holds every way to find a person but visitor ids") {
  const std::string text =
      SearchText({.given_name = "IŞIL",
                  .family_name = "Çağlar",
                  .company_name = "Öz Gıda",
                  .identities = {Email("isil@example.com"), {{IdentityKind::kVisitor, "", "v-77"}}}});
  for (const char* part : {" isil ", " caglar ", " oz ", "isil@example.com"})
    CHECK(text.find(part) != std::string::npos);
  CHECK(text.find("v-77") == std::string::npos);
}

TEST_CASE("copying fields touches only those that are named") {
  Contact target{.given_name = "Old", .family_name = "Kept"};
  target.custom_fields = {{"size", "M"}, {"shoe", 42.0}};
  Contact source{.given_name = "New", .family_name = "Ignored", .tags = {"a"}};
  source.custom_fields = {{"size", "L"}};
  CopyFields(source, {"given_name", "custom_fields.size", "custom_fields.shoe"}, target);
  CHECK(target.given_name == "New");
  CHECK(target.family_name == "Kept");
  CHECK(target.tags.empty());
  CHECK(target.custom_fields == CustomFields{{"size", "L"}});
}

TEST_CASE("only fields of the contract can be updated") {
  for (const char* path : {"given_name", "tags", "identities", "custom_fields", "custom_fields.size", "owner"}) {
    CHECK(IsUpdatableField(path));
  }
  for (const char* path : {"", "id", "version", "custom_fields.", "custom_fields.Size", "given_name.x"}) {
    CHECK_FALSE(IsUpdatableField(path));
  }
}

TEST_CASE("what is given is added and what is absent is kept") {
  Contact contact{
      .given_name = "Ali", .addresses = {{.label = "home", .city = "Ankara"}}, .tags = {"b"}, .owner = "selin"};
  AddGivenFields({.given_name = "Veli",
                  .addresses = {{.label = "home", .city = "İzmir"}, {.label = "work", .city = "Bursa"}},
                  .tags = {"a", "b"}},
                 contact);
  CHECK(contact.given_name == "Veli");
  CHECK(contact.owner == "selin");
  CHECK(contact.tags == std::vector<std::string>{"a", "b"});
  REQUIRE(contact.addresses.size() == 2);
  CHECK(contact.addresses[0].city == "İzmir");
  CHECK(contact.addresses[1].city == "Bursa");
}

}  // namespace
}  // namespace esnaf::contacts
