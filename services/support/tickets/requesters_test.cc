// Goal: what a caller says of a requester is made comparable, put in the order of trust, or refused by name.
#include "services/support/tickets/requesters.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

void Add(contacts::v1::IdentitySet& set, contacts::v1::IdentityKind kind, const std::string& value,
         bool verified = false, const std::string& store = "") {
  contacts::v1::Identity& identity = *set.add_identities();
  identity.set_kind(kind);
  identity.set_value(value);
  identity.set_verified(verified);
  identity.set_store_id(store);
}

TEST_CASE("identities are normalized and come in the order of trust") {
  contacts::v1::IdentitySet given;
  given.set_given_name("Ayşe");
  Add(given, contacts::v1::IDENTITY_KIND_VISITOR, "v1", true);
  Add(given, contacts::v1::IDENTITY_KIND_EMAIL, " AYSE@Example.com ");
  Add(given, contacts::v1::IDENTITY_KIND_PHONE, "0532 123 45 67", true);
  Add(given, contacts::v1::IDENTITY_KIND_STORE_CUSTOMER, "C1");
  FieldViolations violations;
  const identity::IdentitySet set = RequesterFromProto(given, "tr", "requester", violations);
  CHECK_OK(violations.ToStatus());
  using identity::Kind;
  CHECK(set.given_name == "Ayşe");
  CHECK(set.identities == std::vector<identity::Identity>{{Kind::kStoreCustomer, "tr", "C1", true},
                                                          {Kind::kPhone, "", "+905321234567", true},
                                                          {Kind::kEmail, "", "ayse@example.com", false},
                                                          {Kind::kVisitor, "", "v1", false}});
}

TEST_CASE("what is wrong with a requester is named") {
  contacts::v1::IdentitySet given;
  Add(given, contacts::v1::IDENTITY_KIND_UNSPECIFIED, "x");
  Add(given, contacts::v1::IDENTITY_KIND_EMAIL, "x");
  Add(given, contacts::v1::IDENTITY_KIND_STORE_CUSTOMER, "C1");
  Add(given, contacts::v1::IDENTITY_KIND_VISITOR, "", false, "tr");
  FieldViolations violations;
  RequesterFromProto(given, "", "requester", violations);
  std::string fields;
  for (const auto& [field, description] : ErrorFields(violations.ToStatus())) fields += field + ";";
  CHECK(fields ==
        "requester.identities[0].kind;requester.identities[1].value;requester.identities[2].store_id;"
        "requester.identities[3].value;requester.identities[3].store_id;");
  FieldViolations none;
  RequesterFromProto({}, "", "requester", none);
  CHECK_FALSE(none.empty());
}

}  // namespace
}  // namespace esnaf::support
