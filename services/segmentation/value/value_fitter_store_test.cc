// What is read of the ledger for models of value, and what the service keeps by itself.
#include "services/segmentation/value/value_fitter.h"

#include "libs/base/error.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/value/value_ledger_store.h"
#include "services/segmentation/value/value_list_store.h"
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
