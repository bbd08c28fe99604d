// What is read of the ledger for models of value, and what the service keeps by itself.
#include "services/segmentation/value/value_fitter.h"

#include "esnaf/segmentation/v1/events.pb.h"
#include "libs/base/error.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/value/value_ledger_store.h"
#include "services/segmentation/value/value_list_store.h"
#include "services/segmentation/value/value_news.h"
#include "services/segmentation/value/value_test_customers.h"

namespace esnaf::segmentation {
namespace {

class Keeper {
 public:
  PersonLedger Ledger(std::string_view contact, const ValueModel& model = DefaultValueModel()) {
    auto person = ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::StatusOr<PersonLedger> {
      ESNAF_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(tx, model, ledger.now, ledger.now));
      return LedgerOf(tx, reading.filter, model.time_zone, Contact(contact));
    });
    REQUIRE_OK(person);
    return *person;
  }
  // Everybody as one statement for all reads them.
  std::map<Uuid, PersonLedger> Everybody(const ValueModel& model = DefaultValueModel()) {
    std::map<Uuid, PersonLedger> everybody;
    REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
      ESNAF_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(tx, model, ledger.now, ledger.now));
      return ForEachLedger(tx, reading.filter, model.time_zone, [&](const PersonLedger& person) {
        everybody[person.contact_id] = person;
        return absl::OkStatus();
      });
    }));
    return everybody;
  }
  ValueModelRecord Record() {
    auto record = ledger.connection().Run({}, [](postgres::Tx& tx) { return GetValueModel(tx, "default"); });
    REQUIRE_OK(record);
    return *record;
  }
  void Tick() { REQUIRE_OK(keeper.Tick(ledger.connection(), ledger.now)); }

  TestLedger ledger;
  ValueKeeper keeper;
};

TEST_CASE("orders of one local day are one purchase") {
  Keeper town;
  // 21:30 UTC is already the next day in Istanbul.
  town.ledger.Orders({{.name = "1", .contact = "ayse", .place_time = "2026-03-01T10:00:00Z", .net = 1000},
                      {.name = "2", .contact = "ayse", .place_time = "2026-03-01T20:59:00Z", .net = 500},
                      {.name = "3", .contact = "ayse", .place_time = "2026-03-01T21:30:00Z", .net = 300}});
  const DayNumber first = DayNumberOf(ParseDate("2026-03-01").value());
  CHECK(town.Ledger("ayse").days == PurchaseDays{{first, 2, 1500}, {first + 1, 1, 300}});
  ValueModel utc = DefaultValueModel();
  utc.time_zone = "UTC";
  CHECK(town.Ledger("ayse", utc).days == PurchaseDays{{first, 3, 1800}});
}

TEST_CASE("returns and cancelled orders make no purchase, and totals know gross, net and cost") {
  Keeper town;
  town.ledger.Orders({{.name = "1", .contact = "ayse", .net = 8000, .gross = 10'000, .cost = 5000},
                      {.name = "2", .contact = "ayse", .place_time = "2026-03-02T10:00:00Z", .net = 2000},
                      {.name = "3",
                       .contact = "ayse",
                       .place_time = "2026-03-03T10:00:00Z",
                       .net = -1500,
                       .kind = orders::v1::ORDER_KIND_RETURN,
                       .gross = 1500,
                       .cost = -700},
                      {.name = "4",
                       .contact = "ayse",
                       .place_time = "2026-03-04T10:00:00Z",
                       .net = 0,
                       .cancelled = true,
                       .gross = 900},
                      {.name = "5", .contact = "ayse", .place_time = "2026-03-05T10:00:00Z", .currency_code = "EUR"}});
  const PersonLedger person = town.Ledger("ayse");
  CHECK(person.days.size() == 2);
  CHECK(person.totals ==
        PurchaseTotals{
            .orders = 2, .gross_minor = 12'000, .net_minor = 8500, .cost_minor = 4300, .costed_net_minor = 6500});
}

TEST_CASE("a free order is a purchase of nothing, one that was given back is none") {
  Keeper town;
  town.ledger.Orders({{.name = "1", .contact = "ayse", .net = 500},
                      {.name = "2", .contact = "ayse", .place_time = "2026-03-02T10:00:00Z", .net = 0},
                      {.name = "3", .contact = "ayse", .place_time = "2026-03-03T10:00:00Z", .net = 0, .gross = 900}});
  const DayNumber first = DayNumberOf(ParseDate("2026-03-01").value());
  CHECK(town.Ledger("ayse").days == PurchaseDays{{first, 1, 500}, {first + 1, 1, 0}});
  CHECK(town.Everybody().begin()->second.days == town.Ledger("ayse").days);
}

TEST_CASE("everybody at once is the same as one by one, merged or not") {
  Keeper town;
  town.ledger.Orders(TownOrders());
  town.ledger.Alias("p3", "p4", 1);
  town.ledger.Alias("p4", "p9", 1);
  const auto everybody = town.Everybody();
  CHECK(everybody.size() == 58);
  for (int i = 0; i < 60; ++i) {
    if (i == 3 || i == 4) continue;
    const std::string name = absl::StrCat("p", i);
    INFO(name);
    const PersonLedger alone = town.Ledger(name);
    REQUIRE(everybody.count(Contact(name)) == 1);
    CHECK(everybody.at(Contact(name)).days == alone.days);
    CHECK(everybody.at(Contact(name)).totals == alone.totals);
  }
  CHECK(town.Ledger("p9").totals.orders > 5);
  town.ledger.Alias("p4", "", 2);
  CHECK(town.Everybody().size() == 59);
}

TEST_CASE("a store's model sees that store's orders within its window") {
  Keeper town;
  town.ledger.Orders({{.name = "1", .contact = "ayse", .place_time = "2025-01-01T10:00:00Z", .store_id = "izmir"},
                      {.name = "2", .contact = "ayse", .place_time = "2026-03-01T10:00:00Z", .store_id = "izmir"},
                      {.name = "3", .contact = "ayse", .place_time = "2026-03-02T10:00:00Z"}});
  ValueModel model = DefaultValueModel();
  model.store_id = "izmir";
  CHECK(town.Ledger("ayse", model).days.size() == 2);
  model.window_days = 100;
  CHECK(town.Ledger("ayse", model).days.size() == 1);
  CHECK(town.Everybody(model).begin()->second.days.size() == 1);
}

TEST_CASE("the service fits by itself once there is enough, and then lists everybody") {
  Keeper town;
  town.Tick();
  CHECK(town.Record().fit_number == 0);
  town.ledger.Orders(TownOrders());
  town.Tick();
  ValueModelRecord record = town.Record();
  CHECK(record.fit_number == 1);
  CHECK(record.list.fit_number == 1);
  CHECK(record.list.list_time == town.ledger.now);
  CHECK(town.ledger.Count("contact_value") == 60);
  town.Tick();
  CHECK(town.Record().fit_number == 1);
  CHECK(town.Record().list.number == record.list.number);

  // A new day makes a new list by the same fit, and takes the old one away.
  town.ledger.now += std::chrono::days(1);
  town.Tick();
  CHECK(town.Record().fit_number == 1);
  CHECK(town.Record().list.number == record.list.number + 1);
  CHECK(town.ledger.Count("contact_value") == 60);

  // After a week there is a new fit; the old one is still there.
  town.ledger.now += std::chrono::days(6);
  town.Tick();
  CHECK(town.Record().fit_number == 2);
  CHECK(town.ledger.Count("value_fit") == 2);
}

// The changes of standing that were told, as `contact model list: risk>risk band>band`.
std::vector<std::string> Told(Keeper& town) {
  const postgres::Result rows = town.ledger.schema.Sql(
      "SELECT payload, aggregate_version FROM outbox WHERE aggregate_type = 'contact_value' ORDER BY xact, seq");
  std::vector<std::string> told;
  for (int i = 0; i < rows.size(); ++i) {
    v1::CustomerValueChanged changed;
    REQUIRE(changed.ParseFromString(rows[i].Get<postgres::Bytes>(0).data));
    CHECK(changed.currency_code() == "TRY");
    told.push_back(absl::StrCat(changed.contact_id(), " ", changed.value_model_id(), " ", rows[i].Get<std::int64_t>(1),
                                ": ", changed.from().churn_risk(), ">", changed.to().churn_risk(), " ",
                                changed.from().value_band(), ">", changed.to().value_band()));
  }
  return told;
}

TEST_CASE("whose churn risk or value band is another one in a new list is told, once") {
  Keeper town;
  town.ledger.Orders(TownOrders());
  town.Tick();
  CHECK(Told(town).empty());
  // Two who stood elsewhere in the list of yesterday, and one who had no standing then.
  const std::string list = "model_id = 'default' AND list_number = 1 AND contact_id = ";
  town.ledger.schema.Sql("UPDATE contact_value SET churn_risk = 3 - churn_risk % 3, churn_probability = 0.5 WHERE " +
                         list + "'" + Contact("p3").ToString() + "'");
  town.ledger.schema.Sql("UPDATE contact_value SET value_band = 0, churn_risk = 0 WHERE " + list + "'" +
                         Contact("p5").ToString() + "'");
  town.ledger.now += std::chrono::days(1);
  town.Tick();
  // All that differs between the two lists by their rows was told, and nothing else.
  std::vector<std::string> told = Told(town);
  for (const std::string& line : told) {
    INFO(line);
    CHECK(line.find(" default 2: ") != std::string::npos);
    CHECK(line.find(Contact("p5").ToString()) == std::string::npos);
  }
  CHECK(std::count_if(told.begin(), told.end(),
                      [](const std::string& line) { return line.starts_with(Contact("p3").ToString()); }) == 1);
  town.Tick();
  CHECK(Told(town) == told);

  // A program that is gone before it told leaves that to the next.
  town.ledger.schema.Sql(
      "INSERT INTO contact_value (model_id, list_number, contact_id, clv_minor, churn_probability, churn_method, "
      "expected_purchases, value_minor, purchase_count, last_purchase_date, churn_risk, value_band) "
      "SELECT model_id, 1, contact_id, clv_minor, churn_probability, churn_method, expected_purchases, value_minor, "
      "purchase_count, last_purchase_date, churn_risk, 1 + value_band % 3 FROM contact_value WHERE list_number = 2");
  town.ledger.schema.Sql(
      "UPDATE value_model SET tell_from_list = 1, tell_cursor = '00000000-0000-0000-0000-000000000000'");
  REQUIRE_OK(TellValueChanges(town.ledger.connection(), "default", town.ledger.now));
  CHECK(Told(town).size() == told.size() + 60);
  REQUIRE_OK(TellValueChanges(town.ledger.connection(), "default", town.ledger.now));
  CHECK(Told(town).size() == told.size() + 60);
}

TEST_CASE("who claims a fit or a list keeps it from others") {
  Keeper town;
  const ValueModelRecord read = town.Record();
  const auto claim = [&] {
    auto mine =
        town.ledger.connection().Run({}, [&](postgres::Tx& tx) { return ClaimFit(tx, read, 7, town.ledger.now); });
    REQUIRE_OK(mine);
    return *mine;
  };
  CHECK(claim());
  CHECK_FALSE(claim());
  CHECK(town.Record().last.purchases == 7);
}

TEST_CASE("a list that was begun and not ended is no list, and does not stay") {
  Keeper town;
  town.ledger.Orders(TownOrders());
  town.Tick();
  const std::int64_t number = town.Record().list.number;
  REQUIRE_OK(town.ledger.connection().Run({}, [&](postgres::Tx& tx) {
    return CopyValues(tx, "default", number + 1, {{.contact_id = Contact("nobody")}});
  }));
  town.ledger.now += std::chrono::days(1);
  town.Tick();
  CHECK(town.Record().list.number == number + 1);
  CHECK(town.ledger.Count("contact_value") == 60);
  CHECK(town.ledger.Count("contact_value WHERE contact_id = '" + Contact("nobody").ToString() + "'") == 0);
}

}  // namespace
}  // namespace esnaf::segmentation
