#include "services/contacts/consent_store.h"
#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;

v1::RecordConsentRequest Record(const std::string& contact, v1::ConsentStatus status) {
  v1::RecordConsentRequest request;
  request.set_contact_id(contact);
  v1::Consent& consent = *request.mutable_consent();
  consent.set_purpose("marketing");
  consent.set_channel(v1::CONSENT_CHANNEL_EPOSTA);
  consent.set_status(status);
  consent.set_source(v1::CONSENT_SOURCE_HS_WEB);
  consent.set_recipient("Ayse@Example.com");
  consent.set_text_version("2026-01");
  consent.set_proof("form 17");
  return request;
}

v1::ConsentState State(ContactsUnderTest& service, const std::string& contact) {
  v1::GetConsentStateRequest request;
  request.set_contact_id(contact);
  ESNAF_REQUIRE_VALUE(auto state, service.Call<v1::ConsentState>("ConsentService/GetConsentState", request));
  return state;
}

TEST_CASE("the last word of a person holds, and every word is kept") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("Ayşe", "Yılmaz")));
  ESNAF_REQUIRE_VALUE(const auto given, service.Call<v1::Consent>("ConsentService/RecordConsent",
                                                                  Record(contact.id(), v1::CONSENT_STATUS_ONAY)));
  CHECK(given.recipient() == "ayse@example.com");
  CHECK(given.legal_basis() == v1::LEGAL_BASIS_CONSENT);
  CHECK(given.contact_id() == contact.id());
  ESNAF_REQUIRE_VALUE(const auto refused, service.Call<v1::Consent>("ConsentService/RecordConsent",
                                                                    Record(contact.id(), v1::CONSENT_STATUS_RET)));
  const v1::ConsentState state = State(service, contact.id());
  REQUIRE(state.consents_size() == 1);
  CHECK(state.consents(0).SerializeAsString() == refused.SerializeAsString());
  v1::ListConsentsRequest list;
  list.set_contact_id(contact.id());
  list.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto page, service.Call<v1::ListConsentsResponse>("ConsentService/ListConsents", list));
  REQUIRE(page.consents_size() == 1);
  CHECK(page.consents(0).id() == refused.id());
  list.set_page_token(page.next_page_token());
  ESNAF_REQUIRE_VALUE(const auto last, service.Call<v1::ListConsentsResponse>("ConsentService/ListConsents", list));
  REQUIRE(last.consents_size() == 1);
  CHECK(last.consents(0).id() == given.id());
  CHECK(last.next_page_token().empty());
  v1::GetConsentStateRequest then;
  then.set_contact_id(contact.id());
  *then.mutable_as_of() = given.consent_time();
  ESNAF_REQUIRE_VALUE(const auto old, service.Call<v1::ConsentState>("ConsentService/GetConsentState", then));
  REQUIRE(old.consents_size() == 1);
  CHECK(old.consents(0).id() == given.id());
}

TEST_CASE("a consent is an event and a line in the timeline") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("Ayşe", "Yılmaz")));
  ESNAF_REQUIRE_VALUE(const auto given, service.Call<v1::Consent>("ConsentService/RecordConsent",
                                                                  Record(contact.id(), v1::CONSENT_STATUS_ONAY)));
  const auto rows = service.schema().Sql("SELECT payload FROM outbox WHERE aggregate_type = 'consent'");
  REQUIRE(rows.size() == 1);
  v1::ConsentRecorded payload;
  REQUIRE(payload.ParseFromString(rows[0].Get<postgres::Bytes>(0).data));
  CHECK(payload.consent().SerializeAsString() == given.SerializeAsString());
  CHECK(service.Number("SELECT count(*) FROM timeline_entry WHERE kind = 2") == 1);
}

TEST_CASE("the ledger is never changed, not even by hand") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("Ayşe", "Yılmaz")));
  CHECK_OK(service.Call<v1::Consent>("ConsentService/RecordConsent", Record(contact.id(), v1::CONSENT_STATUS_ONAY)));
  for (const char* sql : {"UPDATE consent SET status = 2", "DELETE FROM consent", "TRUNCATE consent"}) {
    INFO(sql);
    const auto result = service.connection().Run(
        {}, [&](postgres::Tx& tx) -> absl::Status { return tx.ExecuteDynamic(sql, {}).status(); });
    CHECK_FALSE(result.ok());
  }
  CHECK(service.Number("SELECT count(*) FROM consent WHERE status = 1") == 1);
}

TEST_CASE("a merged person has the consents of all, and each keeps their own after an unmerge") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("A", "A")));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("B", "B")));
  CHECK_OK(service.Merge(a.id(), b.id()));
  CHECK_OK(service.Call<v1::Consent>("ConsentService/RecordConsent", Record(b.id(), v1::CONSENT_STATUS_ONAY)));
  CHECK(State(service, a.id()).consents_size() == 1);
  CHECK_OK(service.Unmerge(b.id()));
  CHECK(State(service, a.id()).consents_size() == 0);
  CHECK(State(service, b.id()).consents_size() == 1);
}

TEST_CASE("the statement says of what holds the same as the rule") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("A", "A")));
  const Time now = service.clock().Now();
  const Uuid id = Uuid::Parse(contact.id()).value();
  std::vector<Consent> ledger;
  for (int i = 0; i < 40; ++i) {
    Consent consent{.id = Uuid::FromName("consent", std::to_string(i)),
                    .contact_id = id,
                    .purpose = i % 3 == 0 ? "profiling" : "marketing",
                    .channel = static_cast<ConsentChannel>(1 + i * 7 % 3),
                    .status = static_cast<ConsentStatus>(1 + i * 5 % 2),
                    .legal_basis = LegalBasis::kConsent,
                    .recipient_type = ConsentRecipientType::kBireysel,
                    .consent_time = now - std::chrono::minutes(i * 11 % 7),
                    .create_time = now + std::chrono::minutes(i * 13 % 5)};
    ledger.push_back(consent);
    const events::NewEvent event{.id = consent.id,
                                 .aggregate_type = "consent",
                                 .aggregate_id = consent.id,
                                 .aggregate_version = 1,
                                 .type = "t",
                                 .payload = "",
                                 .happen_time = now};
    REQUIRE_OK(service.connection().Run({}, [&](postgres::Tx& tx) { return AddConsent(tx, consent, event); }));
  }
  for (int minutes = 0; minutes < 8; ++minutes) {
    const Time as_of = now - std::chrono::minutes(minutes);
    ESNAF_REQUIRE_VALUE(const std::vector<Consent> stored, service.connection().Run({}, [&](postgres::Tx& tx) {
      return contacts::GetConsentState(tx, {id}, as_of);
    }));
    CHECK(stored == StateOf(ledger, as_of));
  }
}

TEST_CASE("bad consents are refused with their fields, unknown contacts are not found") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("A", "A")));
  v1::RecordConsentRequest request = Record(contact.id(), v1::CONSENT_STATUS_UNSPECIFIED);
  request.mutable_consent()->set_purpose("Marketing!");
  const absl::Status status = service.Call<v1::Consent>("ConsentService/RecordConsent", request).status();
  CHECK(status.code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(status).size() == 2);
  CHECK_STATUS_IS(service.Call<v1::Consent>("ConsentService/RecordConsent",
                                            Record("01890a5d-ac96-774b-bcce-b302099a8057", v1::CONSENT_STATUS_ONAY)),
                  StatusCode::kNotFound, "");
}

TEST_CASE("what holds for many people is asked at once, merged ones taken as one") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact ayse, service.Create(MakeContact("Ayşe", "Yılmaz")));
  ESNAF_REQUIRE_VALUE(const v1::Contact same, service.Create(MakeContact("A.", "Yılmaz")));
  ESNAF_REQUIRE_VALUE(const v1::Contact mehmet, service.Create(MakeContact("Mehmet", "Demir")));
  REQUIRE_OK(service.Call<v1::Consent>("ConsentService/RecordConsent", Record(ayse.id(), v1::CONSENT_STATUS_ONAY)));
  service.clock().Advance(std::chrono::hours(1));
  REQUIRE_OK(service.Call<v1::Consent>("ConsentService/RecordConsent", Record(same.id(), v1::CONSENT_STATUS_RET)));
  const auto states = [&] {
    v1::BatchGetConsentStatesRequest request;
    for (const auto& id : {mehmet.id(), ayse.id()}) request.add_contact_ids(id);
    ESNAF_REQUIRE_VALUE(auto answer, (service.Call<v1::BatchGetConsentStatesResponse>(
                                         "ConsentService/BatchGetConsentStates", request)));
    return answer;
  };
  auto before = states();
  REQUIRE(before.states_size() == 2);
  CHECK(before.states(0).consents_size() == 0);
  REQUIRE(before.states(1).consents_size() == 1);
  CHECK(before.states(1).consents(0).status() == v1::CONSENT_STATUS_ONAY);

  v1::MergeContactsRequest merge;
  merge.set_id(ayse.id());
  merge.set_other_contact_id(same.id());
  REQUIRE_OK(service.Call<v1::Contact>("ContactService/MergeContacts", merge));
  auto merged = states();
  REQUIRE(merged.states(1).consents_size() == 1);
  CHECK(merged.states(1).consents(0).status() == v1::CONSENT_STATUS_RET);

  v1::BatchGetConsentStatesRequest unknown;
  unknown.add_contact_ids(Uuid::FromName("contact", "nobody").ToString());
  unknown.add_contact_ids(ayse.id());
  ESNAF_REQUIRE_VALUE(const auto answer, (service.Call<v1::BatchGetConsentStatesResponse>(
                                             "ConsentService/BatchGetConsentStates", unknown)));
  REQUIRE(answer.states_size() == 2);
  CHECK(answer.states(0).consents_size() == 0);
  CHECK(answer.states(1).consents_size() == 1);
  unknown.clear_contact_ids();
  CHECK_STATUS_IS(
      service.Call<v1::BatchGetConsentStatesResponse>("ConsentService/BatchGetConsentStates", unknown).status(),
      StatusCode::kInvalidArgument, "contact_ids");
}

}  // namespace
}  // namespace esnaf::contacts
