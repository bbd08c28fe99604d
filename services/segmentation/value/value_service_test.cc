// The RPCs over a real connection.
#include "services/segmentation/value/value_service.h"

#include <nlohmann/json.hpp>

#include "libs/base/error.h"
#include "libs/testing/data_sets.h"
#include "libs/testing/service.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/value/value_test_customers.h"

namespace esnaf::segmentation {
namespace {

using absl::StatusCode;

class TestService {
 public:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.segmentation.v1.ValueService/" + method, request,
                                            {.timeout = std::chrono::milliseconds(60'000)});
  }
  absl::StatusOr<v1::ContactValue> Value(std::string_view contact, std::int64_t fit = 0, std::string_view as_of = {}) {
    v1::GetContactValueRequest request;
    request.set_contact_id(Contact(contact).ToString());
    request.set_fit_number(fit);
    if (!as_of.empty()) *request.mutable_as_of_time() = api::ToProto(At(as_of));
    return Call<v1::ContactValue>("GetContactValue", request);
  }
  absl::StatusOr<v1::ValueModelFit> Fit(const std::string& id = "default", std::string_view as_of = {}) {
    v1::FitValueModelRequest request;
    request.set_id(id);
    if (!as_of.empty()) *request.mutable_as_of_time() = api::ToProto(At(as_of));
    return Call<v1::ValueModelFit>("FitValueModel", request);
  }
  absl::StatusOr<v1::ValueModel> Create(const v1::ValueModel& model) {
    v1::CreateValueModelRequest request;
    *request.mutable_value_model() = model;
    return Call<v1::ValueModel>("CreateValueModel", request);
  }

  TestLedger ledger;
  ManualClock clock{ledger.now};
  ValueService value;
  testing::TestServer server{ledger.schema, {value.Rpcs()}, {.name = "segmentation", .clock = &clock}};
};

v1::ValueModel ModelNamed(const std::string& id) {
  v1::ValueModel model;
  model.set_id(id);
  return model;
}

TEST_CASE("the contract of values is kept") { CHECK_OK(ValueService().Rpcs().CheckAgainstContract()); }

TEST_CASE("the model `default` is there from the beginning, others are created once and changed by their etag") {
  TestService service;
  v1::GetValueModelRequest get;
  get.set_id("default");
  ESNAF_REQUIRE_VALUE(const v1::ValueModel model, (service.Call<v1::ValueModel>("GetValueModel", get)));
  CHECK(model.kind() == v1::VALUE_MODEL_KIND_BG_NBD);
  CHECK(model.time_zone() == "Europe/Istanbul");
  CHECK(model.store_id().empty());
  CHECK(model.fit_number() == 0);
  get.set_id("other");
  CHECK(ErrorReason(service.Call<v1::ValueModel>("GetValueModel", get).status()) == "VALUE_MODEL_NOT_FOUND");

  REQUIRE_OK(service.Create(ModelNamed("other")));
  CHECK(ErrorReason(service.Create(ModelNamed("other")).status()) == "VALUE_MODEL_ALREADY_EXISTS");
  v1::UpdateValueModelRequest update;
  *update.mutable_value_model() = ModelNamed("other");
  update.mutable_value_model()->set_etag("1");
  update.mutable_value_model()->set_kind(v1::VALUE_MODEL_KIND_PARETO_NBD);
  ESNAF_REQUIRE_VALUE(const v1::ValueModel updated, (service.Call<v1::ValueModel>("UpdateValueModel", update)));
  CHECK(updated.version() == 2);
  CHECK(updated.kind() == v1::VALUE_MODEL_KIND_PARETO_NBD);
  const auto stale = service.Call<v1::ValueModel>("UpdateValueModel", update);
  CHECK(stale.status().code() == StatusCode::kAborted);
  CHECK(ErrorReason(stale.status()) == "ETAG_MISMATCH");
  ESNAF_REQUIRE_VALUE(const auto list,
                      (service.Call<v1::ListValueModelsResponse>("ListValueModels", v1::ListValueModelsRequest())));
  CHECK(list.value_models_size() == 2);

  v1::ValueModel bad = ModelNamed("Bad Id");
  bad.set_margin_ratio(1.5);
  const auto refused = service.Create(bad);
  CHECK(refused.status().code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(refused.status()).size() == 2);
}

TEST_CASE("before any fit a value is what was, with churn by the person's own gaps") {
  TestService service;
  service.ledger.Orders({{.name = "1", .contact = "ayse", .place_time = "2026-01-01T10:00:00Z", .net = 6000},
                         {.name = "2", .contact = "ayse", .place_time = "2026-01-31T10:00:00Z", .net = 3000},
                         {.name = "3", .contact = "ayse", .place_time = "2026-03-02T10:00:00Z", .net = 3000}});
  ESNAF_REQUIRE_VALUE(const v1::ContactValue value, service.Value("ayse"));
  CHECK(value.historic().order_count() == 3);
  CHECK(value.historic().net().minor() == 12'000);
  CHECK(value.historic().net().currency_code() == "TRY");
  CHECK(value.historic().average_order_value().minor() == 4000);
  CHECK(value.historic().median_gap_days() == 30);
  CHECK_FALSE(value.has_predicted());
  CHECK_FALSE(value.has_total_clv());
  CHECK(value.churn_method() == v1::CHURN_METHOD_GAP);
  CHECK(value.churn_probability() == Approx(1 - std::pow(2, -8 / 90.0)));
  CHECK(value.expected_next_purchase_date() == "2026-04-01");
  CHECK(value.definition().fit_number() == 0);
  CHECK(value.definition().value_basis() == v1::VALUE_BASIS_NET);

  const auto nobody = service.Value("nobody");
  CHECK(nobody.status().code() == StatusCode::kNotFound);
  CHECK(ErrorReason(nobody.status()) == "CONTACT_VALUE_NOT_FOUND");
  CHECK(ErrorReason(service.Value("ayse", 7).status()) == "VALUE_MODEL_FIT_NOT_FOUND");
  CHECK_STATUS_IS(service.Value("ayse", 0, "2027-01-01T00:00:00Z"), StatusCode::kInvalidArgument, "as_of_time");
  CHECK(ErrorReason(service.Fit().status()) == "TOO_LITTLE_DATA");
  CHECK(service.Fit().status().code() == StatusCode::kFailedPrecondition);
}

TEST_CASE("after a fit a value has its prediction, and merges move it at once") {
  TestService service;
  service.ledger.Orders(TownOrders());
  ESNAF_REQUIRE_VALUE(const v1::ValueModelFit fit, service.Fit());
  CHECK(fit.number() == 1);
  CHECK(fit.customer_count() == 60);
  CHECK(fit.repeat_customer_count() == 48);
  CHECK(fit.model().currency_code() == "TRY");
  CHECK(fit.frequency().parameters_size() == 4);
  CHECK(fit.frequency().log_likelihood() < 0);
  ESNAF_REQUIRE_VALUE(const v1::ContactValue before, service.Value("p7"));
  REQUIRE(before.has_predicted());
  CHECK(before.definition().fit_number() == 1);
  CHECK(before.predicted().repeat_count() == 2);
  CHECK(before.predicted().expected_purchases() > 0);
  CHECK(before.total_clv().minor() == before.historic().margin().minor() + before.predicted().clv().minor());
  CHECK(before.churn_probability() == Approx(1 - before.predicted().probability_active()));
  CHECK(before.churn_method() == v1::CHURN_METHOD_MODEL);
  // BG/NBD cannot tell whether somebody who bought once has left.
  ESNAF_REQUIRE_VALUE(const v1::ContactValue once, service.Value("p5"));
  CHECK(once.predicted().probability_active() == 1);
  CHECK(once.churn_method() == v1::CHURN_METHOD_GAP);
  CHECK(once.churn_probability() > 0.5);

  service.ledger.Alias("p8", "p7", 1);
  ESNAF_REQUIRE_VALUE(const v1::ContactValue merged, service.Value("p8"));
  CHECK(merged.contact_id() == Contact("p7").ToString());
  CHECK(merged.historic().order_count() == 7);
  service.ledger.Alias("p8", "", 2);
  ESNAF_REQUIRE_VALUE(const v1::ContactValue after, service.Value("p7"));
  CHECK(after.SerializeAsString() == before.SerializeAsString());
}

TEST_CASE("an old prediction can be made again by its fit, whatever was bought and fitted since") {
  TestService service;
  service.ledger.Orders(TownOrders());
  REQUIRE_OK(service.Fit("default", "2026-02-01T12:00:00Z"));
  ESNAF_REQUIRE_VALUE(const v1::ContactValue then, service.Value("p9", 1, "2026-02-01T12:00:00Z"));
  service.ledger.Order({.name = "new", .contact = "p9", .place_time = "2026-03-09T10:00:00Z"});
  v1::UpdateValueModelRequest update;
  *update.mutable_value_model() = ModelNamed("default");
  update.mutable_value_model()->set_kind(v1::VALUE_MODEL_KIND_MBG_NBD);
  update.mutable_value_model()->set_margin_ratio(0.4);
  REQUIRE_OK((service.Call<v1::ValueModel>("UpdateValueModel", update)));
  ESNAF_REQUIRE_VALUE(const v1::ValueModelFit second, service.Fit());
  CHECK(second.number() == 2);
  ESNAF_REQUIRE_VALUE(const v1::ContactValue again, service.Value("p9", 1, "2026-02-01T12:00:00Z"));
  CHECK(again.SerializeAsString() == then.SerializeAsString());
  ESNAF_REQUIRE_VALUE(const v1::ContactValue now, service.Value("p9"));
  CHECK(now.definition().fit_number() == 2);
  CHECK(now.definition().kind() == v1::VALUE_MODEL_KIND_MBG_NBD);
  CHECK(now.definition().margin_ratio() == 0.4);

  v1::ListValueModelFitsRequest list;
  list.set_id("default");
  list.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto newest, (service.Call<v1::ListValueModelFitsResponse>("ListValueModelFits", list)));
  REQUIRE(newest.fits_size() == 1);
  CHECK(newest.fits(0).SerializeAsString() == second.SerializeAsString());
  list.set_page_token(newest.next_page_token());
  ESNAF_REQUIRE_VALUE(const auto oldest, (service.Call<v1::ListValueModelFitsResponse>("ListValueModelFits", list)));
  REQUIRE(oldest.fits_size() == 1);
  CHECK(oldest.fits(0).number() == 1);
  CHECK(oldest.next_page_token().empty());
}

TEST_CASE("a fit is made once for a request id") {
  TestService service;
  service.ledger.Orders(TownOrders());
  v1::FitValueModelRequest request;
  request.set_id("default");
  request.set_request_id("once");
  ESNAF_REQUIRE_VALUE(const auto first, (service.Call<v1::ValueModelFit>("FitValueModel", request)));
  ESNAF_REQUIRE_VALUE(const auto second, (service.Call<v1::ValueModelFit>("FitValueModel", request)));
  CHECK(first.SerializeAsString() == second.SerializeAsString());
  CHECK(service.ledger.Count("value_fit") == 1);
}

TEST_CASE("people are listed by CLV or by churn, page by page, merged ones once") {
  TestService service;
  v1::ListContactValuesRequest list;
  ESNAF_REQUIRE_VALUE(const auto none, (service.Call<v1::ListContactValuesResponse>("ListContactValues", list)));
  CHECK(none.values().empty());
  CHECK_FALSE(none.has_definition());

  service.ledger.Orders(TownOrders());
  REQUIRE_OK(service.Fit());
  ValueKeeper keeper;
  REQUIRE_OK(keeper.Tick(service.ledger.connection(), service.ledger.now));
  service.ledger.Alias("p8", "p7", 1);
  list.set_page_size(25);
  std::vector<std::int64_t> values;
  do {
    ESNAF_REQUIRE_VALUE(const auto page, (service.Call<v1::ListContactValuesResponse>("ListContactValues", list)));
    CHECK(page.definition().fit_number() == 1);
    for (const v1::ContactValueSummary& value : page.values()) {
      CHECK(value.contact_id() != Contact("p8").ToString());
      values.push_back(value.clv_minor());
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  CHECK(values.size() == 59);
  CHECK(std::is_sorted(values.rbegin(), values.rend()));

  list.set_order_by("churn_probability desc");
  list.set_filter("purchase_count > 2");
  ESNAF_REQUIRE_VALUE(const auto risky, (service.Call<v1::ListContactValuesResponse>("ListContactValues", list)));
  REQUIRE(risky.values_size() > 2);
  for (int i = 1; i < risky.values_size(); ++i) {
    CHECK(risky.values(i - 1).churn_probability() >= risky.values(i).churn_probability());
    CHECK(risky.values(i).purchase_count() > 2);
  }
  // What the list says is what the person's own value says.
  const v1::ContactValueSummary& first = risky.values(0);
  v1::GetContactValueRequest get;
  get.set_contact_id(first.contact_id());
  ESNAF_REQUIRE_VALUE(const auto own, (service.Call<v1::ContactValue>("GetContactValue", get)));
  CHECK(own.predicted().clv().minor() == first.clv_minor());
  CHECK(own.churn_probability() == Approx(first.churn_probability()));
  list.set_filter("shoe_size > 2");
  CHECK_STATUS_IS((service.Call<v1::ListContactValuesResponse>("ListContactValues", list)),
                  StatusCode::kInvalidArgument, "filter");
}

TEST_CASE("cohorts count everybody by the month of the first purchase") {
  TestService service;
  service.ledger.Orders(TownOrders());
  v1::GetRetentionCohortsRequest request;
  request.set_from_month("2025-09");
  request.set_lapse_days(60);
  ESNAF_REQUIRE_VALUE(const auto cohorts, (service.Call<v1::RetentionCohorts>("GetRetentionCohorts", request)));
  CHECK(cohorts.customer_count() == 60);
  CHECK(cohorts.repeat_customer_count() == 48);
  CHECK(cohorts.repeat_rate() == 0.8);
  REQUIRE(cohorts.cohorts_size() == 7);
  CHECK(cohorts.cohorts(0).month() == "2025-09");
  CHECK(cohorts.cohorts(0).customer_count() == 30);
  CHECK(cohorts.cohorts(0).active_counts(0) == 30);
  CHECK(cohorts.cohorts(0).active_counts_size() == 7);
  CHECK(cohorts.cohorts(1).customer_count() == 30);
  CHECK(cohorts.cohorts(2).customer_count() == 0);
  REQUIRE(cohorts.months_size() == 7);
  CHECK(cohorts.months(1).active_at_start_count() == 30);
  CHECK(cohorts.months(0).churn_rate() == 0);
  CHECK_FALSE(cohorts.months(0).has_churn_rate());
  CHECK(cohorts.lapse_days() == 60);
  request.set_to_month("2025-08");
  CHECK_STATUS_IS((service.Call<v1::RetentionCohorts>("GetRetentionCohorts", request)), StatusCode::kInvalidArgument,
                  "from_month");
  request.set_to_month("2026-04");
  CHECK_STATUS_IS((service.Call<v1::RetentionCohorts>("GetRetentionCohorts", request)), StatusCode::kInvalidArgument,
                  "to_month");
}

TEST_CASE("a key that is limited to a store sees its models alone, not those of another or of all") {
  TestService service;
  v1::ValueModel izmir = ModelNamed("izmir");
  izmir.set_store_id("izmir");
  REQUIRE_OK(service.Create(izmir));
  const auto get_for = [&](const char* store, const std::string& id = "izmir") {
    runtime::CallInfo info{
        .caller = {.kind = runtime::Caller::Kind::kStorefront, .actor = "key:1", .store_ids = {store}}};
    info.deadline = SystemClock().Now() + std::chrono::minutes(1);
    runtime::Call call(info, service.clock, service.ledger.connection());
    v1::GetValueModelRequest get;
    get.set_id(id);
    return service.value.GetValueModel(call, get);
  };
  CHECK_OK(get_for("izmir"));
  CHECK(ErrorReason(get_for("istanbul").status()) == "VALUE_MODEL_NOT_FOUND");
  CHECK(ErrorReason(get_for("izmir", "default").status()) == "VALUE_MODEL_NOT_FOUND");
}

// The CDNOW study's purchases as order events.
std::vector<TestOrder> CdnowOrders(const std::filesystem::path& folder) {
  std::vector<TestOrder> orders;
  std::ifstream raw(folder / "CDNOW_sample.txt");
  std::string master, customer, day, dollars;
  for (int discs = 0, line = 0; raw >> master >> customer >> day >> discs >> dollars; ++line) {
    const std::string date = day.substr(0, 4) + "-" + day.substr(4, 2) + "-" + day.substr(6, 2);
    const std::int64_t cents = ParseMoney(dollars, Currency::Parse("USD").value()).value().minor;
    orders.push_back({.name = absl::StrCat("cdnow/", line),
                      .contact = customer,
                      .place_time = date + "T12:00:00Z",
                      .net = cents,
                      .currency_code = "USD"});
  }
  return orders;
}

TEST_CASE("CDNOW: the study's purchases as order events give the published parameters and predictions") {
  const auto folder = testing::DataFolder("clv");
  if (!folder) return;
  nlohmann::json gold;
  std::ifstream(*folder / "gold.json") >> gold;
  TestService service;
  const std::vector<TestOrder> orders = CdnowOrders(*folder);
  for (std::size_t i = 0; i < orders.size(); i += 1000) {
    const auto end = orders.begin() + static_cast<std::ptrdiff_t>(std::min(orders.size(), i + 1000));
    service.ledger.Orders({orders.begin() + static_cast<std::ptrdiff_t>(i), end});
  }
  const auto fit_of = [&](const std::string& id, v1::ValueModelKind kind) {
    v1::ValueModel model = ModelNamed(id);
    model.set_kind(kind);
    model.set_time_zone("UTC");
    model.set_holdout_days(-1);
    REQUIRE_OK(service.Create(model));
    auto fit = service.Fit(id, "1997-09-30T23:00:00Z");
    REQUIRE_OK(fit);
    return *fit;
  };
  const auto check = [&](const v1::ValueEstimates& estimates, const char* name, double tolerance) {
    const nlohmann::json& optimum = gold["computed_optima"][name];
    INFO(name);
    CHECK(estimates.converged());
    CHECK(estimates.log_likelihood() == Approx(optimum["LL"].get<double>()).margin(1e-3));
    for (int i = 0; i < estimates.parameters_size(); ++i) {
      CHECK(estimates.parameters(i).value() == Approx(optimum["params"][i].get<double>()).epsilon(tolerance));
      CHECK(estimates.parameters(i).standard_error() > 0);
    }
  };
  const v1::ValueModelFit bgnbd = fit_of("bg", v1::VALUE_MODEL_KIND_BG_NBD);
  CHECK(bgnbd.customer_count() == 2357);
  CHECK(bgnbd.repeat_customer_count() == 946);
  CHECK(bgnbd.model().currency_code() == "USD");
  check(bgnbd.frequency(), "bgnbd", 1e-3);
  check(bgnbd.spend(), "gamma_gamma", 1e-3);
  check(fit_of("mbg", v1::VALUE_MODEL_KIND_MBG_NBD).frequency(), "mbgnbd", 1e-3);
  check(fit_of("pareto", v1::VALUE_MODEL_KIND_PARETO_NBD).frequency(), "pnbd", 2e-3);

  v1::GetContactValueRequest request;
  request.set_contact_id(Contact("1516").ToString());
  request.set_model_id("bg");
  request.set_horizon_days(52 * 7);
  *request.mutable_as_of_time() = api::ToProto(At("1997-09-30T23:00:00Z"));
  ESNAF_REQUIRE_VALUE(const auto value, (service.Call<v1::ContactValue>("GetContactValue", request)));
  const nlohmann::json& published = gold["published_values"];
  CHECK(value.predicted().repeat_count() == 26);
  CHECK(value.predicted().expected_purchases() ==
        Approx(published["bgnbd_cet"][1]["value"].get<double>()).margin(0.001));
  CHECK(value.predicted().probability_active() == Approx(published["bgnbd_palive_1516"].get<double>()).margin(1e-5));
}

}  // namespace
}  // namespace esnaf::segmentation
