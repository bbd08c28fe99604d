#pragma once

// A contacts service under test: its schema, its server, and calls by the last part of the method's name.
#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/contacts/v1/events.pb.h"
#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/contacts/v1/iys.pb.h"
#include "esnaf/migrations/contacts.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/runtime.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"
#include "services/contacts/consent_service.h"
#include "services/contacts/contact_service.h"
#include "services/contacts/custom_field_service.h"
#include "services/contacts/interaction_service.h"
#include "services/contacts/iys/iys_service.h"

namespace esnaf::contacts {

class ContactsUnderTest {
 public:
  testing::TestSchema& schema() { return schema_; }
  postgres::Connection& connection() { return schema_.connection(); }
  ManualClock& clock() { return clock_; }
  std::shared_ptr<runtime::Channel> channel() const { return server_.channel(); }

  // Calls `/esnaf.contacts.v1.<method>`, for example "ContactService/GetContact".
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const runtime::ClientCallOptions& options = {}) {
    clock_.Advance(std::chrono::milliseconds(1));
    return server_.channel()->Call<Response>("/esnaf.contacts.v1." + method, request, options);
  }

  absl::StatusOr<v1::Contact> Create(const v1::Contact& contact, bool allow_duplicates = true) {
    v1::CreateContactRequest request;
    *request.mutable_contact() = contact;
    request.set_allow_duplicates(allow_duplicates);
    return Call<v1::Contact>("ContactService/CreateContact", request);
  }
  absl::StatusOr<v1::Contact> Get(const std::string& id) {
    v1::GetContactRequest request;
    request.set_id(id);
    return Call<v1::Contact>("ContactService/GetContact", request);
  }
  absl::StatusOr<v1::UpsertContactResponse> Upsert(const v1::Contact& contact) {
    v1::UpsertContactRequest request;
    *request.mutable_contact() = contact;
    return Call<v1::UpsertContactResponse>("ContactService/UpsertContact", request);
  }
  absl::StatusOr<v1::Contact> Merge(const std::string& id, const std::string& other) {
    v1::MergeContactsRequest request;
    request.set_id(id);
    request.set_other_contact_id(other);
    return Call<v1::Contact>("ContactService/MergeContacts", request);
  }
  absl::StatusOr<v1::Contact> Unmerge(const std::string& id) {
    v1::UnmergeContactRequest request;
    request.set_id(id);
    return Call<v1::Contact>("ContactService/UnmergeContact", request);
  }

  // How many rows a query counts, or another single number.
  std::int64_t Number(const std::string& sql) { return schema_.Sql(sql)[0].Get<std::int64_t>(0); }

 private:
  testing::TestSchema schema_{"contacts",
                              {&migrations::runtime(), &migrations::events(), &migrations::contacts()},
                              {"runtime", "events", "contacts"}};
  ManualClock clock_{SystemClock().Now()};
  ContactService contacts_;
  ConsentService consents_;
  IysService iys_;
  InteractionService interactions_;
  CustomFieldService custom_fields_;
  testing::TestServer server_{
      schema_,
      {contacts_.Rpcs(), consents_.Rpcs(), iys_.Rpcs(), interactions_.Rpcs(), custom_fields_.Rpcs()},
      {.name = "contacts", .clock = &clock_}};
};

inline v1::Identity MakeIdentity(v1::IdentityKind kind, const std::string& value, bool verified) {
  v1::Identity identity;
  identity.set_kind(kind);
  identity.set_value(value);
  identity.set_verified(verified);
  if (kind == v1::IDENTITY_KIND_STORE_CUSTOMER) identity.set_store_id("tr");
  return identity;
}
inline v1::Identity Customer(const std::string& number) {
  return MakeIdentity(v1::IDENTITY_KIND_STORE_CUSTOMER, number, true);
}
inline v1::Identity Email(const std::string& value, bool verified) {
  return MakeIdentity(v1::IDENTITY_KIND_EMAIL, value, verified);
}

inline v1::Contact MakeContact(const std::string& given_name, const std::string& family_name,
                               const std::vector<v1::Identity>& identities = {}) {
  v1::Contact contact;
  contact.set_given_name(given_name);
  contact.set_family_name(family_name);
  for (const v1::Identity& identity : identities) *contact.add_identities() = identity;
  return contact;
}

}  // namespace esnaf::contacts
