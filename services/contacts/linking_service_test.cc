#include <set>
#include <thread>

#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;
using Resolved = v1::ResolveContactsResponse;

v1::ResolveContactsRequest Sets(const std::vector<std::vector<v1::Identity>>& sets) {
  v1::ResolveContactsRequest request;
  request.set_create_missing(true);
  for (const auto& identities : sets) {
    v1::IdentitySet& set = *request.add_sets();
    for (const v1::Identity& identity : identities) *set.add_identities() = identity;
  }
  return request;
}

std::string NumberOf(int i) { return "no-" + std::to_string(i); }

TEST_CASE("an upsert creates, then finds, then adds; what is unchanged is not written") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const auto first, service.Upsert(MakeContact("Ayşe", "", {Customer("1")})));
  CHECK(first.created());
  ESNAF_REQUIRE_VALUE(const auto same, service.Upsert(MakeContact("Ayşe", "", {Customer("1")})));
  CHECK_FALSE(same.created());
  CHECK(same.contact().SerializeAsString() == first.contact().SerializeAsString());
  CHECK(service.Number("SELECT count(*) FROM outbox") == 1);
  ESNAF_REQUIRE_VALUE(const auto more,
                      service.Upsert(MakeContact("", "Yılmaz", {Customer("1"), Email("a@x.tr", true)})));
  CHECK(more.contact().id() == first.contact().id());
  CHECK(more.contact().display_name() == "Ayşe Yılmaz");
  CHECK(more.contact().identities_size() == 2);
  ESNAF_REQUIRE_VALUE(const auto by_email, service.Upsert(MakeContact("", "", {Email("a@x.tr", true)})));
  CHECK(by_email.contact().id() == first.contact().id());
}

TEST_CASE("an address that is verified later is verified from then on") {
  ContactsUnderTest service;
  CHECK_OK(service.Upsert(MakeContact("Ayşe", "", {Customer("1"), Email("a@x.tr", false)})));
  ESNAF_REQUIRE_VALUE(const auto later, service.Upsert(MakeContact("", "", {Customer("1"), Email("a@x.tr", true)})));
  REQUIRE(later.contact().identities_size() == 2);
  CHECK(later.contact().identities(1).verified());
}

TEST_CASE("a conflict joins nobody, opens one review and keeps the identity where it is") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const auto owner, service.Upsert(MakeContact("Ayşe", "", {Email("a@x.tr", true)})));
  ESNAF_REQUIRE_VALUE(const auto claimant,
                      service.Upsert(MakeContact("Fatma", "", {Customer("7"), Email("a@x.tr", false)})));
  CHECK(claimant.created());
  CHECK(claimant.contact().identities_size() == 1);
  CHECK(claimant.review_ids_size() == 1);
  ESNAF_REQUIRE_VALUE(const auto again,
                      service.Upsert(MakeContact("Fatma", "", {Customer("7"), Email("a@x.tr", false)})));
  CHECK(again.contact().id() == claimant.contact().id());
  CHECK(again.review_ids().empty());
  CHECK(service.Number("SELECT count(*) FROM identity_review") == 1);
}

TEST_CASE("an upsert without identities is refused, and a deleted contact comes back") {
  ContactsUnderTest service;
  CHECK_STATUS_IS(service.Upsert(MakeContact("Ayşe", "")), StatusCode::kInvalidArgument, "contact.identities");
  ESNAF_REQUIRE_VALUE(const auto first, service.Upsert(MakeContact("Ayşe", "", {Customer("1")})));
  v1::DeleteContactRequest remove;
  remove.set_id(first.contact().id());
  CHECK_OK(service.Call<v1::Contact>("ContactService/DeleteContact", remove));
  ESNAF_REQUIRE_VALUE(const auto back, service.Upsert(MakeContact("Ayşe", "", {Customer("1")})));
  CHECK(back.contact().id() == first.contact().id());
  CHECK_FALSE(back.contact().has_delete_time());
}

TEST_CASE("a thousand sets are resolved in their order, new people made once") {
  ContactsUnderTest service;
  std::vector<std::vector<v1::Identity>> sets;
  for (int i = 0; i < 1000; ++i) sets.push_back({Customer(NumberOf(i / 2)), Email(NumberOf(i / 2) + "@x.tr", true)});
  ESNAF_REQUIRE_VALUE(const Resolved first, service.Call<Resolved>("ContactService/ResolveContacts", Sets(sets)));
  REQUIRE(first.contacts_size() == 1000);
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.insert(first.contacts(i).contact_id());
    if (first.contacts(i).created() != (i % 2 == 0)) FAIL("set " << i << " was created twice or never");
    if (first.contacts(i).contact_id() != first.contacts(i - i % 2).contact_id()) FAIL("set " << i << " is another");
  }
  CHECK(ids.size() == 500);
  ESNAF_REQUIRE_VALUE(const Resolved second, service.Call<Resolved>("ContactService/ResolveContacts", Sets(sets)));
  for (int i = 0; i < 1000; ++i) {
    if (second.contacts(i).created() || second.contacts(i).contact_id() != first.contacts(i).contact_id()) {
      FAIL("set " << i << " was not found again");
    }
  }
  CHECK(service.Number("SELECT count(*) FROM contact") == 500);
  CHECK(service.Number("SELECT count(*) FROM outbox") == 500);
}

TEST_CASE("a new contact of a set has its names and country; a found one gets what is new") {
  ContactsUnderTest service;
  v1::ResolveContactsRequest request = Sets({{Customer("1")}});
  request.mutable_sets(0)->set_display_name("Ayşe Yılmaz");
  request.mutable_sets(0)->set_country_code("TR");
  ESNAF_REQUIRE_VALUE(const Resolved created, service.Call<Resolved>("ContactService/ResolveContacts", request));
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Get(created.contacts(0).contact_id()));
  CHECK(contact.display_name() == "Ayşe Yılmaz");
  CHECK(contact.addresses(0).country_code() == "TR");
  CHECK_OK(service.Call<Resolved>("ContactService/ResolveContacts", Sets({{Customer("1"), Email("a@x.tr", true)}})));
  ESNAF_REQUIRE_VALUE(const v1::Contact richer, service.Get(contact.id()));
  CHECK(richer.identities_size() == 2);
}

TEST_CASE("without leave to create, nothing is written and the unknown stay empty") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const auto known, service.Upsert(MakeContact("Ayşe", "", {Customer("1")})));
  v1::ResolveContactsRequest request = Sets({{Customer("2")}, {Customer("1"), Email("new@x.tr", true)}});
  request.set_create_missing(false);
  ESNAF_REQUIRE_VALUE(const Resolved found, service.Call<Resolved>("ContactService/ResolveContacts", request));
  CHECK(found.contacts(0).contact_id().empty());
  CHECK(found.contacts(1).contact_id() == known.contact().id());
  CHECK(service.Number("SELECT count(*) FROM contact_identity") == 1);
}

TEST_CASE("a bad set is named by its number") {
  ContactsUnderTest service;
  v1::ResolveContactsRequest request = Sets({{Customer("1")}, {Email("nobody", false)}, {}});
  request.mutable_sets(0)->set_country_code("tr");
  const absl::Status status = service.Call<Resolved>("ContactService/ResolveContacts", request).status();
  std::set<std::string> fields;
  for (const auto& [field, problem] : ErrorFields(status)) fields.insert(field);
  CHECK(fields == std::set<std::string>{"sets[0].country_code", "sets[1].identities[0].value", "sets[2].identities"});
}

TEST_CASE("whoever resolves the same new people at once, each person is one contact and nobody is left over") {
  ContactsUnderTest service;
  constexpr int kThreads = 4, kPeople = 50;
  std::vector<absl::StatusOr<Resolved>> answers(kThreads, absl::UnknownError("not called"));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::vector<v1::Identity>> sets;
      // Each comes with the people in another order, and with an e-mail that others may bring first.
      for (int i = 0; i < kPeople; ++i) {
        const int person = t % 2 == 0 ? i : kPeople - 1 - i;
        sets.push_back({Customer(NumberOf(person)), Email(NumberOf(person) + "@x.tr", true)});
      }
      answers[t] = service.channel()->Call<Resolved>("/esnaf.contacts.v1.ContactService/ResolveContacts", Sets(sets));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& answer : answers) REQUIRE_OK(answer);
  for (int t = 1; t < kThreads; ++t) {
    for (int i = 0; i < kPeople; ++i) {
      const int place = t % 2 == 0 ? i : kPeople - 1 - i;
      if (answers[t]->contacts(place).contact_id() != answers[0]->contacts(i).contact_id())
        FAIL("two contacts for " << i);
    }
  }
  CHECK(service.Number("SELECT count(*) FROM contact") == kPeople);
  CHECK(service.Number("SELECT count(*) FROM contact_identity") == 2 * kPeople);
}

TEST_CASE("concurrent upserts of one person lose nothing") {
  ContactsUnderTest service;
  CHECK_OK(service.Upsert(MakeContact("Ayşe", "", {Customer("1")})));
  constexpr int kThreads = 4;
  std::vector<absl::Status> answers(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      v1::UpsertContactRequest request;
      *request.mutable_contact() = MakeContact("", "", {Customer("1")});
      request.mutable_contact()->add_tags("tag-" + std::to_string(t));
      answers[t] = service.channel()
                       ->Call<v1::UpsertContactResponse>("/esnaf.contacts.v1.ContactService/UpsertContact", request)
                       .status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& answer : answers) CHECK_OK(answer);
  CHECK(service.Number("SELECT cardinality(tags) FROM contact") == kThreads);
  CHECK(service.Number("SELECT version FROM contact") == 1 + kThreads);
}

}  // namespace
}  // namespace esnaf::contacts
