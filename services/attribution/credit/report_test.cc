// How spend and credit meet, without a database.
#include "services/attribution/credit/report.h"

#include "libs/testing/catch.h"
#include "services/attribution/credit/cohort.h"

namespace esnaf::attribution {
namespace {

Date Day(std::string_view text) { return ParseDate(text).value(); }

ReportLine Spend(RowKey key, std::int64_t cost) {
  return {.key = std::move(key), .paid = true, .periods = {{0, {.spend = cost}}}};
}
ReportLine CreditLine(RowKey key, std::int64_t net) {
  return {.key = std::move(key), .paid = true, .periods = {{0, {.conversions = 1000000, .net = net}}}};
}

TEST_CASE("touches find their campaign by its id, else by its name on the platform") {
  const std::vector<ReportLine> spend{Spend({.platform = "google", .campaign_id = "1", .campaign = "Çanta Yaz"}, 10),
                                      Spend({.platform = "meta", .campaign_id = "1", .campaign = "Başka"}, 20)};
  const SpendIndex index(spend, {});
  CHECK(index.Find({.platform = "google", .campaign_id = "1"})->campaign == "Çanta Yaz");
  CHECK(index.Find({.platform = "google", .campaign = "canta YAZ"})->campaign_id == "1");
  CHECK(index.Find({.platform = "meta", .campaign_id = "1"})->campaign == "Başka");
  CHECK_FALSE(index.Find({.platform = "google", .campaign = "Başka"}));
  CHECK_FALSE(index.Find({.platform = "tiktok", .campaign_id = "1"}));
}

TEST_CASE("spend has the channel by which its campaign's touches came, else its platform's usual one") {
  const SpendIndex index({}, {{"google", "1", "", "Paid Shopping"}, {"meta", "", "Kış", "Paid Video"}});
  CHECK(index.ChannelOf({.platform = "google", .campaign_id = "1"}) == "Paid Shopping");
  CHECK(index.ChannelOf({.platform = "google", .campaign_id = "2"}) == "Paid Search");
  CHECK(index.ChannelOf({.platform = "meta", .campaign = "KIŞ"}) == "Paid Video");
  CHECK(index.ChannelOf({.platform = "meta"}) == "Paid Social");
  CHECK(index.ChannelOf({.platform = "criteo"}) == "Paid Other");
}

TEST_CASE("a keyword's credit goes to the only ad group that bids on it") {
  const RowKey bid{.platform = "google",
                   .campaign_id = "1",
                   .campaign = "c",
                   .ad_group_id = "7",
                   .ad_group = "deri",
                   .keyword = "Deri Çanta"};
  RowKey touched{.channel = "Paid Search", .platform = "google", .campaign = "C", .keyword = "deri canta"};
  const Report rows = MakeReport({CreditLine(touched, 900)}, {Spend(bid, 300)}, {}, Level::kKeyword, {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].key.ad_group == "deri");
  CHECK(rows[0].key.keyword == "Deri Çanta");
  CHECK(rows[0].match == SpendMatch::kMatched);
  CHECK(rows[0].metrics.Roas() == 3.0);
}

TEST_CASE("nothing is hidden: every line is in some row") {
  const std::vector<ReportLine> spend{Spend({.platform = "google", .campaign_id = "1", .campaign = "a"}, 500),
                                      Spend({.platform = "google", .campaign_id = "2", .campaign = "b"}, 50)};
  std::vector<ReportLine> credit{CreditLine({.channel = "Paid Search", .platform = "google", .campaign_id = "1"}, 700),
                                 CreditLine({.channel = "Paid Search", .platform = "google", .campaign = "eski"}, 70)};
  credit.push_back({.key = {.channel = kUnattributed}, .periods = {{0, {.conversions = 1000000, .net = 7}}}});
  const Report rows = MakeReport(credit, spend, {}, Level::kCampaign, {});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].match == SpendMatch::kMatched);
  CHECK(rows[1].match == SpendMatch::kNoCredit);
  CHECK(rows[2].match == SpendMatch::kNoSpend);
  CHECK(rows[3].match == SpendMatch::kNoAd);
  Metrics sum;
  for (std::size_t i = 0; i < rows.size(); ++i) sum += rows[i].metrics;
  CHECK(sum == rows.totals());
  CHECK(sum.spend == 550);
  CHECK(sum.net == 777);
  CHECK(MakeReport(credit, spend, {}, Level::kCampaign, {.campaign = "B"}).size() == 1);
}

TEST_CASE("rows are by period, then store, then what was spent and earned, and each period matches by itself") {
  const ReportLine spend{.key = {.store_id = "b", .platform = "google", .campaign_id = "1", .campaign = "a"},
                         .paid = true,
                         .periods = {{1, {.spend = 5}}, {0, {.spend = 7}}}};
  const ReportLine credit{.key = {.store_id = "b", .channel = "Paid Search", .platform = "google", .campaign_id = "1"},
                          .paid = true,
                          .periods = {{2, {.net = 9}}, {1, {.net = 3}}, {1, {.net = 4}}}};
  const ReportLine email{.key = {.store_id = "a", .channel = "Email"}, .periods = {{1, {.net = 100}}, {1, {.net = 1}}}};
  const Report rows = MakeReport({credit, email}, {spend}, {}, Level::kCampaign, {});
  REQUIRE(rows.size() == 4);
  CHECK((rows[0].key.period == 0 && rows[0].match == SpendMatch::kNoCredit && rows[0].metrics.spend == 7));
  CHECK((rows[1].key.period == 1 && rows[1].key.store_id == "a" && rows[1].match == SpendMatch::kNoAd));
  CHECK(rows[1].metrics.net == 101);
  CHECK((rows[2].key.period == 1 && rows[2].key.campaign == "a" && rows[2].match == SpendMatch::kMatched));
  CHECK((rows[2].metrics.spend == 5 && rows[2].metrics.net == 7));
  CHECK((rows[3].key.period == 2 && rows[3].match == SpendMatch::kNoSpend && rows[3].metrics.net == 9));
}

TEST_CASE("ratios of nothing are none") {
  const Metrics metrics{.net = 100};
  CHECK_FALSE(metrics.Roas());
  CHECK_FALSE(metrics.Cpa());
  CHECK_FALSE(metrics.Cac());
  CHECK(Metrics{.spend = 100, .new_customers = 500000}.Cac() == 200.0);
}

TEST_CASE("periods count from that of the first day") {
  const Date first = Day("2026-05-06");  // a Wednesday
  CHECK(PeriodNumber(Period::kDay, first, Day("2026-05-08")) == 2);
  CHECK(PeriodNumber(Period::kWeek, first, Day("2026-05-10")) == 0);
  CHECK(PeriodNumber(Period::kWeek, first, Day("2026-05-11")) == 1);
  CHECK(PeriodStart(Period::kWeek, first, 1) == Day("2026-05-11"));
  CHECK(PeriodNumber(Period::kMonth, first, Day("2027-01-01")) == 8);
  CHECK(PeriodStart(Period::kMonth, first, 8) == Day("2027-01-01"));
}

TEST_CASE("a cohort pays back in the month in which its margin covers what it cost") {
  const RowKey key{.period = 1, .channel = "Paid Search", .platform = "google", .campaign_id = "1"};
  std::vector<CohortLine> lines{{.key = key, .paid = true, .metrics = {.new_customers = 2000000}}};
  lines.push_back({.key = key, .paid = true, .metrics = {.net = 100, .cost = 60}, .month = 0});
  lines.push_back({.key = key, .paid = true, .metrics = {.net = 100, .cost = 40}, .month = 2});
  const ReportLine spent{.key = {.platform = "google", .campaign_id = "1", .campaign = "a"},
                         .paid = true,
                         .periods = {{1, {.spend = 100}}}};
  const std::vector<Cohort> cohorts = MakeCohorts(lines, {spent}, {}, Level::kCampaign, 4);
  REQUIRE(cohorts.size() == 1);
  CHECK(cohorts[0].customers == 2000000);
  CHECK(cohorts[0].net == std::vector<std::int64_t>{100, 100, 200, 200});
  CHECK(cohorts[0].margin == std::vector<std::int64_t>{40, 40, 100, 100});
  CHECK(cohorts[0].PaybackMonth() == 2);
  CHECK_FALSE(Cohort{.margin = {5}}.PaybackMonth());
}

}  // namespace
}  // namespace esnaf::attribution
