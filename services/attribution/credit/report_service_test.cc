// A shop's fortnight: what the reports must say was worked out by hand.
#include "services/attribution/credit/report_service.h"

#include "libs/testing/service.h"
#include "services/attribution/credit/credit_service.h"
#include "services/attribution/credit/markov_fitter.h"
#include "services/attribution/credit/test_orders.h"

namespace esnaf::attribution {
namespace {

using absl::StatusCode;

Touchpoint PaidTouch(std::string event_id, std::string visitor, std::string_view time, std::string source,
                     std::string campaign, std::string campaign_id, std::string channel) {
  Touchpoint touch = TouchOf(std::move(event_id), std::move(visitor), time, source);
  touch.traffic.told.campaign = std::move(campaign);
  touch.traffic.told.campaign_id = std::move(campaign_id);
  touch.traffic.id = IdOf(touch.traffic.told);
  touch.traffic.derived.channel = std::move(channel);
  return touch;
}

Touchpoint DirectTouch(std::string event_id, std::string visitor, std::string_view time) {
  Touchpoint touch = TouchOf(std::move(event_id), std::move(visitor), time, "", "");
  touch.traffic.derived = {.source = "(direct)", .medium = "(none)", .channel = "Direct", .direct = true};
  return touch;
}

// Ayşe clicks a Google ad on her phone and a Meta ad at her desk, comes back by herself, buys, buys again, and gives a
// part of the first order back. Ali buys out of nowhere. A visitor without consent leads to nobody.
class Fortnight {
 public:
  Fortnight() {
    shop.now = At("2026-05-05T13:00:00Z");
    shop.Insert({PaidTouch("g", "phone", "2026-04-21T12:00:00Z", "google", "Yaz Çanta", "11", "Paid Search"),
                 PaidTouch("m", "desk", "2026-04-28T12:00:00Z", "instagram", "Sepet", "", "Paid Social"),
                 PaidTouch("nobody", "", "2026-04-29T12:00:00Z", "instagram", "Sepet", "", "Paid Social"),
                 DirectTouch("d", "desk", "2026-05-05T12:00:00Z")});
    shop.Link({{.visitor_id = "phone",
                .link_time = At("2026-05-04T10:00:00Z"),
                .contact_id = Contact("ayse"),
                .proven = true}});
    shop.Order(first, 1);
    shop.now = At("2026-05-10T13:00:00Z");
    shop.Order({.name = "o2", .person = "ayse", .time = "2026-05-10T12:00:00Z", .gross = 40000, .cost = 20000});
    shop.Order({.name = "o3", .person = "ali", .time = "2026-05-08T12:00:00Z", .gross = 50000, .cost = 10000});
    shop.now = At("2026-05-12T12:00:00Z");
    first.refunded = 20000;
    shop.Order(first, 2);
    AddSpend("google", "11", "Yaz Çanta", 10000, 400, 20);
    AddSpend("meta", "77", "SEPET", 5000, 900, 10);
    AddSpend("google", "99", "Boşa", 2000, 50, 2);
    clock.Set(At("2026-05-14T12:00:00Z"));
  }

  void AddSpend(const std::string& platform, const std::string& id, const std::string& name, int cost, int impressions,
                int clicks) {
    shop.schema.Sql("INSERT INTO ad_spend_import VALUES ($1, 'istanbul', now(), '')", {Contact(id)});
    shop.schema.Sql(
        "INSERT INTO ad_spend (store_id, platform, account_id, day, campaign_id, campaign, ad_group_id, ad_group, "
        "ad_id, "
        "ad, keyword, search_query, impressions, clicks, cost_units, currency, original_cost_micros, "
        "original_currency, reported_conversions_micros, reported_value_micros, import_id, known_from) "
        "VALUES ('istanbul', $1, 'a', '2026-05-02', $2, $3, '', '', '', '', '', '', $4::bigint, $5::bigint, "
        "$6::bigint, "
        "'TRY', 0, 'TRY', 0, 0, $7, '2026-05-03T00:00:00Z')",
        {platform, id, name, impressions, clicks, cost, Contact(id)});
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.attribution.v1." + method, request,
                                            {.timeout = std::chrono::milliseconds(60'000)});
  }
  v1::GetAttributionReportRequest May(Model model) {
    v1::GetAttributionReportRequest request;
    request.set_from_date("2026-05-01");
    request.set_to_date("2026-05-14");
    request.set_model(static_cast<v1::AttributionModel>(model));
    return request;
  }
  v1::AttributionReport Report(const v1::GetAttributionReportRequest& request) {
    auto report = Call<v1::AttributionReport>("ReportService/GetAttributionReport", request);
    REQUIRE_OK(report);
    return *std::move(report);
  }

  TestCredits shop;
  TestOrder first{.name = "o1", .person = "ayse", .time = "2026-05-05T12:30:00Z", .visitor_id = "desk"};
  ManualClock clock{shop.now};
  CreditService credits;
  ReportService reports{800};
  testing::TestServer server{shop.schema, {credits.Rpcs(), reports.Rpcs()}, {.name = "attribution", .clock = &clock}};
};

const v1::ReportRow& RowOf(const v1::AttributionReport& report, std::string_view campaign, std::string_view channel) {
  for (const v1::ReportRow& row : report.rows()) {
    if (row.campaign() == campaign && row.channel() == channel) return row;
  }
  FAIL("no row of " << campaign << " " << channel);
  return report.rows(0);
}

TEST_CASE("the contracts of credits and reports are kept") {
  CHECK_OK(CreditService().Rpcs().CheckAgainstContract());
  CHECK_OK(ReportService(800).Rpcs().CheckAgainstContract());
}

TEST_CASE("a report as known further back than that is kept is refused") {
  Fortnight fortnight;
  v1::GetAttributionReportRequest request = fortnight.May(Model::kLast);
  *request.mutable_as_known_time() = api::ToProto(fortnight.clock.Now() - std::chrono::days(801));
  CHECK_STATUS_IS(fortnight.Call<v1::AttributionReport>("ReportService/GetAttributionReport", request).status(),
                  StatusCode::kInvalidArgument, "as_known_time");
  *request.mutable_as_known_time() = api::ToProto(fortnight.clock.Now() - std::chrono::days(799));
  CHECK(fortnight.Report(request).rows().empty());
}

TEST_CASE("the fortnight under every model") {
  Fortnight fortnight;
  struct Expected {
    Model model;
    std::int64_t google, meta, direct;
  };
  // Net of Ayşe's 800.00 and 400.00.
  const Expected all[] = {{Model::kFirst, 120000, 0, 0},
                          {Model::kLast, 0, 0, 120000},
                          {Model::kLastNonDirect, 0, 120000, 0},
                          {Model::kLinear, 40001, 40000, 39999},
                          {Model::kTimeDecay, 17143, 34286, 68571},
                          {Model::kPositionBased, 48000, 24000, 48000},
                          {Model::kUShaped, 48000, 48000, 24000},
                          {Model::kWShaped, 51429, 51429, 17142},
                          {Model::kMarkov, 40001, 40000, 39999},
                          {Model::kShapley, 40001, 40000, 39999}};
  for (const Expected& expected : all) {
    INFO(ModelName(expected.model));
    const v1::AttributionReport report = fortnight.Report(fortnight.May(expected.model));
    const v1::ReportMetrics& totals = report.totals();
    CHECK(totals.spend_minor() == 17000);
    CHECK(totals.revenue_minor() == 190000);
    CHECK(totals.net_minor() == 170000);
    CHECK(totals.cost_minor() == 90000);
    CHECK(totals.profit_minor() == 63000);
    CHECK(totals.conversions() == 3);
    CHECK(totals.new_customers() == 2);
    CHECK(totals.roas() == 10);
    CHECK(totals.cac_minor() == 8500);
    const v1::ReportRow& google = RowOf(report, "Yaz Çanta", "Paid Search");
    const v1::ReportRow& meta = RowOf(report, "SEPET", "Paid Social");
    CHECK(google.metrics().net_minor() == expected.google);
    CHECK(google.metrics().roas() == static_cast<double>(expected.google) / 10000);
    CHECK(meta.metrics().net_minor() == expected.meta);
    CHECK(meta.metrics().roas() == static_cast<double>(expected.meta) / 5000);
    CHECK(meta.campaign_id() == "77");
    CHECK(google.match() == (expected.google > 0 ? v1::SPEND_MATCH_MATCHED : v1::SPEND_MATCH_NO_CREDIT));
    if (expected.direct > 0) CHECK(RowOf(report, "", "Direct").metrics().net_minor() == expected.direct);
    CHECK(RowOf(report, "", "(unattributed)").metrics().net_minor() == 50000);
    CHECK(RowOf(report, "Boşa", "Paid Search").match() == v1::SPEND_MATCH_NO_CREDIT);
    CHECK(RowOf(report, "Boşa", "Paid Search").metrics().profit_minor() == -2000);
  }
}

TEST_CASE("ROAS, CAC and profit of a campaign") {
  Fortnight fortnight;
  const v1::AttributionReport report = fortnight.Report(fortnight.May(Model::kFirst));
  const v1::ReportMetrics& google = RowOf(report, "Yaz Çanta", "Paid Search").metrics();
  CHECK(google.roas() == 12);
  CHECK(google.conversions() == 2);
  CHECK(google.cpa_minor() == 5000);
  CHECK(google.cac_minor() == 10000);
  CHECK(google.margin_minor() == 40000);
  CHECK(google.profit_minor() == 30000);
  CHECK(google.impressions() == 400);
  CHECK(google.clicks() == 20);
  v1::GetAttributionReportRequest returning = fortnight.May(Model::kFirst);
  returning.set_customers(v1::CUSTOMER_FILTER_RETURNING);
  CHECK(fortnight.Report(returning).totals().net_minor() == 40000);
}

TEST_CASE("a report as known before the refund still says what it said") {
  Fortnight fortnight;
  v1::GetAttributionReportRequest request = fortnight.May(Model::kLinear);
  *request.mutable_as_known_time() = api::ToProto(At("2026-05-11T00:00:00Z"));
  const v1::AttributionReport then = fortnight.Report(request);
  CHECK(then.totals().net_minor() == 190000);
  CHECK(RowOf(then, "Yaz Çanta", "Paid Search").metrics().net_minor() == 33334 + 13334);
  *request.mutable_as_known_time() = api::ToProto(At("2026-05-06T00:00:00Z"));
  CHECK(fortnight.Report(request).totals().net_minor() == 100000);
  CHECK(fortnight.shop.Told() == "refunded");
}

TEST_CASE("a report as known before an import counts what ads had cost by what was known then") {
  Fortnight fortnight;
  fortnight.shop.schema.Sql(
      "INSERT INTO superseded_ad_spend SELECT s.*, known_from FROM ad_spend s WHERE campaign_id = '11'", {});
  fortnight.shop.schema.Sql("UPDATE superseded_ad_spend SET cost_units = 7000, known_from = '2026-05-02T12:00:00Z'",
                            {});
  v1::GetAttributionReportRequest request = fortnight.May(Model::kLinear);
  const auto spend_at = [&](std::string_view time) {
    *request.mutable_as_known_time() = api::ToProto(At(time));
    return fortnight.Report(request).totals().spend_minor();
  };
  CHECK(spend_at("2026-05-02T11:59:59Z") == 0);
  CHECK(spend_at("2026-05-02T12:00:00Z") == 7000);
  CHECK(spend_at("2026-05-02T23:59:59Z") == 7000);
  CHECK(spend_at("2026-05-03T00:00:00Z") == 17000);
  request.clear_as_known_time();
  CHECK(fortnight.Report(request).totals().spend_minor() == 17000);
}

TEST_CASE("periods, comparison, drilling down and pages") {
  Fortnight fortnight;
  v1::GetAttributionReportRequest request = fortnight.May(Model::kLinear);
  request.set_period(v1::REPORT_PERIOD_DAY);
  request.set_level(v1::REPORT_LEVEL_CHANNEL);
  const v1::AttributionReport days = fortnight.Report(request);
  CHECK(days.rows(0).from_date() == "2026-05-02");
  CHECK(days.rows(0).channel() == "Paid Search");
  CHECK(days.rows(0).metrics().spend_minor() == 12000);
  CHECK(days.totals().net_minor() == 170000);
  request.set_page_size(2);
  const v1::AttributionReport page = fortnight.Report(request);
  CHECK(page.rows_size() == 2);
  CHECK(page.totals().net_minor() == 170000);
  request.set_page_token(page.next_page_token());
  CHECK(fortnight.Report(request).rows(0).SerializeAsString() == days.rows(2).SerializeAsString());
  v1::GetAttributionReportRequest drilled = fortnight.May(Model::kLinear);
  drilled.set_campaign("yaz canta");
  CHECK(fortnight.Report(drilled).totals().spend_minor() == 10000);
  drilled.set_from_date("2026-05-08");
  drilled.set_compare_from_date("2026-05-01");
  const v1::AttributionReport compared = fortnight.Report(drilled);
  CHECK(compared.totals().net_minor() == 13334);
  CHECK(compared.compared_totals().net_minor() == 26667);
  CHECK(compared.rows(0).compared().spend_minor() == 10000);
  drilled.set_from_date("2026-05-32");
  CHECK_STATUS_IS(fortnight.Call<v1::AttributionReport>("ReportService/GetAttributionReport", drilled),
                  StatusCode::kInvalidArgument, "from_date");
}

TEST_CASE("an order explains its credit") {
  Fortnight fortnight;
  v1::ExplainCreditRequest request;
  request.set_order_id(OrderId("o1").ToString());
  ESNAF_REQUIRE_VALUE(const v1::CreditExplanation why,
                      (fortnight.Call<v1::CreditExplanation>("CreditService/ExplainCredit", request)));
  CHECK(why.new_customer());
  CHECK(why.net_minor() == 80000);
  REQUIRE(why.touches_size() == 3);
  CHECK(why.touches(0).campaign() == "Yaz Çanta");
  CHECK(why.touches(1).lead());
  CHECK(why.touches(2).direct());
  REQUIRE(why.models_size() == kModelCount);
  for (const v1::ModelCredit& model : why.models()) {
    std::int64_t net = 0;
    for (const v1::TouchCredit& credit : model.credits()) net += credit.net_minor();
    CHECK(net == 80000);
  }
  REQUIRE(why.restatements_size() == 2);
  CHECK(why.restatements(0).reason() == "placed");
  CHECK(why.restatements(1).reason() == "refunded");
  CHECK(why.restatements(1).net_minor() == 80000);
  request.set_order_id(OrderId("nothing").ToString());
  CHECK_STATUS_IS(fortnight.Call<v1::CreditExplanation>("CreditService/ExplainCredit", request), StatusCode::kNotFound,
                  "");
}

TEST_CASE("a key that is limited to stores sees nothing of others' touches, and changes nobody's settings") {
  Fortnight fortnight;
  Touchpoint elsewhere = PaidTouch("a", "desk", "2026-05-03T12:00:00Z", "google", "Gizli", "12", "Paid Search");
  elsewhere.store_id = "ankara";
  elsewhere.id = TouchpointId(elsewhere.store_id, elsewhere.event_id);
  fortnight.shop.Insert({elsewhere});
  const runtime::ClientCallOptions limited{
      .timeout = std::chrono::milliseconds(60'000),
      .metadata = {{"esnaf-actor", "key:1"}, {"esnaf-caller-kind", "staff"}, {"esnaf-stores", "istanbul"}}};
  v1::ExplainCreditRequest request;
  request.set_order_id(OrderId("o1").ToString());
  const std::string method = "/esnaf.attribution.v1.CreditService/";
  ESNAF_REQUIRE_VALUE(const v1::CreditExplanation whole,
                      (fortnight.Call<v1::CreditExplanation>("CreditService/ExplainCredit", request)));
  ESNAF_REQUIRE_VALUE(const v1::CreditExplanation part, fortnight.server.channel()->Call<v1::CreditExplanation>(
                                                            method + "ExplainCredit", request, limited));
  REQUIRE(whole.touches_size() == 4);
  REQUIRE(part.touches_size() == 4);
  CHECK(whole.touches(2).campaign() == "Gizli");
  const v1::ExplainedTouch& withheld = part.touches(2);
  CHECK(withheld.campaign().empty());
  CHECK(withheld.source().empty());
  CHECK(withheld.medium().empty());
  CHECK(withheld.channel() == "Paid Search");
  CHECK(withheld.occur_time().seconds() == whole.touches(2).occur_time().seconds());
  CHECK(withheld.touchpoint_id() != whole.touches(2).touchpoint_id());
  CHECK(part.touches(0).SerializeAsString() == whole.touches(0).SerializeAsString());
  // Its part of the order is there under the name that the touch has here.
  REQUIRE(part.models(3).model() == v1::ATTRIBUTION_MODEL_LINEAR);
  REQUIRE(part.models(3).credits_size() == 4);
  CHECK(part.models(3).credits(2).touchpoint_id() == withheld.touchpoint_id());
  CHECK(part.models(3).credits(2).share_millionths() == 250000);
  v1::UpdateAttributionSettingsRequest update;
  update.mutable_settings()->set_half_life_days(1);
  CHECK_STATUS_IS(
      fortnight.server.channel()->Call<v1::AttributionSettings>(method + "UpdateAttributionSettings", update, limited),
      StatusCode::kPermissionDenied, "every store");
}

TEST_CASE("a shorter look-back window takes touches off the path, and says why") {
  Fortnight fortnight;
  v1::UpdateAttributionSettingsRequest update;
  update.mutable_settings()->mutable_first_order()->set_click_days(10);
  ESNAF_REQUIRE_VALUE(const v1::AttributionSettings settings,
                      (fortnight.Call<v1::AttributionSettings>("CreditService/UpdateAttributionSettings", update)));
  CHECK(settings.first_order().click_days() == 10);
  CHECK(settings.repeat_order().click_days() == 30);
  fortnight.shop.now = At("2026-05-14T13:00:00Z");
  fortnight.shop.Recredit();
  CHECK(fortnight.shop.Nets("o1", Model::kFirst) == "80000");
  CHECK(fortnight.shop.Nets("o1", Model::kLinear) == "40000 40000");
  v1::ExplainCreditRequest request;
  request.set_order_id(OrderId("o1").ToString());
  ESNAF_REQUIRE_VALUE(const v1::CreditExplanation why,
                      (fortnight.Call<v1::CreditExplanation>("CreditService/ExplainCredit", request)));
  CHECK(why.touches(0).exclusion() == v1::TOUCH_EXCLUSION_OUTSIDE_CLICK_WINDOW);
  CHECK(why.touches(0).reason_en() == "it was more than 10 days before the order");
  update.mutable_settings()->mutable_first_order()->set_click_days(91);
  CHECK_STATUS_IS((fortnight.Call<v1::AttributionSettings>("CreditService/UpdateAttributionSettings", update)),
                  StatusCode::kInvalidArgument, "click_days");
  update.mutable_settings()->set_etag("1");
  CHECK_STATUS_IS((fortnight.Call<v1::AttributionSettings>("CreditService/UpdateAttributionSettings", update)),
                  StatusCode::kAborted, "changed");
}

TEST_CASE("models side by side, paths and assists") {
  Fortnight fortnight;
  // Somebody came and did not buy.
  fortnight.shop.Insert({PaidTouch("lost", "x", "2026-05-03T12:00:00Z", "google", "Yaz Çanta", "11", "Paid Search")});
  v1::CompareModelsRequest compare;
  compare.set_from_date("2026-05-01");
  compare.set_to_date("2026-05-14");
  ESNAF_REQUIRE_VALUE(const v1::ModelComparison models,
                      (fortnight.Call<v1::ModelComparison>("ReportService/CompareModels", compare)));
  CHECK(models.converted_path_count() == 2);
  CHECK(models.lost_path_count() == 1);
  double markov = 0, shapley = 0;
  for (const v1::ChannelComparison& channel : models.channels()) {
    markov += channel.markov_conversions();
    shapley += channel.shapley_conversions();
    if (channel.channel() == "Paid Search") CHECK(channel.spread() == 2);
  }
  CHECK(std::abs(markov - 2) < 1e-9);
  CHECK(std::abs(shapley - 2) < 1e-9);
  // start > search; of three at search two go on to social, direct and the order.
  CHECK(std::abs(models.conversion_probability() - 2.0 / 3) < 1e-9);

  v1::GetConversionPathsRequest request;
  request.set_from_date("2026-05-01");
  request.set_to_date("2026-05-14");
  ESNAF_REQUIRE_VALUE(const v1::ConversionPaths paths,
                      (fortnight.Call<v1::ConversionPaths>("ReportService/GetConversionPaths", request)));
  CHECK(paths.conversions() == 3);
  REQUIRE(paths.paths_size() == 2);
  CHECK(paths.paths(0).conversions() == 2);
  CHECK(paths.paths(0).channels_size() == 3);
  CHECK(paths.paths(0).net_minor() == 120000);
  CHECK(paths.paths(1).channels().empty());
  REQUIRE(paths.days_to_conversion_size() == 2);
  CHECK(paths.days_to_conversion(0).value() == 14);
  CHECK(paths.days_to_conversion(1).value() == 19);
  CHECK(paths.assists(0).assisted_conversions() == 2);
}

TEST_CASE("cohorts say what a campaign's customers were worth, and when they paid it back") {
  Fortnight fortnight;
  fortnight.shop.Order({.name = "o4", .person = "ayse", .time = "2026-06-03T12:00:00Z", .gross = 30000, .cost = 5000});
  fortnight.clock.Set(At("2026-07-02T12:00:00Z"));
  v1::GetAcquisitionCohortsRequest request;
  request.set_from_month("2026-05");
  request.set_model(v1::ATTRIBUTION_MODEL_FIRST);
  ESNAF_REQUIRE_VALUE(const v1::AcquisitionCohorts cohorts,
                      (fortnight.Call<v1::AcquisitionCohorts>("ReportService/GetAcquisitionCohorts", request)));
  REQUIRE(cohorts.cohorts_size() == 4);
  const v1::AcquisitionCohort& google = cohorts.cohorts(0);
  CHECK(google.campaign() == "Yaz Çanta");
  CHECK(google.customers() == 1);
  CHECK(google.spend_minor() == 10000);
  CHECK(std::vector<std::int64_t>(google.net_minor().begin(), google.net_minor().end()) ==
        std::vector<std::int64_t>{120000, 150000, 150000});
  CHECK(std::vector<std::int64_t>(google.margin_minor().begin(), google.margin_minor().end()) ==
        std::vector<std::int64_t>{40000, 65000, 65000});
  CHECK(google.payback_month() == 0);
  CHECK(google.lifetime_value_minor() == 150000);
  CHECK(cohorts.cohorts(1).channel() == "(unattributed)");
}

TEST_CASE("the chain is fitted once there are enough paths, and orders are credited by it") {
  Fortnight fortnight;
  auto fit = [&] {
    return fortnight.shop.connection().Run({}, [&](postgres::Tx& tx) { return FitIfNeeded(tx, fortnight.shop.now); });
  };
  ESNAF_REQUIRE_VALUE(const bool too_early, fit());
  CHECK_FALSE(too_early);
  // A hundred buyers who came by search alone: social and direct are hardly missed.
  std::vector<api::v1::Event> orders;
  std::vector<Touchpoint> touches;
  for (int i = 0; i < 100; ++i) {
    const std::string name = absl::StrCat("buyer", i);
    touches.push_back(PaidTouch(name, name, "2026-05-06T12:00:00Z", "google", "Yaz Çanta", "11", "Paid Search"));
    orders.push_back(OrderEvent({.name = name, .person = name, .time = "2026-05-07T12:00:00Z", .visitor_id = name}, 1));
  }
  fortnight.shop.Insert(touches);
  fortnight.shop.OrderEvents(orders);
  ESNAF_REQUIRE_VALUE(const bool fitted, fit());
  CHECK(fitted);
  fortnight.shop.Recredit();
  // Effects: search 1, social and direct 2 of 102 each.
  CHECK(fortnight.shop.Nets("o1", Model::kMarkov) == "76981 1510 1509");
  ESNAF_REQUIRE_VALUE(const bool again, fit());
  CHECK_FALSE(again);
}

}  // namespace
}  // namespace esnaf::attribution
