// Versions, drafts, previews and back-tests of policies, over a real connection.
#include "libs/base/error.h"
#include "libs/testing/service.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/rfm/rfm_service.h"

namespace esnaf::segmentation {
namespace {

using absl::StatusCode;

// Three people who ordered in January; `loyal` also in February, after the first of it `once` and `loyal` again.
class TestTrial {
 public:
  // Over the table in memory, or over the ledger.
  explicit TestTrial(bool in_memory = false) {
    ledger.Orders({{.name = "1", .contact = "once", .place_time = "2026-01-05T10:00:00Z", .net = 1000},
                   {.name = "2", .contact = "gone", .place_time = "2026-01-06T10:00:00Z", .net = 2000},
                   {.name = "3", .contact = "loyal", .place_time = "2026-01-07T10:00:00Z", .net = 3000},
                   {.name = "4", .contact = "loyal", .place_time = "2026-01-20T10:00:00Z", .net = 3000},
                   {.name = "5", .contact = "once", .place_time = "2026-02-10T10:00:00Z", .net = 1500},
                   {.name = "6", .contact = "loyal", .place_time = "2026-02-11T10:00:00Z", .net = 2500},
                   {.name = "7", .contact = "loyal", .place_time = "2026-03-02T10:00:00Z", .net = 500},
                   {.name = "8", .contact = "new", .place_time = "2026-02-12T10:00:00Z", .net = 9900}});
    ledger.ComputeNow();
    if (in_memory) REQUIRE_OK(keeper.Load(ledger.connection()));
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.segmentation.v1.RfmService/" + method, request);
  }
  v1::RfmPolicy Get() {
    v1::GetRfmPolicyRequest request;
    request.set_id("default");
    return Call<v1::RfmPolicy>("GetRfmPolicy", request).value();
  }
  absl::StatusOr<v1::RfmPolicyVersion> SaveDraft(const v1::RfmPolicy& policy) {
    v1::SaveRfmPolicyDraftRequest request;
    *request.mutable_policy() = policy;
    return Call<v1::RfmPolicyVersion>("SaveRfmPolicyDraft", request);
  }
  absl::StatusOr<v1::RfmPolicy> Activate(std::int64_t version, bool force = false) {
    v1::ActivateRfmPolicyVersionRequest request;
    request.set_id("default");
    request.set_version(version);
    request.set_force(force);
    return Call<v1::RfmPolicy>("ActivateRfmPolicyVersion", request);
  }
  // Numbers and states of all versions, newest first, page by page.
  std::string Versions() {
    std::string text;
    v1::ListRfmPolicyVersionsRequest request;
    request.set_id("default");
    request.set_page_size(1);
    do {
      const auto page = Call<v1::ListRfmPolicyVersionsResponse>("ListRfmPolicyVersions", request);
      REQUIRE_OK(page);
      for (const auto& version : page->versions()) {
        absl::StrAppend(&text, version.policy().version(), " ", static_cast<int>(version.state()), ", ");
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return text;
  }

  TestLedger ledger;
  ManualClock clock{ledger.now};
  PersonTableKeeper keeper;
  RfmService rfm{&keeper};
  testing::TestServer server{ledger.schema, {rfm.Rpcs()}, {.name = "segmentation", .clock = &clock}};
};

// Everybody by frequency alone: one order, two, or more.
v1::RfmPolicy ByFrequency() {
  v1::RfmPolicy policy;
  policy.set_id("default");
  policy.set_method(v1::RFM_METHOD_FIXED);
  policy.set_bucket_count(3);
  for (const double days : {10.0, 60.0}) policy.mutable_fixed_thresholds()->add_recency_days(days);
  for (const double orders : {1.0, 2.0}) policy.mutable_fixed_thresholds()->add_frequency(orders);
  for (const double money : {1000.0, 5000.0}) policy.mutable_fixed_thresholds()->add_monetary_minor(money);
  int score = 0;
  for (const char* key : {"one", "two", "more"}) {
    v1::RfmLabel* label = policy.add_labels();
    label->set_key(key);
    label->set_name_tr(key);
    label->set_name_en(key);
    label->set_rank(++score);
    v1::RfmScoreRange* range = label->add_boxes()->mutable_frequency();
    range->set_min(score);
    range->set_max(score);
  }
  return policy;
}

std::string Moves(const v1::RfmPreview& preview) {
  std::string text;
  for (const auto& move : preview.transitions()) {
    absl::StrAppend(&text, move.from_label(), ">", move.to_label(), " ", move.contact_count(), ", ");
  }
  return text;
}

TEST_CASE("a draft changes nothing until it is activated, and going back is a new version") {
  TestTrial trial;
  const std::string scores = trial.ledger.Scores();
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicyVersion draft, trial.SaveDraft(ByFrequency()));
  CHECK(draft.state() == v1::RFM_POLICY_VERSION_STATE_DRAFT);
  CHECK(draft.policy().version() == 2);
  CHECK(draft.base_version() == 1);
  CHECK(trial.Get().version() == 1);
  CHECK(trial.ledger.Scores() == scores);
  CHECK(trial.Versions() == "2 1, 1 2, ");

  v1::RfmPolicy other = ByFrequency();
  other.set_display_name("again");
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicyVersion again, trial.SaveDraft(other));
  CHECK(again.policy().version() == 2);

  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy active, trial.Activate(0));
  CHECK(active.version() == 2);
  CHECK(active.display_name() == "again");
  CHECK(trial.Versions() == "2 2, 1 3, ");
  CHECK(ErrorReason(trial.Activate(0).status()) == "RFM_POLICY_VERSION_NOT_FOUND");

  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy back, trial.Activate(1));
  CHECK(back.version() == 3);
  CHECK(back.labels_size() == 10);
  CHECK(trial.Versions() == "3 2, 2 3, 1 3, ");
  CHECK(trial.ledger.Record().version == 3);
}

TEST_CASE("a draft of a policy that has changed since is activated only by force") {
  TestTrial trial;
  REQUIRE_OK(trial.SaveDraft(ByFrequency()));
  v1::UpdateRfmPolicyRequest update;
  update.mutable_policy()->set_id("default");
  update.mutable_policy()->set_window_days(20);
  REQUIRE_OK(trial.Call<v1::RfmPolicy>("UpdateRfmPolicy", update));
  CHECK(trial.Versions() == "3 2, 2 1, 1 3, ");
  const auto refused = trial.Activate(0);
  CHECK(refused.status().code() == StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(refused.status()) == "RFM_DRAFT_OUTDATED");
  ESNAF_REQUIRE_VALUE(const v1::RfmPolicy active, trial.Activate(0, /*force=*/true));
  CHECK(active.bucket_count() == 3);
}

TEST_CASE("a preview tells who would move and writes nothing") {
  TestTrial trial(GENERATE(false, true));
  const std::string scores = trial.ledger.Scores();
  v1::PreviewRfmPolicyRequest request;
  request.set_id("default");
  ESNAF_REQUIRE_VALUE(const auto same, (trial.Call<v1::RfmPreview>("PreviewRfmPolicy", request)));
  CHECK(same.moved_count() == 0);
  CHECK(same.summary().contact_count() == 4);

  *request.mutable_policy() = ByFrequency();
  ESNAF_REQUIRE_VALUE(const auto preview, (trial.Call<v1::RfmPreview>("PreviewRfmPolicy", request)));
  CHECK(preview.moved_count() == 4);
  REQUIRE(preview.summary().labels_size() == 3);
  CHECK(preview.summary().labels(0).label() == "more");
  CHECK(preview.summary().labels(0).contact_count() == 1);
  CHECK(preview.summary().labels(0).monetary_minor() == 9000);
  CHECK(preview.summary().labels(1).contact_count() == 1);
  CHECK(preview.summary().labels(2).contact_count() == 2);

  // As of the end of January nobody had come in February: `new` would have no label.
  *request.mutable_as_of_time() = api::ToProto(At("2026-01-31T00:00:00Z"));
  ESNAF_REQUIRE_VALUE(const auto past, (trial.Call<v1::RfmPreview>("PreviewRfmPolicy", request)));
  CHECK(past.summary().contact_count() == 3);
  CHECK(Moves(past).find("> 1, ") != std::string::npos);
  CHECK(trial.ledger.Scores() == scores);
  CHECK(trial.Versions() == "1 2, ");

  // Without a policy in the request, the draft is tried.
  REQUIRE_OK(trial.SaveDraft(ByFrequency()));
  request.clear_policy();
  request.clear_as_of_time();
  ESNAF_REQUIRE_VALUE(const auto draft, (trial.Call<v1::RfmPreview>("PreviewRfmPolicy", request)));
  CHECK(Moves(draft) == Moves(preview));
}

TEST_CASE("a back-test counts what each label's people bought afterwards") {
  TestTrial trial(GENERATE(false, true));
  v1::BacktestRfmPolicyRequest request;
  request.set_id("default");
  *request.mutable_policy() = ByFrequency();
  *request.mutable_as_of_time() = api::ToProto(At("2026-01-31T00:00:00Z"));
  request.set_horizon_days(20);
  ESNAF_REQUIRE_VALUE(const auto test, (trial.Call<v1::RfmBacktest>("BacktestRfmPolicy", request)));
  REQUIRE(test.labels_size() == 3);
  CHECK(test.labels(1).label() == "two");
  CHECK(test.labels(1).contact_count() == 1);
  CHECK(test.labels(1).buyer_count() == 1);
  CHECK(test.labels(1).order_count() == 1);
  CHECK(test.labels(1).monetary_minor() == 2500);
  CHECK(test.labels(2).label() == "one");
  CHECK(test.labels(2).contact_count() == 2);
  CHECK(test.labels(2).buyer_count() == 1);
  CHECK(test.labels(2).buyer_share() == Approx(0.5));
  CHECK(test.contact_count() == 3);
  CHECK(test.buyer_count() == 2);

  request.set_horizon_days(0);
  ESNAF_REQUIRE_VALUE(const auto longer, (trial.Call<v1::RfmBacktest>("BacktestRfmPolicy", request)));
  CHECK(longer.labels(1).order_count() == 2);
  CHECK(longer.until_time().seconds() == api::ToProto(trial.ledger.now).seconds());
}

TEST_CASE("who ordered again is counted by label and by the caller's groups") {
  TestTrial trial(GENERATE(false, true));
  v1::CountRepeatPurchasesRequest request;
  *request.mutable_as_of_time() = api::ToProto(At("2026-01-31T00:00:00Z"));
  request.add_horizon_days(11);
  request.add_horizon_days(60);
  const auto add = [&](const std::string& name, char groups) {
    const Uuid id = Contact(name);
    request.mutable_contact_ids()->append(id.bytes().begin(), id.bytes().end());
    request.mutable_groups()->push_back(groups);
  };
  add("once", 1);
  add("gone", 1);
  // Again, with another bit; and one who had not bought at the date.
  add("gone", 4);
  add("new", 2);
  const auto count = [&] { return trial.Call<v1::RepeatPurchases>("CountRepeatPurchases", request); };
  REQUIRE_OK(trial.SaveDraft(ByFrequency()));
  REQUIRE_OK(trial.Activate(0));
  ESNAF_REQUIRE_VALUE(const auto counted, count());
  std::string text;
  for (const v1::RepeatPurchaseCount& one : counted.counts()) {
    absl::StrAppend(&text, one.label(), " ", one.groups(), ": ", one.contact_count(), " ", one.buyer_counts(0), " ",
                    one.buyer_counts(1), ", ");
  }
  // `once` on 10 February, `loyal` on 11 February, which eleven days do not reach.
  CHECK(text == "two 0: 1 0 1, one 1: 1 1 1, one 5: 1 0 0, ");
  CHECK(counted.unlabelled_count() == 1);
  CHECK(counted.policy_id() == "default");
  CHECK(counted.counts(0).name_en() == "two");

  request.add_store_ids("ankara");
  CHECK_STATUS_IS(count().status(), StatusCode::kNotFound, "");
  request.clear_store_ids();
  request.mutable_groups()->pop_back();
  CHECK_STATUS_IS(count().status(), StatusCode::kInvalidArgument, "groups");
  request.mutable_contact_ids()->pop_back();
  CHECK_STATUS_IS(count().status(), StatusCode::kInvalidArgument, "contact_ids");
  request.add_horizon_days(0);
  CHECK_STATUS_IS(count().status(), StatusCode::kInvalidArgument, "horizon_days");
  *request.mutable_as_of_time() = api::ToProto(At("2027-01-31T00:00:00Z"));
  CHECK_STATUS_IS(count().status(), StatusCode::kInvalidArgument, "as_of_time");
}

TEST_CASE("trials refuse what makes no sense, naming the field") {
  TestTrial trial;
  v1::BacktestRfmPolicyRequest request;
  request.set_id("default");
  const auto call = [&] { return trial.Call<v1::RfmBacktest>("BacktestRfmPolicy", request).status(); };
  CHECK_STATUS_IS(call(), StatusCode::kInvalidArgument, "as_of_time");
  *request.mutable_as_of_time() = api::ToProto(At("2027-01-31T00:00:00Z"));
  CHECK_STATUS_IS(call(), StatusCode::kInvalidArgument, "as_of_time");
  *request.mutable_as_of_time() = api::ToProto(At("2026-01-31T00:00:00Z"));
  request.set_horizon_days(-1);
  CHECK_STATUS_IS(call(), StatusCode::kInvalidArgument, "horizon_days");
  request.set_horizon_days(5);
  request.set_version(7);
  CHECK(ErrorReason(call()) == "RFM_POLICY_VERSION_NOT_FOUND");
  *request.mutable_policy() = ByFrequency();
  request.mutable_policy()->set_id("other");
  CHECK_STATUS_IS(call(), StatusCode::kInvalidArgument, "policy.id");
  request.mutable_policy()->set_id("");
  request.mutable_policy()->clear_labels();
  CHECK_STATUS_IS(call(), StatusCode::kInvalidArgument, "policy.labels");
  request.set_id("none");
  CHECK(ErrorReason(call()) == "RFM_POLICY_NOT_FOUND");
  CHECK(ErrorReason(trial.SaveDraft(v1::RfmPolicy()).status()) == "RFM_POLICY_NOT_FOUND");
}

}  // namespace
}  // namespace esnaf::segmentation
