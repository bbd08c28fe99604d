// The RPCs over a real connection.
#include "services/segmentation/rfm/rfm_service.h"

#include "absl/strings/str_format.h"
#include "libs/base/error.h"
#include "libs/testing/service.h"
#include "services/segmentation/people/test_ledger.h"

namespace esnaf::segmentation {
namespace {

using absl::StatusCode;

class TestService {
 public:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.segmentation.v1.RfmService/" + method, request);
  }
  absl::StatusOr<v1::RfmPolicy> Get(const std::string& id) {
    v1::GetRfmPolicyRequest request;
    request.set_id(id);
    return Call<v1::RfmPolicy>("GetRfmPolicy", request);
  }
  absl::StatusOr<v1::ComputeRfmResponse> Compute(const std::string& id, std::string_view as_of = {}) {
    v1::ComputeRfmRequest request;
    request.set_id(id);
    if (!as_of.empty()) *request.mutable_as_of_time() = api::ToProto(At(as_of));
    return Call<v1::ComputeRfmResponse>("ComputeRfm", request);
  }
  absl::StatusOr<v1::RfmScore> Score(std::string_view contact) {
    v1::GetContactRfmRequest request;
    request.set_contact_id(Contact(contact).ToString());
    return Call<v1::RfmScore>("GetContactRfm", request);
  }

  TestLedger ledger;
  ManualClock clock{ledger.now};
  RfmService rfm;
  testing::TestServer server{ledger.schema, {rfm.Rpcs()}, {.name = "segmentation", .clock = &clock}};
};

// Ten people with one to ten orders each; the last have bought latest.
void AddTenPeople(TestLedger& ledger) {
  std::vector<TestOrder> orders;
  for (int person = 1; person <= 10; ++person) {
    for (int order = 0; order < person; ++order) {
      orders.push_back({.name = absl::StrCat(person, "/", order),
                        .contact = absl::StrCat("p", person),
                        .place_time = absl::StrFormat("2026-02-%02dT10:00:00Z", 2 * person),
                        .net = 1000});
    }
  }
  ledger.Orders(orders);
}

TEST_CASE("the contract is kept") { CHECK_OK(RfmService().Rpcs().CheckAgainstContract()); }

TEST_CASE("the policy `default` is there from the beginning, others are created once") {
  TestService service;
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy policy, service.Get("default"));
  CHECK(policy.labels_size() == 10);
  CHECK(policy.bucket_count() == 5);
  CHECK(policy.version() == 1);
  CHECK(ErrorReason(service.Get("other").status()) == "RFM_POLICY_NOT_FOUND");

  v1::CreateRfmPolicyRequest create;
  create.mutable_policy()->set_id("other");
  create.mutable_policy()->set_window_days(365);
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy created, (service.Call<v1::RfmPolicy>("CreateRfmPolicy", create)));
  CHECK(created.window_days() == 365);
  CHECK(created.labels_size() == 10);
  const auto again = service.Call<v1::RfmPolicy>("CreateRfmPolicy", create);
  CHECK(again.status().code() == StatusCode::kAlreadyExists);
  CHECK(ErrorReason(again.status()) == "RFM_POLICY_ALREADY_EXISTS");
  ESNAF_REQUIRE_VALUE(const auto list,
                      (service.Call<v1::ListRfmPoliciesResponse>("ListRfmPolicies", v1::ListRfmPoliciesRequest())));
  REQUIRE(list.policies_size() == 2);
  CHECK(list.policies(1).id() == "other");
}

TEST_CASE("a bad policy is refused with each field") {
  TestService service;
  v1::CreateRfmPolicyRequest create;
  create.mutable_policy()->set_id("Not Allowed");
  create.mutable_policy()->set_bucket_count(2);
  const auto answer = service.Call<v1::RfmPolicy>("CreateRfmPolicy", create);
  CHECK(answer.status().code() == StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(answer.status())) fields.push_back(field);
  CHECK(fields == std::vector<std::string>{"policy.id", "policy.bucket_count", "policy.labels"});
}

TEST_CASE("an update makes a new version, compares the etag and keeps scores until the next computation") {
  TestService service;
  AddTenPeople(service.ledger);
  REQUIRE_OK(service.Compute("default"));
  v1::UpdateRfmPolicyRequest update;
  update.mutable_policy()->set_id("default");
  update.mutable_policy()->set_etag("1");
  update.mutable_policy()->set_window_days(20);
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy updated, (service.Call<v1::RfmPolicy>("UpdateRfmPolicy", update)));
  CHECK(updated.version() == 2);
  CHECK(updated.window_days() == 20);
  CHECK(updated.labels_size() == 10);
  const auto stale = service.Call<v1::RfmPolicy>("UpdateRfmPolicy", update);
  CHECK(stale.status().code() == StatusCode::kAborted);
  CHECK(ErrorReason(stale.status()) == "ETAG_MISMATCH");

  CHECK_OK(service.Score("p1"));
  ESNAF_REQUIRE_VALUE(const auto computed, service.Compute("default"));
  CHECK(computed.scored_count() == 2);
  CHECK(computed.policy_version() == 2);
  CHECK(ErrorReason(service.Score("p1").status()) == "RFM_SCORE_NOT_FOUND");
  CHECK(service.Score("p1").status().code() == StatusCode::kNotFound);
}

TEST_CASE("a score names its label, and merged contacts have the score of the one that they are") {
  TestService service;
  AddTenPeople(service.ledger);
  REQUIRE_OK(service.Compute("default"));
  ESNAF_REQUIRE_VALUE(const v1::RfmScore best, service.Score("p10"));
  CHECK(best.label() == "champions");
  CHECK(best.label_name_tr() == "Şampiyonlar");
  CHECK(best.frequency() == 10);
  CHECK(best.recency_days() == 18);
  CHECK(best.monetary_minor() == 10000);
  CHECK(best.currency_code() == "TRY");
  service.ledger.Alias("p9", "p10", 1);
  ESNAF_REQUIRE_VALUE(const v1::RfmScore merged, service.Score("p9"));
  CHECK(merged.contact_id() == Contact("p10").ToString());
  CHECK(merged.frequency() == 19);
  CHECK_STATUS_IS(service.Score("nobody"), StatusCode::kNotFound, "");
  v1::GetContactRfmRequest bad;
  bad.set_contact_id("x");
  CHECK_STATUS_IS(service.Call<v1::RfmScore>("GetContactRfm", bad), StatusCode::kInvalidArgument, "contact_id");
}

TEST_CASE("orders after the time that is asked for do not count") {
  TestService service;
  AddTenPeople(service.ledger);
  ESNAF_REQUIRE_VALUE(const auto computed, service.Compute("default", "2026-02-06T10:00:00Z"));
  CHECK(computed.scored_count() == 3);
  ESNAF_REQUIRE_VALUE(const v1::RfmScore score, service.Score("p3"));
  CHECK(score.recency_days() == 0);
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy policy, service.Get("default"));
  CHECK(policy.compute_as_of_time().seconds() ==
        At("2026-02-06T10:00:00Z").time_since_epoch() / std::chrono::seconds(1));
}

TEST_CASE("the summary counts everybody once, best label first") {
  TestService service;
  AddTenPeople(service.ledger);
  REQUIRE_OK(service.Compute("default"));
  ESNAF_REQUIRE_VALUE(const auto summary, (service.Call<v1::RfmSummary>("GetRfmSummary", v1::GetRfmSummaryRequest())));
  CHECK(summary.contact_count() == 10);
  CHECK(summary.currency_code() == "TRY");
  REQUIRE(summary.labels_size() == 10);
  CHECK(summary.labels(0).label() == "champions");
  std::int64_t contacts = 0, orders = 0, money = 0;
  for (int i = 0; i < summary.labels_size(); ++i) {
    if (i > 0) CHECK(summary.labels(i - 1).rank() > summary.labels(i).rank());
    contacts += summary.labels(i).contact_count();
    orders += summary.labels(i).order_count();
    money += summary.labels(i).monetary_minor();
  }
  CHECK(contacts == 10);
  CHECK(orders == 55);
  CHECK(money == 55000);
}

TEST_CASE("scores are listed by value, page by page, all or of one label") {
  TestService service;
  AddTenPeople(service.ledger);
  REQUIRE_OK(service.Compute("default"));
  v1::ListRfmScoresRequest list;
  list.set_page_size(4);
  std::vector<std::int64_t> money;
  do {
    ESNAF_REQUIRE_VALUE(const auto page, (service.Call<v1::ListRfmScoresResponse>("ListRfmScores", list)));
    CHECK(page.scores_size() <= 4);
    for (const v1::RfmScore& score : page.scores()) money.push_back(score.monetary_minor());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  CHECK(money == std::vector<std::int64_t>{10000, 9000, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000});
  list.set_label("champions");
  ESNAF_REQUIRE_VALUE(const auto champions, (service.Call<v1::ListRfmScoresResponse>("ListRfmScores", list)));
  REQUIRE(champions.scores_size() > 0);
  for (const v1::RfmScore& score : champions.scores()) CHECK(score.label() == "champions");
  list.set_page_size(-1);
  CHECK_STATUS_IS((service.Call<v1::ListRfmScoresResponse>("ListRfmScores", list)), StatusCode::kInvalidArgument,
                  "page_size");
}

TEST_CASE("transitions count who moved between two times, and history tells it of one person") {
  TestService service;
  AddTenPeople(service.ledger);
  service.ledger.schema.Sql("TRUNCATE rfm_history");
  service.ledger.schema.Sql("TRUNCATE rfm_score");
  REQUIRE_OK(service.Compute("default", "2026-02-10T12:00:00Z"));
  REQUIRE_OK(service.Compute("default", "2026-03-01T12:00:00Z"));
  v1::GetRfmTransitionsRequest request;
  CHECK_STATUS_IS((service.Call<v1::RfmTransitions>("GetRfmTransitions", request)), StatusCode::kInvalidArgument,
                  "from_time");
  *request.mutable_from_time() = api::ToProto(At("2026-02-20T00:00:00Z"));
  ESNAF_REQUIRE_VALUE(const auto matrix, (service.Call<v1::RfmTransitions>("GetRfmTransitions", request)));
  std::int64_t new_people = 0, known_people = 0;
  for (const v1::RfmTransition& transition : matrix.transitions()) {
    CHECK_FALSE(transition.to_label().empty());
    (transition.from_label().empty() ? new_people : known_people) += transition.contact_count();
    if (transition.from_label() == transition.to_label()) CHECK(transition.direction() == 0);
    if (transition.from_label() == "champions" && transition.to_label() == "hibernating")
      CHECK(transition.direction() == -1);
  }
  CHECK(new_people == 5);
  CHECK(known_people == 5);

  v1::ListContactRfmHistoryRequest history;
  history.set_contact_id(Contact("p5").ToString());
  history.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto newest,
                      (service.Call<v1::ListContactRfmHistoryResponse>("ListContactRfmHistory", history)));
  REQUIRE(newest.entries_size() == 1);
  CHECK(newest.entries(0).previous_label() == "champions");
  CHECK(newest.entries(0).direction() == -1);
  CHECK(newest.entries(0).recency_days() == 19);
  history.set_page_token(newest.next_page_token());
  ESNAF_REQUIRE_VALUE(const auto oldest,
                      (service.Call<v1::ListContactRfmHistoryResponse>("ListContactRfmHistory", history)));
  REQUIRE(oldest.entries_size() == 1);
  CHECK(oldest.entries(0).label() == "champions");
  CHECK(oldest.entries(0).scores() == "555");
  CHECK(oldest.next_page_token().empty());
}

TEST_CASE("an explanation names values, cuts, orders and a way up that comes true") {
  TestService service;
  AddTenPeople(service.ledger);
  REQUIRE_OK(service.Compute("default"));
  v1::ExplainContactRfmRequest request;
  request.set_contact_id(Contact("p2").ToString());
  ESNAF_REQUIRE_VALUE(const auto explanation, (service.Call<v1::RfmExplanation>("ExplainContactRfm", request)));
  CHECK(explanation.score().label() == "hibernating");
  REQUIRE(explanation.dimensions_size() == 3);
  CHECK(explanation.dimensions(0).dimension() == "recency");
  CHECK(explanation.dimensions(0).value() == 34);
  CHECK(explanation.dimensions(1).to_value() == 2);
  REQUIRE(explanation.orders_size() == 2);
  CHECK(explanation.orders(0).value_minor() == 1000);
  REQUIRE(explanation.missing_size() == 1);
  const v1::RfmMissing& way = explanation.missing(0);
  CHECK(way.orders_missing() == 1);
  CHECK_FALSE(way.sentence_tr().empty());
  service.ledger.Order({.name = "way", .contact = "p2", .place_time = "2026-03-10T11:00:00Z", .net = 1000});
  ESNAF_REQUIRE_VALUE(const v1::RfmScore after, service.Score("p2"));
  CHECK(after.label() == way.label());
  CHECK(after.previous_label() == "hibernating");
}

TEST_CASE("a key that is limited to a store sees its policies alone, not those of another or of all") {
  TestLedger ledger;
  Policy izmir = DefaultPolicy();
  izmir.id = "izmir";
  izmir.store_id = "izmir";
  ledger.AddPolicy(izmir);
  ledger.Orders({{.name = "1", .contact = "ayse", .store_id = "izmir"}, {.name = "2", .contact = "ayse"}});
  RfmService rfm;
  const ManualClock clock(ledger.now);
  const auto call_for = [&](const char* store) {
    runtime::CallInfo info{
        .caller = {.kind = runtime::Caller::Kind::kStorefront, .actor = "key:1", .store_ids = {store}}};
    info.deadline = SystemClock().Now() + std::chrono::minutes(1);
    return runtime::Call(info, clock, ledger.connection());
  };
  runtime::Call izmir_call = call_for("izmir");
  runtime::Call istanbul_call = call_for("istanbul");
  v1::GetRfmPolicyRequest get;
  get.set_id("izmir");
  CHECK_OK(rfm.GetRfmPolicy(izmir_call, get));
  CHECK(ErrorReason(rfm.GetRfmPolicy(istanbul_call, get).status()) == "RFM_POLICY_NOT_FOUND");
  v1::ExplainContactRfmRequest explain;
  explain.set_contact_id(Contact("ayse").ToString());
  CHECK(ErrorReason(rfm.ExplainContactRfm(izmir_call, explain).status()) == "RFM_POLICY_NOT_FOUND");
  explain.set_policy_id("izmir");
  ESNAF_REQUIRE_VALUE(const auto explanation, rfm.ExplainContactRfm(izmir_call, explain));
  CHECK(explanation.score().frequency() == 1);
  REQUIRE(explanation.orders_size() == 1);
  CHECK(explanation.orders(0).order_id() == Uuid::FromName("order", "1").ToString());
  ESNAF_REQUIRE_VALUE(const auto listed, rfm.ListRfmPolicies(izmir_call, {}));
  REQUIRE(listed.policies_size() == 1);
  CHECK(listed.policies(0).id() == "izmir");
}

TEST_CASE("a key that is limited to a store sees no version or draft that is for another") {
  TestLedger ledger;
  Policy policy = DefaultPolicy();
  policy.id = "moved";
  policy.store_id = "izmir";
  ledger.AddPolicy(policy);
  ledger.Orders({{.name = "1", .contact = "ayse", .store_id = "izmir"}, {.name = "2", .contact = "ali"}});
  REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    policy.store_id = "istanbul";
    ESNAF_RETURN_IF_ERROR(UpdatePolicy(tx, policy, ledger.now, "test").status());
    ESNAF_RETURN_IF_ERROR(Compute(tx, "moved", Reference::Now(ledger.now), OwnCause(ledger.now)).status());
    policy.store_id = "izmir";
    return SaveDraft(tx, policy, ledger.now, "test").status();
  }));
  RfmService rfm;
  const ManualClock clock(ledger.now);
  runtime::CallInfo info{
      .caller = {.kind = runtime::Caller::Kind::kStorefront, .actor = "key:1", .store_ids = {"istanbul"}}};
  info.deadline = SystemClock().Now() + std::chrono::minutes(1);
  runtime::Call call(info, clock, ledger.connection());

  v1::ListRfmPolicyVersionsRequest list;
  list.set_id("moved");
  ESNAF_REQUIRE_VALUE(const auto versions, rfm.ListRfmPolicyVersions(call, list));
  REQUIRE(versions.versions_size() == 1);
  CHECK(versions.versions(0).policy().store_id() == "istanbul");
  v1::PreviewRfmPolicyRequest preview;
  preview.set_id("moved");
  v1::BacktestRfmPolicyRequest backtest;
  backtest.set_id("moved");
  *backtest.mutable_as_of_time() = api::ToProto(At("2026-03-05T00:00:00Z"));
  for (const std::int64_t hidden : {1, 3}) {
    preview.set_version(hidden);
    CHECK(ErrorReason(rfm.PreviewRfmPolicy(call, preview).status()) == "RFM_POLICY_VERSION_NOT_FOUND");
    backtest.set_version(hidden);
    CHECK(ErrorReason(rfm.BacktestRfmPolicy(call, backtest).status()) == "RFM_POLICY_VERSION_NOT_FOUND");
  }
  preview.set_version(2);
  CHECK_OK(rfm.PreviewRfmPolicy(call, preview));
  // Where the draft is for another store, what is in force is tried, in which nobody moves.
  preview.clear_version();
  ESNAF_REQUIRE_VALUE(const auto in_force, rfm.PreviewRfmPolicy(call, preview));
  REQUIRE(in_force.transitions_size() == 1);
  CHECK(in_force.transitions(0).from_label() == in_force.transitions(0).to_label());
}

TEST_CASE("a computation is repeated by its request id without being run again") {
  TestService service;
  AddTenPeople(service.ledger);
  v1::ComputeRfmRequest request;
  request.set_id("default");
  request.set_request_id("once");
  ESNAF_REQUIRE_VALUE(const auto first, (service.Call<v1::ComputeRfmResponse>("ComputeRfm", request)));
  service.ledger.Order({.name = "more", .contact = "p11", .place_time = "2026-03-01T11:00:00Z"});
  ESNAF_REQUIRE_VALUE(const auto second, (service.Call<v1::ComputeRfmResponse>("ComputeRfm", request)));
  CHECK(first.scored_count() == 10);
  CHECK(second.scored_count() == 10);
  CHECK_STATUS_IS(service.Compute("nothing"), StatusCode::kNotFound, "");
}

}  // namespace
}  // namespace esnaf::segmentation
