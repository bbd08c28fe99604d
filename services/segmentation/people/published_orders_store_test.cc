// UCI Online Retail: 18,532 invoices of 4,338 known customers, fed as purchases, give the published recency, frequency
// and monetary value of each customer, to the penny.
#include <zlib.h>

#include <cmath>
#include <sstream>

#include "libs/base/money.h"
#include "libs/testing/data_sets.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/people/test_ledger.h"

namespace esnaf::segmentation {
namespace {

std::vector<testing::CsvRow> ReadGzip(const std::filesystem::path& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  char buffer[1 << 16];
  for (int got = 0; (got = gzread(file, buffer, sizeof buffer)) > 0;) text.append(buffer, got);
  gzclose(file);
  std::istringstream in(text);
  return testing::ReadCsv(in);
}

// The valid part of the history: invoices that are no cancellation, of known customers, by their lines with a quantity
// and a price.
std::vector<Purchase> ReadPurchases(const std::filesystem::path& folder) {
  const TimeZone london = TimeZone::Load("Europe/London").value();
  const Currency pounds = Currency::Parse("GBP").value();
  std::map<std::string, Purchase> invoices;
  for (const testing::CsvRow& row : ReadGzip(folder / "online_retail_orders.csv.gz")) {
    const std::string& number = row.at("InvoiceNo");
    if (number.starts_with("C") || row.at("CustomerID").empty()) continue;
    Purchase purchase{.order_id = Uuid::FromName("order", number), .contact_id = Contact(row.at("CustomerID"))};
    purchase.store_id = "uk";
    purchase.currency_code = pounds.code();
    purchase.place_time = london.ParseLocal(row.at("InvoiceDate")).value();
    purchase.version = 1;
    invoices.emplace(number, purchase);
  }
  for (const testing::CsvRow& row : ReadGzip(folder / "online_retail_lines.csv.gz")) {
    const auto invoice = invoices.find(row.at("InvoiceNo"));
    const std::int64_t quantity = std::stoll(row.at("Quantity"));
    if (invoice == invoices.end() || quantity <= 0 || row.at("UnitPrice").starts_with("-")) continue;
    invoice->second.gross_minor += ExtendPrice(row.at("UnitPrice"), quantity, pounds).value().minor;
  }
  std::vector<Purchase> purchases;
  for (auto& [number, purchase] : invoices) {
    purchase.net_minor = purchase.gross_minor;
    purchases.push_back(purchase);
  }
  return purchases;
}

TEST_CASE("the values of all 4,338 customers equal the published ones") {
  const auto folder = testing::DataFolder("orders");
  if (!folder) return;
  TestLedger ledger;
  Policy policy = DefaultPolicy();
  policy.id = "uk";
  policy.time_zone = "Europe/London";
  policy.value_basis = ValueBasis::kGross;
  ledger.AddPolicy(policy);
  const std::vector<Purchase> purchases = ReadPurchases(*folder);
  for (std::size_t i = 0; i < purchases.size(); i += 500) {
    const std::vector<Purchase> batch(purchases.begin() + i, purchases.begin() + std::min(i + 500, purchases.size()));
    REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) { return UpsertPurchases(tx, batch); }));
  }
  const TimeZone london = TimeZone::Load("Europe/London").value();
  const Computation computation = ledger.ComputeAt("uk", Reference::At(london.ParseLocal("2011-12-10").value()));
  CHECK(computation.scored_count == 4338);
  CHECK(computation.changed_count == 4338);
  CHECK(ledger.Count("purchase WHERE counts_gross") == 18532);

  std::map<Uuid, Values> scored;
  const postgres::Result rows = ledger.schema.Sql(
      "SELECT contact_id, recency_days, frequency, monetary_minor FROM rfm_score WHERE policy_id = 'uk'");
  for (int i = 0; i < rows.size(); ++i) {
    scored[rows[i].Get<Uuid>(0)] = {rows[i].Get<std::int64_t>(1), rows[i].Get<std::int64_t>(2),
                                    rows[i].Get<std::int64_t>(3)};
  }
  const std::vector<testing::CsvRow> expected = testing::ReadCsvFile(*folder / "expected_rfm_2011-12-10.csv");
  REQUIRE(expected.size() == 4338);
  std::int64_t revenue = 0;
  for (const testing::CsvRow& row : expected) {
    INFO("customer " << row.at("CustomerID"));
    const Values values{std::stoll(row.at("recency_days")), std::stoll(row.at("frequency")),
                        std::llround(std::stod(row.at("monetary")) * 100)};
    CHECK(scored[Contact(row.at("CustomerID"))] == values);
    revenue += values.monetary_minor;
  }
  CHECK(revenue == 891140790);
}

}  // namespace
}  // namespace esnaf::segmentation
