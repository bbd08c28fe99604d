// What days come to equals what credit and spend themselves come to, whatever happened in between.
#include "services/attribution/credit/report_day_store.h"

#include <map>
#include <random>

#include "services/attribution/credit/report_store.h"
#include "services/attribution/credit/test_orders.h"
#include "services/attribution/spend/spend_store.h"

namespace esnaf::attribution {
namespace {

const std::vector<std::string> kPeople = {"ayse", "ali", "veli", "zeynep"};
const std::vector<std::string> kStores = {"istanbul", "izmir"};
constexpr int kDays = 6;

constexpr char kWithoutDays[] =
    "DELETE FROM credit_day_sum; DELETE FROM spend_day_sum;"
    "INSERT INTO report_day_change (kind, store_id, day) SELECT DISTINCT 1, store_id, day FROM credit;"
    "INSERT INTO report_day_change (kind, store_id, day) SELECT DISTINCT 2, store_id, day FROM ad_spend";

// Every number of a report by what it stands for.
using Report = std::map<RowKey, std::vector<std::int64_t>>;

void AddLines(const std::vector<ReportLine>& lines, Report& report) {
  for (const ReportLine& line : lines) {
    for (const PeriodMetrics& period : line.periods) {
      RowKey key = line.key;
      key.period = period.period;
      std::vector<std::int64_t>& sums = report[key];
      sums.resize(8);
      const Metrics& m = period.metrics;
      const std::int64_t numbers[] = {m.spend,         m.impressions, m.clicks, m.conversions,
                                      m.new_customers, m.revenue,     m.net,    m.cost};
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += numbers[i];
    }
  }
}

// A shop to which things happen at random.
class History {
 public:
  explicit History(unsigned seed) : random_(seed) {}

  void Step() {
    shop.now += std::chrono::minutes(1);
    switch (Below(9)) {
      case 0:
      case 1:
        return Touch();
      case 2:
      case 3:
        return PlaceOrder();
      case 4:
        return ChangeOrder();
      case 5:
        return shop.Alias("ayse_k", Below(2) == 0 ? "" : Pick(kPeople), ++alias_version_);
      case 6:
        return ImportSpend();
      case 7:
        return shop.Recredit();
      default:
        AddUp(Below(6));
    }
  }

  ReportQuery RandomQuery() {
    const Date from = DayOf(Below(kDays));
    ReportQuery query{.from = from, .to = std::max(from, DayOf(Below(kDays))), .currency_code = "TRY"};
    query.model = kAllModels[Below(kModelCount)];
    query.level = Below(2) == 0 ? Level::kChannel : Level::kCampaign;
    query.period = static_cast<Period>(Below(4));
    query.by_store = Below(2) == 0;
    if (Below(3) == 0) query.store_ids = {Pick(kStores)};
    if (Below(2) == 0) query.new_customers = Below(2) == 0;
    return query;
  }

  // Or, for comparison, from credit and spend themselves: without the sums of any day, which are taken away and come
  // back.
  Report Read(const ReportQuery& query, bool without_days = false) {
    Report report;
    const absl::Status read = shop.connection().Run({.isolation = postgres::Isolation::kRepeatableRead},
                                                    [&](postgres::Tx& tx) -> absl::Status {
                                                      if (without_days)
                                                        ESNAF_RETURN_IF_ERROR(tx.ExecuteScript(kWithoutDays));
                                                      ESNAF_ASSIGN_OR_RETURN(const auto credit, LoadCredit(tx, query));
                                                      ESNAF_ASSIGN_OR_RETURN(const auto spend, LoadSpend(tx, query));
                                                      AddLines(credit, report);
                                                      AddLines(spend, report);
                                                      return absl::CancelledError("nothing is changed");
                                                    });
    CHECK_STATUS_IS(read, absl::StatusCode::kCancelled, "nothing is changed");
    std::erase_if(report, [](const auto& row) { return row.second == std::vector<std::int64_t>(8, 0); });
    return report;
  }
  std::vector<CurrencyCount> Currencies() {
    const ReportQuery year{.from = DayOf(0), .to = DayOf(kDays)};
    auto counts = shop.connection().Run({.read_only = true, .isolation = postgres::Isolation::kRepeatableRead},
                                        [&](postgres::Tx& tx) { return CountCurrencies(tx, year); });
    REQUIRE_OK(counts);
    return *counts;
  }

  void AddUp(std::size_t most) {
    auto days =
        shop.connection().Run({.read_only = true}, [](postgres::Tx& tx) { return ListChangedDays(tx, Duration(0)); });
    REQUIRE_OK(days);
    if (days->size() > most) days->resize(most);
    for (const ChangedDay& day : *days) {
      REQUIRE_OK(shop.connection().Run({.isolation = postgres::Isolation::kRepeatableRead},
                                       [&](postgres::Tx& tx) { return AddUpDay(tx, day); }));
    }
  }

  TestCredits shop;

 private:
  std::size_t Below(std::size_t count) { return random_() % count; }
  const std::string& Pick(const std::vector<std::string>& from) { return from[Below(from.size())]; }
  static Date DayOf(std::size_t number) {
    return Date(std::chrono::sys_days(Date(std::chrono::year(2026) / 5 / 1)) + std::chrono::days(number));
  }
  std::string RandomTime() {
    return absl::StrFormat("%sT%02d:%02d:00Z", FormatDate(DayOf(Below(kDays))), Below(24), Below(60));
  }

  void Touch() {
    Touchpoint touch = TouchOf(absl::StrCat("t", ++count_), Pick(kPeople), RandomTime(), Pick({"google", "instagram"}));
    touch.store_id = Pick(kStores);
    touch.id = TouchpointId(touch.store_id, touch.event_id);
    touch.traffic.told.campaign = Pick({"Yaz", "Kış", ""});
    touch.traffic.id = IdOf(touch.traffic.told);
    shop.Insert({touch});
  }
  void PlaceOrder() {
    TestOrder order{.name = absl::StrCat("o", ++count_),
                    .person = Below(5) == 0 ? "" : Pick({"ayse", "ali", "veli", "zeynep", "ayse_k"}),
                    .time = RandomTime(),
                    .gross = static_cast<std::int64_t>(Below(100000)) + 1};
    order.cost = order.gross / 2;
    order.is_return = Below(10) == 0;
    order.visitor_id = order.is_return ? "" : Pick(kPeople);
    order.store_id = Pick(kStores);
    orders_.emplace_back(order, 1);
    shop.Order(order, 1);
  }
  void ChangeOrder() {
    if (orders_.empty()) return;
    auto& [order, version] = orders_[Below(orders_.size())];
    switch (Below(4)) {
      case 0:
        order.cancelled = !order.cancelled;
        break;
      case 1:
        order.time = RandomTime();
        break;
      case 2:
        order.store_id = Pick(kStores);
        break;
      default:
        order.refunded = static_cast<std::int64_t>(Below(static_cast<std::size_t>(order.gross)));
    }
    shop.Order(order, ++version);
  }
  void ImportSpend() {
    v1::AdSpendImport import;
    import.set_id(Uuid::FromName("import", std::to_string(++count_)).ToString());
    import.set_store_id(Pick(kStores));
    import.set_platform(Pick({"google", "meta"}));
    const Currency lira = Currency::Parse("TRY").value();
    std::vector<StoredSpend> stored;
    std::vector<SpendRow> rows;
    for (std::size_t i = 0; i <= Below(4); ++i) {
      SpendRow row;
      row.account_id = "a";
      row.day = DayOf(Below(kDays));
      row.currency = lira;
      row.campaign_id = Pick({"1", "2"});
      row.campaign = Pick({"Yaz", "Kış"});
      row.ad_group_id = Pick({"7", "8"});
      row.impressions = static_cast<std::int64_t>(Below(3));
      rows.push_back(row);
      stored.push_back({row, {static_cast<std::int64_t>(Below(3)) * 100, lira}});
    }
    const SpendDays days = DaysOf(rows);
    REQUIRE_OK(shop.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
      ESNAF_RETURN_IF_ERROR(SupersedeSpend(tx, import.store_id(), import.platform(), days, shop.now).status());
      ESNAF_RETURN_IF_ERROR(InsertSpendImport(tx, import, shop.now));
      ESNAF_RETURN_IF_ERROR(InsertSpend(tx, import, stored, shop.now));
      return KeepKnownSpend(tx, import.store_id(), import.platform(), days, shop.now);
    }));
  }

  std::mt19937 random_;
  int count_ = 0;
  std::int64_t alias_version_ = 0;
  std::vector<std::pair<TestOrder, std::int64_t>> orders_;
};

TEST_CASE("the sums of days equal credit and spend after every history, and what was known stays known") {
  const unsigned seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  History history(seed);
  std::vector<std::pair<ReportQuery, Report>> told;
  for (int step = 0; step < 150; ++step) {
    CAPTURE(step);
    history.Step();
    ReportQuery query = history.RandomQuery();
    const Report report = history.Read(query);
    REQUIRE(report == history.Read(query, /*without_days=*/true));
    query.as_known_time = history.shop.now;
    REQUIRE(report == history.Read(query));
    if (step % 10 == 0) told.emplace_back(query, report);
  }
  for (const bool without_days : {false, true}) {
    for (const auto& [query, report] : told) CHECK(report == history.Read(query, without_days));
    history.AddUp(1000);
  }
  for (const auto& [query, report] : told) CHECK(report == history.Read(query));
  // There was something to compare, and the days stood still or not as it came.
  CHECK(history.shop.Count("SELECT count(*) FROM credit_day_sum") > 0);
  CHECK(history.shop.Count("SELECT count(*) FROM superseded_credit") > 0);
  CHECK(history.shop.Count("SELECT count(*) FROM superseded_ad_spend") > 0);
  const std::vector<CurrencyCount> before = history.Currencies();
  history.AddUp(1000);
  CHECK(history.shop.Count("SELECT count(*) FROM report_day_change") == 0);
  const std::vector<CurrencyCount> after = history.Currencies();
  REQUIRE(before.size() == 1);
  REQUIRE(after.size() == 1);
  CHECK(before[0].orders == after[0].orders);
  CHECK(after[0].orders == history.shop.Count("SELECT count(*) FROM credit WHERE model IN (0, 1)"));
}

TEST_CASE("a change that is committed while a day is added up stays a change") {
  TestCredits shop;
  shop.Order({.name = "o1", .person = "ayse", .time = "2026-05-05T10:00:00Z"});
  postgres::Connection other(shop.schema.options());
  REQUIRE_OK(other.Connect());
  const ChangedDay day{DayKind::kCredit, "istanbul", Date(std::chrono::year(2026) / 5 / 5)};
  int runs = 0;
  REQUIRE_OK(other.Run({.isolation = postgres::Isolation::kRepeatableRead}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("SELECT 1", {}).status());  // from here on it sees the same
    if (runs++ == 0) shop.Order({.name = "o2", .person = "ali", .time = "2026-05-05T11:00:00Z"});
    return AddUpDay(tx, day);
  }));
  CHECK(runs == 1);
  CHECK(shop.Count("SELECT row_count FROM credit_day_sum WHERE model = 0") == 1);
  CHECK(shop.Count("SELECT count(*) FROM report_day_change") > 0);
}

TEST_CASE("of two who add up the same day the second comes again") {
  TestCredits shop;
  shop.Order({.name = "o1", .person = "ayse", .time = "2026-05-05T10:00:00Z"});
  postgres::Connection other(shop.schema.options());
  REQUIRE_OK(other.Connect());
  const ChangedDay day{DayKind::kCredit, "istanbul", Date(std::chrono::year(2026) / 5 / 5)};
  const postgres::TxOptions options{.isolation = postgres::Isolation::kRepeatableRead};
  int runs = 0;
  REQUIRE_OK(other.Run(options, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("SELECT 1", {}).status());
    if (runs++ == 0) REQUIRE_OK(shop.connection().Run(options, [&](postgres::Tx& own) { return AddUpDay(own, day); }));
    return AddUpDay(tx, day);
  }));
  CHECK(runs == 2);
  CHECK(shop.Count("SELECT row_count FROM credit_day_sum WHERE model = 0") == 1);
}

TEST_CASE("a day is added up once it is quiet") {
  TestCredits shop;
  shop.Order({.name = "o1", .person = "ayse", .time = "2026-05-05T10:00:00Z"});
  const auto due = [&](Duration quiet) {
    auto days =
        shop.connection().Run({.read_only = true}, [quiet](postgres::Tx& tx) { return ListChangedDays(tx, quiet); });
    REQUIRE_OK(days);
    return days->size();
  };
  CHECK(due(std::chrono::hours(1)) == 0);
  shop.schema.Sql("UPDATE report_day_change SET change_time = change_time - interval '2 hours'", {});
  CHECK(due(std::chrono::hours(1)) == 1);
  shop.Order({.name = "o2", .person = "ali", .time = "2026-05-05T11:00:00Z"});
  CHECK(due(std::chrono::hours(1)) == 0);
  // What never rests is added up all the same.
  CHECK(due(std::chrono::minutes(10)) == 1);
}

}  // namespace
}  // namespace esnaf::attribution
