#include <rapidcheck.h>

#include <set>
#include <thread>

#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;

v1::ListIdentityReviewsResponse Reviews(ContactsUnderTest& service, bool show_decided = false) {
  v1::ListIdentityReviewsRequest request;
  request.set_show_decided(show_decided);
  ESNAF_REQUIRE_VALUE(auto reviews,
                      service.Call<v1::ListIdentityReviewsResponse>("ContactService/ListIdentityReviews", request));
  return reviews;
}

absl::StatusOr<v1::IdentityReview> Decide(ContactsUnderTest& service, const std::string& id,
                                          v1::IdentityReview::Decision decision) {
  v1::DecideIdentityReviewRequest request;
  request.set_id(id);
  request.set_decision(decision);
  return service.Call<v1::IdentityReview>("ContactService/DecideIdentityReview", request);
}

TEST_CASE("either id answers the person, with the merged one's values where the survivor has none") {
  ContactsUnderTest service;
  v1::Contact other = MakeContact("Ayse", "Y.", {Customer("2")});
  other.set_company_name("Öz Gıda");
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("Ayşe", "Yılmaz", {Customer("1")})));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(other));
  ESNAF_REQUIRE_VALUE(const v1::Contact merged, service.Merge(a.id(), b.id()));
  CHECK(merged.id() == a.id());
  CHECK(merged.given_name() == "Ayşe");
  CHECK(merged.company_name() == "Öz Gıda");
  CHECK(merged.identities_size() == 2);
  REQUIRE(merged.merged_contact_ids_size() == 1);
  CHECK(merged.merged_contact_ids(0) == b.id());
  for (const std::string& id : {a.id(), b.id()}) {
    ESNAF_REQUIRE_VALUE(const v1::Contact got, service.Get(id));
    CHECK(got.SerializeAsString() == merged.SerializeAsString());
  }
  v1::ListContactsRequest list;
  ESNAF_REQUIRE_VALUE(const auto listed, service.Call<v1::ListContactsResponse>("ContactService/ListContacts", list));
  REQUIRE(listed.contacts_size() == 1);
  CHECK(listed.contacts(0).SerializeAsString() == merged.SerializeAsString());
}

TEST_CASE("an unmerge gives everyone back what is theirs, also what came in between") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("Ayşe", "Yılmaz", {Customer("1")})));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("Fatma", "Demir", {Customer("2")})));
  CHECK_OK(service.Merge(a.id(), b.id()));
  // A profile that comes for the merged one's customer number is that contact's, whoever it is shown as.
  ESNAF_REQUIRE_VALUE(const auto upserted, service.Upsert(MakeContact("", "", {Customer("2"), Email("f@x.tr", true)})));
  CHECK(upserted.contact().id() == a.id());
  CHECK(upserted.contact().identities_size() == 3);
  ESNAF_REQUIRE_VALUE(const v1::Contact released, service.Unmerge(b.id()));
  CHECK(released.id() == b.id());
  CHECK(released.given_name() == "Fatma");
  CHECK(released.identities_size() == 2);
  ESNAF_REQUIRE_VALUE(const v1::Contact left, service.Get(a.id()));
  CHECK(left.SerializeAsString() == a.SerializeAsString());
}

TEST_CASE("each merge and unmerge is an event with a version that counts, a line in the ledger and in the timeline") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("A", "A")));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("B", "B")));
  for (int i = 0; i < 2; ++i) {
    CHECK_OK(service.Merge(a.id(), b.id()));
    CHECK_OK(service.Unmerge(b.id()));
  }
  const auto rows = service.schema().Sql(
      "SELECT aggregate_version, payload FROM outbox WHERE aggregate_type = 'contact_alias' AND aggregate_id = $1 "
      "ORDER BY seq",
      {b.id()});
  REQUIRE(rows.size() == 4);
  for (int i = 0; i < 4; ++i) {
    CHECK(rows[i].Get<std::int64_t>(0) == i + 1);
    v1::ContactAliasChanged payload;
    REQUIRE(payload.ParseFromString(rows[i].Get<postgres::Bytes>(1).data));
    CHECK(payload.original_id() == b.id());
    CHECK(payload.canonical_id() == (i % 2 == 0 ? a.id() : ""));
  }
  CHECK(service.Number("SELECT count(*) FROM merge_ledger") == 4);
  CHECK(service.Number("SELECT count(*) FROM timeline_entry WHERE kind = 3") == 4);
  CHECK(service.Number("SELECT max(version) FROM contact") == 1);
}

TEST_CASE("merges that make no sense are refused with their reason") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("A", "A")));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("B", "B")));
  CHECK(ErrorReason(service.Merge(a.id(), a.id()).status()) == "SAME_PERSON");
  CHECK_STATUS_IS(service.Merge(a.id(), "01890a5d-ac96-774b-bcce-b302099a8057"), StatusCode::kNotFound, "");
  CHECK(ErrorReason(service.Unmerge(a.id()).status()) == "NOT_MERGED");
  CHECK_OK(service.Merge(a.id(), b.id()));
  CHECK(ErrorReason(service.Merge(b.id(), a.id()).status()) == "SAME_PERSON");
  CHECK(ErrorReason(service.Unmerge(a.id()).status()) == "NOT_MERGED");
  v1::UnmergeContactRequest request;
  request.set_id(a.id());
  request.set_other_contact_id(b.id());
  ESNAF_REQUIRE_VALUE(const v1::Contact released, service.Call<v1::Contact>("ContactService/UnmergeContact", request));
  CHECK(released.id() == b.id());
  v1::DeleteContactRequest remove;
  remove.set_id(b.id());
  CHECK_OK(service.Call<v1::Contact>("ContactService/DeleteContact", remove));
  CHECK(ErrorReason(service.Merge(a.id(), b.id()).status()) == "CONTACT_DELETED");
}

TEST_CASE("merges of the same contacts at once never make a circle") {
  ContactsUnderTest service;
  constexpr int kContacts = 4;
  std::vector<std::string> ids;
  for (int i = 0; i < kContacts; ++i) {
    ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("Kişi", std::to_string(i))));
    ids.push_back(contact.id());
  }
  std::vector<absl::Status> answers(kContacts);
  std::vector<std::thread> threads;
  for (int i = 0; i < kContacts; ++i) {
    threads.emplace_back([&, i] {
      v1::MergeContactsRequest request;
      request.set_id(ids[i]);
      request.set_other_contact_id(ids[(i + 1) % kContacts]);
      answers[i] =
          service.channel()->Call<v1::Contact>("/esnaf.contacts.v1.ContactService/MergeContacts", request).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  // The last of them finds that all are one person.
  CHECK(std::count_if(answers.begin(), answers.end(), [](const absl::Status& s) { return s.ok(); }) == kContacts - 1);
  CHECK(service.Number("SELECT count(*) FROM contact_alias") == kContacts - 1);
  std::set<std::string> canonical;
  for (const std::string& id : ids) {
    ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Get(id));
    canonical.insert(contact.id());
  }
  CHECK(canonical.size() == 1);
}

TEST_CASE("an update by a merged id changes the person, and an identity is given up where it lies") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("Ayşe", "Yılmaz", {Email("a@x.tr", false)})));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("Ayse", "Yilmaz", {Email("b@x.tr", false)})));
  CHECK_OK(service.Merge(a.id(), b.id()));
  v1::UpdateContactRequest update;
  update.mutable_contact()->set_id(b.id());
  update.mutable_contact()->set_given_name("Ayşenur");
  *update.mutable_contact()->add_identities() = Email("a@x.tr", true);
  ESNAF_REQUIRE_VALUE(const v1::Contact updated, service.Call<v1::Contact>("ContactService/UpdateContact", update));
  CHECK(updated.id() == a.id());
  CHECK(updated.given_name() == "Ayşenur");
  REQUIRE(updated.identities_size() == 1);
  CHECK(updated.identities(0).verified());
  ESNAF_REQUIRE_VALUE(const v1::Contact released, service.Unmerge(b.id()));
  CHECK(released.identities().empty());
  CHECK(released.given_name() == "Ayse");
}

TEST_CASE("a review can merge, an unmerge opens it again, and apart means apart") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const auto owner, service.Upsert(MakeContact("Ayşe", "", {Email("a@x.tr", true)})));
  ESNAF_REQUIRE_VALUE(const auto claimant,
                      service.Upsert(MakeContact("Fatma", "", {Customer("7"), Email("a@x.tr", false)})));
  const auto reviews = Reviews(service);
  REQUIRE(reviews.reviews_size() == 1);
  const std::string id = reviews.reviews(0).id();
  CHECK(reviews.reviews(0).owner_contact_id() == owner.contact().id());
  CHECK(reviews.reviews(0).claimant_contact_id() == claimant.contact().id());
  CHECK(reviews.reviews(0).identity().value() == "a@x.tr");
  CHECK_STATUS_IS(Decide(service, id, v1::IdentityReview::DECISION_UNSPECIFIED), StatusCode::kInvalidArgument, "");

  ESNAF_REQUIRE_VALUE(const auto merged, Decide(service, id, v1::IdentityReview::DECISION_MERGED));
  CHECK(merged.decision() == v1::IdentityReview::DECISION_MERGED);
  CHECK(merged.has_decide_time());
  ESNAF_REQUIRE_VALUE(const v1::Contact person, service.Get(claimant.contact().id()));
  CHECK(person.id() == owner.contact().id());
  CHECK(Reviews(service).reviews().empty());
  CHECK(ErrorReason(Decide(service, id, v1::IdentityReview::DECISION_MERGED).status()) == "REVIEW_DECIDED");

  CHECK_OK(service.Unmerge(claimant.contact().id()));
  CHECK(Reviews(service).reviews_size() == 1);
  ESNAF_REQUIRE_VALUE(const auto apart, Decide(service, id, v1::IdentityReview::DECISION_KEPT_APART));
  CHECK(apart.decision() == v1::IdentityReview::DECISION_KEPT_APART);
  CHECK(Reviews(service).reviews().empty());
  CHECK(Reviews(service, true).reviews_size() == 1);
  ESNAF_REQUIRE_VALUE(const auto again,
                      service.Upsert(MakeContact("Fatma", "", {Customer("7"), Email("a@x.tr", false)})));
  CHECK(again.review_ids().empty());
}

TEST_CASE("look-alikes are listed best first, with why") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const auto owner, service.Upsert(MakeContact("Zehra", "Işık", {Email("a@x.tr", true)})));
  ESNAF_REQUIRE_VALUE(const auto claimant,
                      service.Upsert(MakeContact("ZEHRA", "IŞIK", {Customer("7"), Email("a@x.tr", false)})));
  ESNAF_REQUIRE_VALUE(const v1::Contact namesake, service.Create(MakeContact("Zehra", "Işık")));
  CHECK_OK(service.Create(MakeContact("Mehmet", "Öz")));
  v1::ListDuplicateCandidatesRequest request;
  request.set_contact_id(owner.contact().id());
  using Candidates = v1::ListDuplicateCandidatesResponse;
  ESNAF_REQUIRE_VALUE(const Candidates found,
                      service.Call<Candidates>("ContactService/ListDuplicateCandidates", request));
  REQUIRE(found.candidates_size() == 2);
  CHECK(found.candidates(0).contact().id() == claimant.contact().id());
  CHECK(found.candidates(0).reasons_size() == 3);
  CHECK(found.candidates(1).contact().id() == namesake.id());
  CHECK(found.candidates(0).score() > found.candidates(1).score());
}

// What every contact answers, and what its timeline holds, without the lines about merges themselves.
std::string Snapshot(ContactsUnderTest& service, const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) {
    ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Get(id));
    text += contact.SerializeAsString();
    v1::ListTimelineRequest request;
    request.set_contact_id(id);
    request.add_kinds(v1::TIMELINE_KIND_INTERACTION);
    ESNAF_REQUIRE_VALUE(const auto timeline,
                        service.Call<v1::ListTimelineResponse>("InteractionService/ListTimeline", request));
    text += timeline.SerializeAsString();
  }
  return text;
}

// Something that happens to a random contact: a new identity, a name, or an interaction, told by its customer number.
void AddRandomFact(ContactsUnderTest& service, int number, int serial) {
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      REQUIRE_OK(service.Upsert(MakeContact(
          "", "", {Customer(std::to_string(number)), Email("e" + std::to_string(serial) + "@x.tr", true)})));
      return;
    case 1:
      REQUIRE_OK(service.Upsert(MakeContact("Ad" + std::to_string(serial), "", {Customer(std::to_string(number))})));
      return;
    default: {
      v1::IngestInteractionRequest request;
      request.mutable_interaction()->set_channel(v1::CHANNEL_EMAIL);
      request.mutable_interaction()->set_direction(v1::DIRECTION_INBOUND);
      request.mutable_interaction()->set_external_id("m" + std::to_string(serial));
      // Remembers whose it is, for the check that it never moved.
      request.mutable_interaction()->set_thread_id(std::to_string(number));
      *request.mutable_identity() = Customer(std::to_string(number));
      REQUIRE_OK(service.Call<v1::IngestInteractionResponse>("InteractionService/IngestInteraction", request));
    }
  }
}

TEST_CASE("merge then unmerge changes nothing, also for facts that arrive in between") {
  ContactsUnderTest service;
  int serial = 0, histories = 0;
  constexpr int kContacts = 4;
  constexpr int kMostHistories = 15;  // each is dozens of calls
  REQUIRE(rc::check("unmerge undoes merge", [&] {
    if (++histories > kMostHistories) return;
    std::vector<std::string> ids;
    const int base = ++serial * 1000;
    for (int i = 0; i < kContacts; ++i) {
      ESNAF_REQUIRE_VALUE(const auto created,
                          service.Upsert(MakeContact("K", "", {Customer(std::to_string(base + i))})));
      ids.push_back(created.contact().id());
    }
    if (*rc::gen::arbitrary<bool>()) REQUIRE_OK(service.Merge(ids[2], ids[3]));
    const std::string survivor = ids[*rc::gen::inRange(0, 2)];
    const std::string other = ids[*rc::gen::inRange(2, kContacts)];
    ESNAF_REQUIRE_VALUE(const v1::Contact root, service.Get(other));
    const std::string before = Snapshot(service, ids);
    REQUIRE_OK(service.Merge(survivor, other));
    RC_ASSERT(Snapshot(service, ids) != before);
    const int facts = *rc::gen::inRange(0, 4);
    for (int i = 0; i < facts; ++i) AddRandomFact(service, base + *rc::gen::inRange(0, kContacts), ++serial);
    REQUIRE_OK(service.Unmerge(root.id()));
    const std::string after = Snapshot(service, ids);
    if (facts == 0) RC_ASSERT(after == before);
    // Whatever there is now, merging and unmerging once more is the identity on it.
    REQUIRE_OK(service.Merge(survivor, other));
    REQUIRE_OK(service.Unmerge(root.id()));
    RC_ASSERT(Snapshot(service, ids) == after);
    // What a contact's row says of its identities is what the index of identities says.
    RC_ASSERT(service.Number(
                  "SELECT count(*) FROM contact c WHERE (SELECT jsonb_agg(e ORDER BY e) FROM"
                  " jsonb_array_elements(c.identities) e) IS DISTINCT FROM (SELECT jsonb_agg(e ORDER BY e) FROM (SELECT"
                  " jsonb_build_array(kind, store_id, value, verified) AS e FROM contact_identity i"
                  " WHERE i.contact_id = c.id) x)") == 0);
    RC_ASSERT(service.Number("SELECT count(*) FROM interaction n WHERE NOT EXISTS (SELECT FROM contact_identity i"
                             " WHERE i.contact_id = n.contact_id AND i.kind = 1 AND i.value = n.thread_id)") == 0);
  }));
}

}  // namespace
}  // namespace esnaf::contacts
