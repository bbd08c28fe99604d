// Goal: every consent that concerns İYS is told to it once and in time, İYS's answers are kept, and a refusal given at
// İYS holds at once.
#include <set>

#include "services/contacts/iys/iys_store.h"
#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;

class IysUnderTest : public ContactsUnderTest {
 public:
  IysUnderTest() { clock().Set(ParseRfc3339("2026-05-04T09:00:00Z").value()); }

  absl::StatusOr<v1::IysBrand> Brand(const std::string& code, bool is_default, std::vector<std::string> stores = {}) {
    v1::UpdateIysBrandRequest request;
    request.mutable_brand()->set_brand_code(code);
    request.mutable_brand()->set_is_default(is_default);
    for (const std::string& store : stores) request.mutable_brand()->add_store_ids(store);
    return Call<v1::IysBrand>("IysService/UpdateIysBrand", request);
  }
  std::string Person(const std::string& email, bool verified = true) {
    ESNAF_REQUIRE_VALUE(const v1::Contact made, Create(MakeContact("Ayşe", "Yılmaz", {Email(email, verified)})));
    return made.id();
  }
  absl::StatusOr<v1::Consent> Say(const std::string& contact, v1::ConsentStatus status, const std::string& store = "",
                                  const std::string& request_id = "") {
    v1::RecordConsentRequest request;
    request.set_contact_id(contact);
    request.mutable_consent()->set_purpose("marketing");
    request.mutable_consent()->set_channel(v1::CONSENT_CHANNEL_EPOSTA);
    request.mutable_consent()->set_status(status);
    request.mutable_consent()->set_source(v1::CONSENT_SOURCE_HS_WEB);
    request.set_store_id(store);
    request.set_request_id(request_id);
    return Call<v1::Consent>("ConsentService/RecordConsent", request);
  }
  v1::ListIysRecordsResponse Due(bool overdue_only = false, int page_size = 0, const std::string& token = "") {
    v1::ListIysRecordsRequest request;
    request.set_overdue_only(overdue_only);
    request.set_page_size(page_size);
    request.set_page_token(token);
    ESNAF_REQUIRE_VALUE(auto page, Call<v1::ListIysRecordsResponse>("IysService/ListIysRecords", request));
    return page;
  }
  absl::StatusOr<v1::IysBatch> Export(const std::string& brand, int most = 0, const std::string& request_id = "") {
    v1::CreateIysBatchRequest request;
    request.set_brand_code(brand);
    request.set_max_records(most);
    request.set_request_id(request_id);
    return Call<v1::IysBatch>("IysService/CreateIysBatch", request);
  }
  absl::StatusOr<v1::IysBatch> Report(const std::string& id, const std::map<int, std::string>& answers, bool others) {
    v1::ReportIysBatchRequest request;
    request.set_id(id);
    request.set_others_acknowledged(others);
    for (const auto& [index, error] : answers) {
      request.add_results()->set_index(index);
      request.mutable_results(request.results_size() - 1)->set_error(error);
    }
    return Call<v1::IysBatch>("IysService/ReportIysBatch", request);
  }
  v1::IysChangeResult Import(const std::string& status, const std::string& recipient, const std::string& date,
                             const std::string& brand = "600001") {
    v1::ImportIysChangesRequest request;
    request.set_brand_code(brand);
    v1::IysChange& change = *request.add_changes();
    change.set_type("EPOSTA");
    change.set_recipient(recipient);
    change.set_status(status);
    change.set_consent_date(date);
    change.set_source("IYS_WEB");
    ESNAF_REQUIRE_VALUE(const auto answer, Call<v1::ImportIysChangesResponse>("IysService/ImportIysChanges", request));
    REQUIRE(answer.results_size() == 1);
    return answer.results(0);
  }
  v1::ConsentState State(const std::string& contact) {
    v1::BatchGetConsentStatesRequest request;
    request.add_contact_ids(contact);
    ESNAF_REQUIRE_VALUE(const auto answer,
                        Call<v1::BatchGetConsentStatesResponse>("ConsentService/BatchGetConsentStates", request));
    return answer.states(0);
  }
};

TEST_CASE("a consent is one record, due three business days later, however often the call comes") {
  IysUnderTest service;
  const std::string ayse = service.Person("ayse@example.com");
  for (int i = 0; i < 2; ++i) REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_ONAY, "", "one-call"));
  const auto due = service.Due();
  REQUIRE(due.records_size() == 1);
  CHECK(due.records(0).recipient() == "ayse@example.com");
  CHECK(due.records(0).state() == v1::IYS_RECORD_STATE_PENDING);
  CHECK_FALSE(due.records(0).overdue());
  CHECK(due.records(0).deadline().seconds() == 1778187600);  // 2026-05-08 00:00 in Turkey
  CHECK(service.Due(true).records_size() == 0);
  service.clock().Set(ParseRfc3339("2026-05-07T21:00:00Z").value());
  REQUIRE(service.Due(true).records_size() == 1);
  CHECK(service.Due(true).records(0).overdue());
  ESNAF_REQUIRE_VALUE(const std::int64_t overdue, service.connection().Run({}, [&](postgres::Tx& tx) {
    return CountOverdueIysRecords(tx, service.clock().Now());
  }));
  CHECK(overdue == 1);
}

TEST_CASE("other purposes are no records, and a consent without a proven address is blocked") {
  IysUnderTest service;
  const std::string ayse = service.Person("ayse@example.com", false);
  v1::RecordConsentRequest request;
  request.set_contact_id(ayse);
  request.mutable_consent()->set_purpose("profiling");
  request.mutable_consent()->set_channel(v1::CONSENT_CHANNEL_EPOSTA);
  request.mutable_consent()->set_status(v1::CONSENT_STATUS_ONAY);
  REQUIRE_OK(service.Call<v1::Consent>("ConsentService/RecordConsent", request));
  CHECK(service.Due().records_size() == 0);
  REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_ONAY));
  auto due = service.Due();
  REQUIRE(due.records_size() == 1);
  CHECK(due.records(0).state() == v1::IYS_RECORD_STATE_BLOCKED);
  // A refusal is for every address that may be the person's.
  REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_RET));
  due = service.Due();
  REQUIRE(due.records_size() == 1);
  CHECK(due.records(0).recipient() == "ayse@example.com");
  CHECK(due.records(0).state() == v1::IYS_RECORD_STATE_PENDING);
}

TEST_CASE("records come page by page") {
  IysUnderTest service;
  for (const char* email : {"a@example.com", "b@example.com", "c@example.com"}) {
    REQUIRE_OK(service.Say(service.Person(email), v1::CONSENT_STATUS_ONAY));
  }
  std::set<std::string> seen;
  std::string token;
  do {
    const auto page = service.Due(false, 1, token);
    REQUIRE(page.records_size() == 1);
    seen.insert(page.records(0).recipient());
    token = page.next_page_token();
  } while (!token.empty());
  CHECK(seen.size() == 3);
}

TEST_CASE("a batch has each record once, keeps what IYS answered, and what failed comes again") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  for (const char* email : {"a@example.com", "b@example.com", "c@example.com"}) {
    REQUIRE_OK(service.Say(service.Person(email), v1::CONSENT_STATUS_ONAY));
  }
  ESNAF_REQUIRE_VALUE(const v1::IysBatch batch, service.Export("600001", 2, "export-1"));
  ESNAF_REQUIRE_VALUE(const v1::IysBatch again, service.Export("600001", 2, "export-1"));
  CHECK(again.id() == batch.id());
  CHECK(batch.record_count() == 2);
  CHECK(batch.content().find("\"a@example.com\"") < batch.content().find("\"b@example.com\""));
  ESNAF_REQUIRE_VALUE(const v1::IysBatch rest, service.Export("600001"));
  CHECK(rest.record_count() == 1);
  CHECK(rest.content().find("c@example.com") != std::string::npos);
  CHECK_STATUS_IS(service.Export("600001").status(), StatusCode::kFailedPrecondition, "no pending record");

  CHECK_STATUS_IS(service.Report(batch.id(), {{2, "H1"}}, false).status(), StatusCode::kInvalidArgument, "results");
  ESNAF_REQUIRE_VALUE(const v1::IysBatch told, service.Report(batch.id(), {{1, "H155: alıcı hatalı"}}, true));
  CHECK(told.acknowledged_count() == 1);
  CHECK(told.failed_count() == 1);
  const auto due = service.Due();
  REQUIRE(due.records_size() == 2);
  CHECK(due.records(0).problem() == "H155: alıcı hatalı");
  CHECK(due.records(0).batch_id() == batch.id());
  v1::RetryIysBatchRequest retry;
  retry.set_id(batch.id());
  REQUIRE_OK(service.Call<v1::IysBatch>("IysService/RetryIysBatch", retry));
  ESNAF_REQUIRE_VALUE(const v1::IysBatch second, service.Export("600001"));
  CHECK(second.record_count() == 1);
  CHECK(second.content().find("b@example.com") != std::string::npos);
  v1::GetIysBatchRequest get;
  get.set_id(second.id());
  get.set_format(v1::IYS_FORMAT_CSV);
  ESNAF_REQUIRE_VALUE(const v1::IysBatch csv, service.Call<v1::IysBatch>("IysService/GetIysBatch", get));
  CHECK(csv.content().find("\r\n600001,EPOSTA,b@example.com,BIREYSEL,ONAY,") != std::string::npos);
  get.set_id(Uuid::FromName("batch", "none").ToString());
  CHECK_STATUS_IS(service.Call<v1::IysBatch>("IysService/GetIysBatch", get).status(), StatusCode::kNotFound, "");
}

TEST_CASE("a batch whose first record went to another takes no answers by its old places") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  for (const char* email : {"a@example.com", "b@example.com"}) {
    REQUIRE_OK(service.Say(service.Person(email), v1::CONSENT_STATUS_ONAY));
  }
  ESNAF_REQUIRE_VALUE(const v1::IysBatch batch, service.Export("600001"));
  REQUIRE_OK(service.Report(batch.id(), {{0, "H1"}}, false));
  v1::RetryIysBatchRequest retry;
  retry.set_id(batch.id());
  REQUIRE_OK(service.Call<v1::IysBatch>("IysService/RetryIysBatch", retry));
  CHECK_STATUS_IS(service.Report(batch.id(), {{0, "H2"}}, true).status(), StatusCode::kFailedPrecondition, "places");
  CHECK(service.Due().records_size() == 2);
}

TEST_CASE("a consent is of the brand of its store, the default brand's own code is kept as empty") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true, {"tr"}));
  REQUIRE_OK(service.Brand("600002", false, {"outlet"}));
  const std::string ayse = service.Person("ayse@example.com");
  ESNAF_REQUIRE_VALUE(const v1::Consent own, service.Say(ayse, v1::CONSENT_STATUS_ONAY, "tr"));
  CHECK(own.brand_code().empty());
  ESNAF_REQUIRE_VALUE(const v1::Consent outlet, service.Say(ayse, v1::CONSENT_STATUS_RET, "outlet"));
  CHECK(outlet.brand_code() == "600002");
  ESNAF_REQUIRE_VALUE(const v1::IysBatch first, service.Export("600001"));
  CHECK(first.record_count() == 1);
  CHECK(first.content().find("ONAY") != std::string::npos);
  ESNAF_REQUIRE_VALUE(const v1::IysBatch second, service.Export("600002"));
  CHECK(second.content().find("RET") != std::string::npos);
  CHECK_STATUS_IS(service.Brand("600002", true).status(), StatusCode::kFailedPrecondition, "default");
  CHECK_STATUS_IS(service.Brand("600001", false).status(), StatusCode::kFailedPrecondition, "default");
  CHECK_STATUS_IS(service.Brand("600002", false, {"tr"}).status(), StatusCode::kFailedPrecondition, "another brand");
  CHECK_STATUS_IS(service.Brand("brand", false).status(), StatusCode::kInvalidArgument, "brand.brand_code");
  CHECK_STATUS_IS(service.Export("600009").status(), StatusCode::kNotFound, "");
}

TEST_CASE("a refusal given at IYS holds at once, is an event, and is not told back to IYS") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  const std::string ayse = service.Person("ayse@example.com");
  service.clock().Advance(std::chrono::hours(24));
  CHECK(service.Import("RET", "Ayse@Example.com", "2026-05-04 15:00:00").outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  const v1::ConsentState state = service.State(ayse);
  REQUIRE(state.consents_size() == 1);
  CHECK(state.consents(0).status() == v1::CONSENT_STATUS_RET);
  CHECK(state.consents(0).recipient() == "ayse@example.com");
  CHECK(state.consents(0).proof() == "İYS: IYS_WEB");
  CHECK(service.Number("SELECT count(*) FROM outbox WHERE aggregate_type = 'consent'") == 1);
  CHECK(service.Due().records_size() == 0);
  CHECK(service.Import("RET", "ayse@example.com", "2026-05-04 15:00:00").outcome() == v1::IYS_CHANGE_OUTCOME_REPEATED);
  CHECK(service.Import("RET", "ayse@example.com", "?").outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  CHECK(service.Import("RET", "ayse@example.com", "?").outcome() == v1::IYS_CHANGE_OUTCOME_REPEATED);
  CHECK(service.Number("SELECT count(*) FROM consent") == 2);
}

TEST_CASE("a refusal that comes again counts for who has allowed since, and for who has the address only since") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  const std::string ayse = service.Person("ayse@example.com");
  CHECK(service.Import("RET", "ayse@example.com", "?").outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  service.clock().Advance(std::chrono::hours(1));
  REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_ONAY));
  service.clock().Advance(std::chrono::hours(1));
  CHECK(service.Import("RET", "ayse@example.com", "?").outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  CHECK(service.Import("RET", "ayse@example.com", "?").outcome() == v1::IYS_CHANGE_OUTCOME_REPEATED);

  const auto can = service.Person("can@example.com");
  const std::string date = "2026-05-01 10:00:00";
  CHECK(service.Import("RET", "can@example.com", date).outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  service.clock().Advance(std::chrono::hours(1));
  REQUIRE_OK(service.Say(can, v1::CONSENT_STATUS_ONAY));
  // An old file that is read again does not undo what was said after it.
  CHECK(service.Import("RET", "can@example.com", date).outcome() == v1::IYS_CHANGE_OUTCOME_REPEATED);
}

TEST_CASE("what IYS would refuse is due until the contact says something newer") {
  IysUnderTest service;
  const std::string ayse = service.Person("ayse@example.com", false);
  REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_ONAY));
  REQUIRE(service.Due().records_size() == 1);
  REQUIRE(service.Due().records(0).state() == v1::IYS_RECORD_STATE_BLOCKED);
  service.clock().Advance(std::chrono::hours(1));
  REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_ONAY));
  REQUIRE(service.Due().records_size() == 1);
  service.clock().Advance(std::chrono::hours(24 * 30));
  ESNAF_REQUIRE_VALUE(const std::int64_t overdue, service.connection().Run({}, [&](postgres::Tx& tx) {
    return CountOverdueIysRecords(tx, service.clock().Now());
  }));
  CHECK(overdue == 1);
}

TEST_CASE("a consent given at IYS must be later than what is known") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  const std::string ayse = service.Person("ayse@example.com");
  REQUIRE_OK(service.Say(ayse, v1::CONSENT_STATUS_RET));
  service.clock().Advance(std::chrono::hours(24));
  for (int i = 0; i < 2; ++i) {
    const auto old = service.Import("ONAY", "ayse@example.com", "2026-05-03 10:00:00");
    CHECK(old.outcome() == v1::IYS_CHANGE_OUTCOME_REFUSED);
    CHECK(old.error().find("consentDate") != std::string::npos);
  }
  CHECK(service.Import("ONAY", "ayse@example.com", "2026-05-05 10:00:00").outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  CHECK(service.Import("ONAY", "ayse@example.com", "2026-05-05 10:00:00").outcome() == v1::IYS_CHANGE_OUTCOME_REPEATED);
  CHECK(service.Import("ONAY", "ayse@example.com", "2026-06-05 10:00:00").outcome() == v1::IYS_CHANGE_OUTCOME_REFUSED);
  CHECK(service.Number("SELECT count(*) FROM consent") == 2);
}

TEST_CASE("a line about an address that nobody has holds when it comes again and somebody has it") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  for (int i = 0; i < 2; ++i) {
    CHECK(service.Import("RET", "ayse@example.com", "2026-05-03 10:00:00").outcome() ==
          v1::IYS_CHANGE_OUTCOME_UNKNOWN_RECIPIENT);
  }
  const std::string ayse = service.Person("ayse@example.com");
  CHECK(service.Import("RET", "ayse@example.com", "2026-05-03 10:00:00").outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  CHECK(service.State(ayse).consents_size() == 1);
}

TEST_CASE("a line that is wrong does not spoil the others") {
  IysUnderTest service;
  REQUIRE_OK(service.Brand("600001", true));
  const std::string ayse = service.Person("ayse@example.com");
  v1::ImportIysChangesRequest request;
  request.set_brand_code("600001");
  request.add_changes()->set_type("FAKS");
  v1::IysChange& good = *request.add_changes();
  good.set_type("EPOSTA");
  good.set_recipient("ayse@example.com");
  good.set_status("RET");
  ESNAF_REQUIRE_VALUE(const auto answer,
                      service.Call<v1::ImportIysChangesResponse>("IysService/ImportIysChanges", request));
  REQUIRE(answer.results_size() == 2);
  CHECK(answer.results(0).outcome() == v1::IYS_CHANGE_OUTCOME_REFUSED);
  CHECK(answer.results(0).error().find("type is none of ARAMA, MESAJ, EPOSTA") != std::string::npos);
  CHECK(answer.results(1).outcome() == v1::IYS_CHANGE_OUTCOME_RECORDED);
  CHECK(service.State(ayse).consents_size() == 1);
  request.clear_changes();
  CHECK_STATUS_IS(service.Call<v1::ImportIysChangesResponse>("IysService/ImportIysChanges", request).status(),
                  StatusCode::kInvalidArgument, "changes");
}

}  // namespace
}  // namespace esnaf::contacts
