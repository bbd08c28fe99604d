// Imports over a real connection.
#include "services/attribution/spend/spend_service.h"

#include <zlib.h>

#include "esnaf/migrations/attribution.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"

namespace esnaf::attribution {
namespace {

using absl::StatusCode;

constexpr char kTwoDays[] =
    "Day,Account ID,Campaign ID,Campaign,Currency code,Impr.,Clicks,Cost\n"
    "2026-01-05,123-456-7890,1,Çanta,TRY,1000,10,100.50\n"
    "2026-01-05,123-456-7890,2,Kemer,TRY,500,5,50.25\n"
    "2026-01-06,123-456-7890,1,Çanta,TRY,900,9,90.00\n";

class TestService {
 public:
  TestService()
      : schema_("spend",
                {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::attribution()},
                {"runtime", "events", "identity", "attribution"}),
        spend_([](const runtime::Call&, const std::string& store_id) -> absl::StatusOr<Currency> {
          if (store_id == "yok") return NotFound("store", store_id);
          return Currency::Parse("TRY");
        }),
        server_(schema_, {spend_.Rpcs(), rates_.Rpcs()}) {}

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const runtime::ClientCallOptions& options = {}) {
    return server_.channel()->Call<Response>("/esnaf.attribution.v1." + method, request, options);
  }
  absl::StatusOr<v1::AdSpendImport> Import(const v1::ImportAdSpendRequest& request,
                                           const runtime::ClientCallOptions& options = {}) {
    return Call<v1::AdSpendImport>("AdSpendService/ImportAdSpend", request, options);
  }
  v1::AdSpendImport MustImport(const v1::ImportAdSpendRequest& request) {
    auto import = Import(request);
    REQUIRE_OK(import);
    return *std::move(import);
  }
  v1::SummarizeAdSpendResponse Sums(v1::SpendGrouping grouping, const std::string& first_day = "") {
    v1::SummarizeAdSpendRequest request;
    request.set_store_id("tr");
    request.set_grouping(grouping);
    request.set_first_day(first_day);
    auto sums = Call<v1::SummarizeAdSpendResponse>("AdSpendService/SummarizeAdSpend", request);
    REQUIRE_OK(sums);
    return *std::move(sums);
  }
  postgres::Result Sql(const std::string& sql) { return schema_.Sql(sql); }
  std::int64_t Total() {
    const auto sums = Sums(v1::SPEND_GROUPING_UNSPECIFIED);
    return sums.totals().empty() ? 0 : sums.totals(0).minor();
  }
  absl::StatusOr<v1::BatchUpsertCurrencyRatesResponse> SetRate(const std::string& day, const std::string& rate) {
    v1::BatchUpsertCurrencyRatesRequest request;
    v1::CurrencyRate& added = *request.add_rates();
    added.set_from_currency_code("USD");
    added.set_to_currency_code("TRY");
    added.set_day(day);
    added.set_rate(rate);
    added.set_source("TCMB");
    return Call<v1::BatchUpsertCurrencyRatesResponse>("CurrencyRateService/BatchUpsertCurrencyRates", request);
  }

 private:
  testing::TestSchema schema_;
  AdSpendService spend_;
  CurrencyRateService rates_;
  testing::TestServer server_;
};

v1::ImportAdSpendRequest RequestOf(const std::string& text) {
  v1::ImportAdSpendRequest request;
  request.set_store_id("tr");
  request.set_text(text);
  request.set_file_name("ocak.csv");
  return request;
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

TEST_CASE("a report is imported, and importing it again replaces it") {
  TestService service;
  const v1::AdSpendImport first = service.MustImport(RequestOf(kTwoDays));
  CHECK(first.platform() == "google");
  CHECK(first.format() == v1::SPEND_FORMAT_GOOGLE_ADS_TABLE);
  CHECK(first.stored_count() == 3);
  CHECK(first.replaced_count() == 0);
  CHECK(first.store_cost().minor() == 24075);
  CHECK(first.first_day() == "2026-01-05");
  CHECK(first.last_day() == "2026-01-06");
  REQUIRE(first.account_ids_size() == 1);
  CHECK(first.account_ids(0) == "1234567890");
  CHECK(first.content_sha256() == Sha256Hex(kTwoDays));
  REQUIRE(first.totals_size() == 1);
  CHECK(first.totals(0).cost_micros() == 240'750'000);
  CHECK(first.totals(0).clicks() == 24);
  const v1::AdSpendImport second = service.MustImport(RequestOf(kTwoDays));
  CHECK(second.replaced_count() == 3);
  CHECK(second.id() != first.id());
  CHECK(service.Total() == 24075);
}

TEST_CASE("what an import replaces is kept as it was known, and what it only repeats was known before") {
  TestService service;
  const std::string head =
      "Day,Account ID,Campaign ID,Campaign,Currency code,Cost\n2026-01-05,1234567890,1,Çanta,TRY,10.00\n";
  service.MustImport(RequestOf(head + "2026-01-05,1234567890,2,Kemer,TRY,5.00\n"));
  const auto imported = service.Sql("SELECT DISTINCT known_from FROM ad_spend");
  REQUIRE(imported.size() == 1);
  const std::string first = imported[0].Get<std::string>(0);
  const v1::ImportAdSpendRequest dearer = RequestOf(head + "2026-01-05,1234567890,2,Kemer,TRY,6.00\n");
  CHECK(service.MustImport(dearer).replaced_count() == 2);
  const auto now = service.Sql("SELECT cost_units, known_from FROM ad_spend ORDER BY 1");
  REQUIRE(now.size() == 2);
  CHECK(now[0].Get<std::int64_t>(0) == 600);
  CHECK(now[0].Text(1) != first);
  CHECK(now[1].Get<std::int64_t>(0) == 1000);
  CHECK(now[1].Text(1) == first);
  const auto before = service.Sql("SELECT cost_units, known_from, known_until FROM superseded_ad_spend");
  REQUIRE(before.size() == 1);
  CHECK(before[0].Get<std::int64_t>(0) == 500);
  CHECK(before[0].Text(1) == first);
  CHECK(before[0].Text(2) == now[0].Text(1));
  service.MustImport(dearer);
  CHECK(service.Sql("SELECT 1 FROM superseded_ad_spend").size() == 1);
  CHECK(service.Total() == 1600);
}

TEST_CASE("a day is replaced alone: other days, accounts, platforms and stores stay") {
  TestService service;
  service.MustImport(RequestOf(kTwoDays));
  v1::ImportAdSpendRequest other_platform = RequestOf("Day,Cost\n2026-01-05,1.00\n");
  other_platform.set_platform("tiktok");
  other_platform.set_currency_code("TRY");
  CHECK(service.MustImport(other_platform).replaced_count() == 0);
  v1::ImportAdSpendRequest other_account = other_platform;
  other_account.set_account_id("9");
  CHECK(service.MustImport(other_account).replaced_count() == 0);
  v1::ImportAdSpendRequest other_store = RequestOf(kTwoDays);
  other_store.set_store_id("de");
  CHECK(service.MustImport(other_store).replaced_count() == 0);
  // What the platform restated of the first day, by ad group.
  const v1::AdSpendImport again =
      service.MustImport(RequestOf("Day,Account ID,Campaign ID,Campaign,Ad group,Currency code,Cost\n"
                                   "2026-01-05,1234567890,1,Çanta,Deri,TRY,80.00\n"));
  CHECK(again.replaced_count() == 2);
  CHECK(service.Total() == 8000 + 9000 + 100 + 100);
}

TEST_CASE("a trial tells what would happen and changes nothing") {
  TestService service;
  service.MustImport(RequestOf(kTwoDays));
  v1::ImportAdSpendRequest request = RequestOf(kTwoDays);
  request.set_validate_only(true);
  const v1::AdSpendImport trial = service.MustImport(request);
  CHECK(trial.id().empty());
  CHECK(trial.replaced_count() == 3);
  CHECK(trial.store_cost().minor() == 24075);
  v1::ListAdSpendImportsRequest list;
  list.set_store_id("tr");
  const auto imports = service.Call<v1::ListAdSpendImportsResponse>("AdSpendService/ListAdSpendImports", list);
  REQUIRE_OK(imports);
  REQUIRE(imports->imports_size() == 1);
  CHECK(imports->imports(0).file_name() == "ocak.csv");
  CHECK(imports->imports(0).stored_count() == 3);
}

TEST_CASE("the same request id replays the first import") {
  TestService service;
  v1::ImportAdSpendRequest request = RequestOf(kTwoDays);
  request.set_request_id("ocak-1");
  const v1::AdSpendImport first = service.MustImport(request);
  CHECK(service.MustImport(request).id() == first.id());
  request.set_file_name("other.csv");
  CHECK_STATUS_IS(service.Import(request), StatusCode::kInvalidArgument, "");
}

TEST_CASE("lines that cannot be read refuse the report, unless the caller skips them") {
  TestService service;
  v1::ImportAdSpendRequest request =
      RequestOf(std::string(kTwoDays) + "soon,1234567890,1,Çanta,TRY,1,1,1.00\n2026-01-07,1,1,Çanta,TRY,1,1,x\n");
  const absl::Status refused = service.Import(request).status();
  CHECK_STATUS_IS(refused, StatusCode::kInvalidArgument, "NO_DAY");
  const auto fields = ErrorFields(refused);
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].first == "content.line[5]");
  CHECK(fields[1].first == "content.line[6]");
  CHECK(service.Total() == 0);
  request.set_skip_bad_lines(true);
  const v1::AdSpendImport import = service.MustImport(request);
  CHECK(import.stored_count() == 3);
  CHECK(import.skipped_count() == 2);
  REQUIRE(import.skipped_lines_size() == 2);
  CHECK(import.skipped_lines(1).reason() == "BAD_NUMBER");
  CHECK(import.skipped_lines(1).line() == 6);
}

TEST_CASE("spend in another currency is converted at the rate of its day") {
  TestService service;
  v1::ImportAdSpendRequest request = RequestOf("Day,Campaign,Currency code,Cost\n2026-01-05,A,USD,10.01\n");
  const absl::Status missing = service.Import(request).status();
  CHECK_STATUS_IS(missing, StatusCode::kFailedPrecondition, "from USD to TRY for 2026-01-05");
  CHECK(ErrorReason(missing) == "CURRENCY_RATE_MISSING");
  REQUIRE_OK(service.SetRate("2026-01-05", "40"));
  REQUIRE_OK(service.SetRate("2026-01-05", "41.125"));
  const v1::AdSpendImport import = service.MustImport(request);
  CHECK(import.store_cost().minor() == 41166);
  CHECK(import.store_cost().currency_code() == "TRY");
  v1::ListAdSpendRequest list;
  list.set_store_id("tr");
  const auto rows = service.Call<v1::ListAdSpendResponse>("AdSpendService/ListAdSpend", list);
  REQUIRE_OK(rows);
  REQUIRE(rows->rows_size() == 1);
  CHECK(rows->rows(0).original_cost_micros() == 10'010'000);
  CHECK(rows->rows(0).original_currency_code() == "USD");
  CHECK(rows->rows(0).cost().minor() == 41166);
  v1::ListCurrencyRatesRequest rates_request;
  rates_request.set_from_currency_code("USD");
  const auto rates =
      service.Call<v1::ListCurrencyRatesResponse>("CurrencyRateService/ListCurrencyRates", rates_request);
  REQUIRE_OK(rates);
  REQUIRE(rates->rates_size() == 1);
  CHECK(rates->rates(0).rate() == "41.125");
  CHECK(rates->rates(0).source() == "TCMB");
  CHECK_STATUS_IS(service.SetRate("2026-01-05", "-1"), StatusCode::kInvalidArgument, "rates[0].rate");
}

TEST_CASE("spend is listed page by page and summed up") {
  TestService service;
  service.MustImport(RequestOf(kTwoDays));
  v1::ListAdSpendRequest list;
  list.set_store_id("tr");
  list.set_page_size(2);
  auto page = service.Call<v1::ListAdSpendResponse>("AdSpendService/ListAdSpend", list);
  REQUIRE_OK(page);
  REQUIRE(page->rows_size() == 2);
  CHECK(page->rows(0).campaign() == "Kemer");
  CHECK(page->rows(1).campaign() == "Çanta");
  list.set_page_token(page->next_page_token());
  page = service.Call<v1::ListAdSpendResponse>("AdSpendService/ListAdSpend", list);
  REQUIRE_OK(page);
  REQUIRE(page->rows_size() == 1);
  CHECK(page->rows(0).day() == "2026-01-06");
  CHECK(page->next_page_token().empty());

  const auto campaigns = service.Sums(v1::SPEND_GROUPING_CAMPAIGN);
  REQUIRE(campaigns.sums_size() == 2);
  CHECK(campaigns.sums(0).campaign() == "Çanta");
  CHECK(campaigns.sums(0).cost().minor() == 19050);
  CHECK(campaigns.sums(0).impressions() == 1900);
  const auto days = service.Sums(v1::SPEND_GROUPING_DAY, "2026-01-06");
  REQUIRE(days.sums_size() == 1);
  CHECK(days.sums(0).day() == "2026-01-06");
  CHECK(days.totals(0).minor() == 9000);
}

TEST_CASE("a report may come packed, and what is no report is refused") {
  TestService service;
  v1::ImportAdSpendRequest request = RequestOf("");
  CHECK_STATUS_IS(service.Import(request), StatusCode::kInvalidArgument, "content: is required");
  request.set_content(Gzip(kTwoDays));
  CHECK(service.MustImport(request).store_cost().minor() == 24075);
  request.set_content(Gzip(kTwoDays).substr(0, 60));
  CHECK_STATUS_IS(service.Import(request), StatusCode::kInvalidArgument, "damaged");
  request.set_content(Gzip(std::string(std::size_t{65} << 20, ' ')));
  CHECK_STATUS_IS(service.Import(request), StatusCode::kInvalidArgument, "64 MiB");
  CHECK_STATUS_IS(service.Import(RequestOf("hello")), StatusCode::kInvalidArgument, "heading");
  v1::ImportAdSpendRequest mapped = RequestOf("Zaman,Tutar\n2026-01-05,5\n");
  (*mapped.mutable_columns())["day"] = "Zaman";
  (*mapped.mutable_columns())["cost"] = "Tutar";
  mapped.set_currency_code("TRY");
  CHECK_STATUS_IS(service.Import(mapped), StatusCode::kInvalidArgument, "platform");
  mapped.set_platform("criteo");
  CHECK(service.MustImport(mapped).store_cost().minor() == 500);
  (*mapped.mutable_columns())["colour"] = "Tutar";
  CHECK_STATUS_IS(service.Import(mapped), StatusCode::kInvalidArgument, "colour");
  v1::ImportAdSpendRequest unknown = RequestOf(kTwoDays);
  unknown.set_store_id("yok");
  CHECK_STATUS_IS(service.Import(unknown), StatusCode::kNotFound, "");
}

TEST_CASE("a key of other stores neither imports nor reads spend") {
  TestService service;
  const runtime::ClientCallOptions other{
      .metadata = {{"esnaf-actor", "key:1"}, {"esnaf-caller-kind", "staff"}, {"esnaf-stores", "de"}}};
  CHECK_STATUS_IS(service.Import(RequestOf(kTwoDays), other), StatusCode::kPermissionDenied, "other stores");
  v1::ListAdSpendRequest list;
  list.set_store_id("tr");
  CHECK_STATUS_IS(service.Call<v1::ListAdSpendResponse>("AdSpendService/ListAdSpend", list, other),
                  StatusCode::kPermissionDenied, "");
  CHECK_STATUS_IS(service.Call<v1::BatchUpsertCurrencyRatesResponse>("CurrencyRateService/BatchUpsertCurrencyRates",
                                                                     v1::BatchUpsertCurrencyRatesRequest(), other),
                  StatusCode::kPermissionDenied, "every store");
}

}  // namespace esnaf::attribution
