#include "services/attribution/spend/spend_reader.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/attribution/spend/spend_sheet.h"

namespace esnaf::attribution {
namespace {

using namespace std::chrono_literals;

// The same text as UTF-16 with a byte order mark.
std::string Utf16(const std::u16string& text, bool little_endian) {
  std::string bytes = little_endian ? "\xFF\xFE" : "\xFE\xFF";
  for (const char16_t c : text) {
    const char high = static_cast<char>(c >> 8), low = static_cast<char>(c & 0xFF);
    bytes += little_endian ? low : high;
    bytes += little_endian ? high : low;
  }
  return bytes;
}

SpendReading Read(std::string_view bytes, const SpendReadOptions& options = {}) {
  const auto reading = ReadSpend(bytes, options);
  CHECK_OK(reading);
  return reading.value_or(SpendReading{});
}

Currency Lira() { return Currency::Parse("TRY").value(); }

// What a line of the report was skipped for; empty where it was not.
std::string SkippedFor(const SpendReading& reading, std::int64_t line) {
  for (const SpendSkip& skip : reading.skips) {
    if (skip.line == line) return std::string(ReasonOf(skip.reason)) + ": " + skip.detail;
  }
  return {};
}

constexpr std::u16string_view kTurkish =
    u"Anahtar kelime raporu\n"
    u"1 Ocak 2026 - 31 Ocak 2026\n"
    u"Gün\tKampanya\tReklam grubu\tArama ağı anahtar kelimesi\tArama terimi\tPara birimi "
    u"kodu\tTıklamalar\tGöst.\tTO\tMaliyet\n"
    u"2026-01-05\tİstanbul Çanta\tDeri\tderi çanta\tucuz deri çanta\tTRY\t1.204\t45.311\t%2,66\t1.234,56\n"
    u"2026-01-06\tİstanbul Çanta\tDeri\tderi çanta\t --\tTRY\t3\t1.000\t%0,30\t0,07\n"
    u"Toplam: Hesap\t --\t --\t --\t --\tTRY\t1.207\t46.311\t%2,61\t1.234,63\n";

}  // namespace

TEST_CASE("a Turkish export in UTF-16 with tabs is read to the kuruş", "[spend]") {
  for (const bool little_endian : {true, false}) {
    const SpendReading reading = Read(Utf16(std::u16string(kTurkish), little_endian));
    CHECK(reading.format == SpendFormat::kGoogleAdsTable);
    CHECK(reading.encoding == (little_endian ? "UTF-16LE" : "UTF-16BE"));
    CHECK(reading.warnings.empty());
    REQUIRE(reading.rows.size() == 2);
    CHECK(reading.rows[0] == SpendRow{.day = 2026y / 1 / 5d,
                                      .campaign = "İstanbul Çanta",
                                      .ad_group = "Deri",
                                      .keyword = "deri çanta",
                                      .search_query = "ucuz deri çanta",
                                      .currency = Lira(),
                                      .cost = 1'234'560'000,
                                      .impressions = 45311,
                                      .clicks = 1204});
    CHECK(reading.rows[1].search_query.empty());
    CHECK(reading.rows[1].cost == 70'000);
    CHECK(reading.rows[1].impressions == 1000);
    CHECK(SkippedFor(reading, 1) == "TITLE: Anahtar kelime raporu");
    CHECK(SkippedFor(reading, 6) == "TOTAL: Toplam: Hesap");
  }
}

TEST_CASE("UTF-16 without its mark is known by its zeros, and that is said", "[spend]") {
  const SpendReading reading = Read(Utf16(std::u16string(kTurkish), true).substr(2));
  CHECK(reading.rows.size() == 2);
  REQUIRE(reading.warnings.size() == 1);
  CHECK(reading.warnings[0] == "the encoding was guessed: UTF-16LE");
}

TEST_CASE("a German export with semicolons and a Windows encoding is read", "[spend]") {
  const std::string text =
      "Kampagnenbericht\r\n"
      "Tag;Kampagne;Kampagnen-ID;W\xE4hrungscode;Klicks;Impr.;Kosten;Conv.-Wert\r\n"
      "05.01.2026;T\xFCrkei;123;EUR;10;1.000;\"12,30\";99,9\r\n"
      "06.01.2026;T\xFCrkei;123;EUR;-;--;1.012,30;\r\n"
      "Gesamt: Konto;--;--;EUR;10;1.000;\"1.024,60\";99,9\r\n";
  const SpendReading reading = Read(text);
  REQUIRE(reading.rows.size() == 2);
  CHECK(reading.rows[0].campaign == "Türkei");
  CHECK(reading.rows[0].campaign_id == "123");
  CHECK(reading.rows[0].cost == 12'300'000);
  CHECK(reading.rows[0].reported_value == 99'900'000);
  CHECK(reading.rows[1].cost == 1'012'300'000);
  CHECK(reading.rows[1].clicks == 0);
  CHECK(reading.rows[1].day == 2026y / 1 / 6d);
}

TEST_CASE("what is nothing but separators is refused before it takes memory", "[spend]") {
  CHECK_STATUS_IS(ReadSpend(std::string(std::size_t{1} << 20, ','), {}), absl::StatusCode::kInvalidArgument,
                  "line 1: it has more than 500 cells");
  const std::string report = "Day,Currency code,Cost\n2026-01-01,TRY,1.50\n";
  CHECK_STATUS_IS(ReadSpend(report + "2026-01-02" + std::string(500, ','), {}), absl::StatusCode::kInvalidArgument,
                  "line 3: it has more than 500 cells");
  CHECK(Read(report + "2026-01-02,TRY,2.00" + std::string(497, ',')).rows.size() == 2);
  // Another separator than the report's may pass the bound in its titles.
  CHECK(Read("Rapor" + std::string(600, ';') + "\n" + report).rows.size() == 1);
  CHECK_STATUS_IS(ReadSheet("a,b\n\nc,d\n", ',', {.cells = 3}), absl::StatusCode::kInvalidArgument,
                  "line 3: the report has more than 3 cells");
  CHECK_STATUS_IS(ReadSheet("a\nb\n\nc\n", ',', {.rows = 2}), absl::StatusCode::kInvalidArgument,
                  "line 4: the report has more than 2 rows");
  CHECK_OK(ReadSheet("a,b\n\nc,d\n", ',', {.cells_of_row = 2, .cells = 4, .rows = 2}));
}

TEST_CASE("JSON that would take much more memory than it has is refused before it is read", "[spend]") {
  const auto nested = [](std::size_t depth) {
    return "[" + std::string(depth, '[') + "\"]]{[\\\"[\"" + std::string(depth, ']') + "]";
  };
  CHECK_STATUS_IS(ReadSpend(nested(std::size_t{1} << 20), {}), absl::StatusCode::kInvalidArgument, "32 levels");
  CHECK_STATUS_IS(ReadSpend(nested(32), {}), absl::StatusCode::kInvalidArgument, "32 levels");
  std::string zeros = "[0";
  for (int i = 0; i < 8'000'000; ++i) zeros += ",0";
  CHECK_STATUS_IS(ReadSpend(zeros + "]", {}), absl::StatusCode::kInvalidArgument, "8 million values");
  // Within the bounds it is read, and what is in it is no report.
  const auto reading = ReadSpend(nested(31), {});
  CHECK((reading.ok() ? reading->rows.empty() : reading.status().message().find("32 levels") == std::string::npos));
}

TEST_CASE("each bad line is named and the others count", "[spend]") {
  const std::string text =
      "Day,Campaign,Currency code,Impr.,Clicks,Cost\n"
      "2026-01-01,A,TRY,10,1,1.50\n"
      "yesterday,A,TRY,10,1,1.50\n"
      "2026-01-02,A,TRY,10,1,abc\n"
      "2026-01-02,A,lira,10,1,2.00\n"
      "2026-01-02,A,TRY,10,1\n"
      "2026-01-02,\"A,TRY,10,1,2.00\n"
      "2026-01-03,A,TRY,-10,1,2.00\n"
      "2026-01-03,A,TRY,10,1,-2.00\n"
      "2026-01-04,\xFF\xC4\xB1,TRY,10,1,2.00\n"
      "\n"
      "2026-01-05,\"B\n2\",TRY,20,2,2.25\n"
      "Total: Account, --,TRY,30,3,\"9,999.00\"\n";
  const SpendReading reading = Read(text);
  REQUIRE(reading.rows.size() == 2);
  CHECK(reading.rows[1].campaign == "B\n2");
  CHECK(SkippedFor(reading, 3) == "NO_DAY: day is no day: \"yesterday\"");
  CHECK(SkippedFor(reading, 4) == "BAD_NUMBER: cost is no number: \"abc\"");
  CHECK(SkippedFor(reading, 5).starts_with("BAD_CURRENCY: currency is no ISO 4217"));
  CHECK(SkippedFor(reading, 6) == "BAD_CELLS: has 5 cells where the heading has 6");
  CHECK(SkippedFor(reading, 7) == "BAD_CELLS: text behind a closing quote");
  CHECK(SkippedFor(reading, 8) == "BAD_NUMBER: impressions is negative: \"-10\"");
  CHECK(SkippedFor(reading, 9) == "BAD_NUMBER: cost is negative: \"-2.00\"");
  CHECK(SkippedFor(reading, 10) == "BAD_TEXT: campaign is no text");
  CHECK(SkippedFor(reading, 14) == "TOTAL: Total: Account");
  CHECK(reading.skips.size() == 9);
  REQUIRE(reading.warnings.size() == 1);
  CHECK(reading.warnings[0].find("no total row") == 0);
}

TEST_CASE("a quote that is never closed costs its own line only", "[spend]") {
  const SpendReading reading =
      Read("Day,Campaign,Cost\n2026-01-01,\"A,1.50\n2026-01-02,B,2.50\n", {.currency = Lira()});
  REQUIRE(reading.rows.size() == 1);
  CHECK(reading.rows[0].campaign == "B");
  CHECK(SkippedFor(reading, 2) == "BAD_CELLS: a quote is not closed");
}

TEST_CASE("what is no report is refused", "[spend]") {
  for (const char* text : {"", "  \n ", "hello", "a,b,c\n1,2,3\n", "{}", "[]", "{\"data\": 5}", "[1, 2]"}) {
    INFO(text);
    CHECK_STATUS_IS(ReadSpend(text, {}), absl::StatusCode::kInvalidArgument, "");
  }
  CHECK_STATUS_IS(ReadSpend("{\"data\": [\n{\"date_start\": }]}", {}), absl::StatusCode::kInvalidArgument, "line 2");
  CHECK_STATUS_IS(ReadSpend("Day,Cost\n2026-01-01,1\n", {}), absl::StatusCode::kInvalidArgument,
                  "line 2: the report names no currency");
  CHECK_STATUS_IS(ReadSpend("Day,Cost\n1/2/2026,1\n", {.currency = Lira()}), absl::StatusCode::kInvalidArgument,
                  "date_order");
  CHECK_STATUS_IS(ReadSpend("Day;Cost\n2026-01-01;1,5\n2026-01-02;1.5\n", {.currency = Lira()}),
                  absl::StatusCode::kInvalidArgument, "decimal_mark");
}

TEST_CASE("a report that is open to two readings is read as the caller says", "[spend]") {
  const SpendReadOptions options{
      .currency = Lira(), .decimal_mark = DecimalMark::kComma, .date_order = DateOrder::kDayFirst};
  const SpendReading reading = Read("Day;Cost\n1/2/2026;1.234\n", options);
  REQUIRE(reading.rows.size() == 1);
  CHECK(reading.rows[0].day == 2026y / 2 / 1d);
  CHECK(reading.rows[0].cost == 1'234'000'000);
  // The language of the heading decides where the numbers say nothing.
  CHECK(Read("Day;Cost\n2026-01-01;1,234\n", {.currency = Lira()}).rows.at(0).cost == 1'234'000'000);
  CHECK(Read("Tag;Kosten\n2026-01-01;1,234\n", {.currency = Lira()}).rows.at(0).cost == 1'234'000);
}

TEST_CASE("a table of any headings is read by a mapping", "[spend]") {
  const SpendReadOptions options{
      .format = SpendFormat::kGenericTable,
      .currency = Lira(),
      .account_id = "42",
      .mapping = {{SpendColumn::kDay, "Zaman"}, {SpendColumn::kCost, "Tutar"}, {SpendColumn::kCampaign, "Ad"}}};
  const SpendReading reading = Read("Zaman|Ad|Tutar\n2026-01-01|Bahar|12,5\n", options);
  REQUIRE(reading.rows.size() == 1);
  CHECK(reading.format == SpendFormat::kGenericTable);
  CHECK(reading.rows[0].account_id == "42");
  CHECK(reading.rows[0].campaign == "Bahar");
  CHECK(reading.rows[0].cost == 12'500'000);
  CHECK_STATUS_IS(ReadSpend("Zaman,Tutar\n2026-01-01,1\n", options), absl::StatusCode::kInvalidArgument, "mapping");
}

TEST_CASE("Meta's row of sums and rows over several days do not count", "[spend]") {
  const std::string text =
      "\xEF\xBB\xBFKampanya Adı,Rapor Başlangıcı,Rapor Bitişi,Harcanan Tutar (TRY),Gösterimler,Tıklamalar (Tümü)\n"
      ",2026-01-01,2026-01-31,\"30,5\",300,30\n"
      "Bahar,2026-01-01,2026-01-01,\"10,25\",100,10\n"
      "Bahar,2026-01-02,2026-01-02,\"20,25\",200,20\n"
      "Yaz,2026-01-03,2026-01-09,\"5,00\",50,5\n";
  const SpendReading reading = Read(text);
  CHECK(reading.format == SpendFormat::kMetaTable);
  REQUIRE(reading.rows.size() == 2);
  CHECK(reading.rows[0].currency == Lira());
  CHECK(reading.rows[0].clicks == 10);
  CHECK(SkippedFor(reading, 2).starts_with("TOTAL"));
  CHECK(SkippedFor(reading, 5).starts_with("SEVERAL_DAYS: covers 2026-01-03 to 2026-01-09"));
  CHECK(reading.warnings.empty());
}

TEST_CASE("the Google Ads API's stream is read in both spellings", "[spend]") {
  const std::string text = R"([{"results": [
      {"customer": {"id": "1234567890", "currencyCode": "TRY"},
       "campaign": {"resourceName": "customers/1234567890/campaigns/1", "id": "1", "name": "Çanta"},
       "adGroup": {"id": "2", "name": "Deri"}, "adGroupAd": {"ad": {"id": "3"}},
       "segments": {"date": "2026-01-05", "keyword": {"info": {"text": "deri çanta"}}},
       "searchTermView": {"searchTerm": "ucuz deri çanta"},
       "metrics": {"costMicros": "12345678", "impressions": "100", "clicks": "7", "conversions": 1.5}},
      {"segments": {"date": "2026-01-05"}, "metrics": {"costMicros": "x"}},
      {"segments": {"date": "soon"}, "metrics": {}},
      5]},
    {"results": [{"customer": {"currency_code": "TRY"}, "campaign": {"resource_name": "customers/77/campaigns/1"},
       "ad_group": {"id": 9}, "segments": {"date": "2026-01-06"}, "metrics": {"cost_micros": 1000000}}]}])";
  const SpendReading reading = Read(text, {.currency = Lira()});
  CHECK(reading.format == SpendFormat::kGoogleAdsJson);
  REQUIRE(reading.rows.size() == 2);
  CHECK(reading.rows[0] == SpendRow{.day = 2026y / 1 / 5d,
                                    .account_id = "1234567890",
                                    .campaign_id = "1",
                                    .campaign = "Çanta",
                                    .ad_group_id = "2",
                                    .ad_group = "Deri",
                                    .ad_id = "3",
                                    .keyword = "deri çanta",
                                    .search_query = "ucuz deri çanta",
                                    .currency = Lira(),
                                    .cost = 12'345'678,
                                    .impressions = 100,
                                    .clicks = 7,
                                    .reported_conversions = 1'500'000});
  CHECK(reading.rows[1].account_id == "77");
  CHECK(reading.rows[1].ad_group_id == "9");
  CHECK(reading.rows[1].cost == 1'000'000);
  CHECK(SkippedFor(reading, 2).starts_with("BAD_NUMBER: costMicros"));
  CHECK(SkippedFor(reading, 3) == "NO_DAY: segments.date is no day");
  CHECK(SkippedFor(reading, 4) == "BAD_RECORD: is no object");
}

TEST_CASE("rows of the same thing and day are joined, and micros round once", "[spend]") {
  const auto joined = JoinSpendRows(Read("Day,Campaign,Device,Cost,Clicks\n2026-01-02,A,Mobile,1.004,1\n"
                                         "2026-01-01,A,Mobile,1,1\n2026-01-02,A,Desktop,1.004,2\n",
                                         {.currency = Lira()})
                                        .rows);
  CHECK_OK(joined);
  REQUIRE(joined->size() == 2);
  CHECK((*joined)[1].cost == 2'008'000);
  CHECK((*joined)[1].clicks == 3);
  CHECK(MoneyOfMicros((*joined)[1].cost, Lira()) == Money{201, Lira()});
  CHECK(MoneyOfMicros(5'000, Lira()).minor == 1);
  CHECK(MoneyOfMicros(4'999, Lira()).minor == 0);
  CHECK(MoneyOfMicros(-5'000, Lira()).minor == -1);
  CHECK(MoneyOfMicros(1'500'000, Currency::Parse("JPY").value()).minor == 2);
  CHECK(MoneyOfMicros(1'234'500, Currency::Parse("KWD").value()).minor == 1235);
  CHECK(MoneyOfMicros(INT64_MAX, Lira()).minor == 922'337'203'685'478);
}

TEST_CASE("property: a report gives back the rows it was written from", "[spend]") {
  CHECK(rc::check("round trip", [] {
    const bool comma = *rc::gen::arbitrary<bool>();
    const char separator = *rc::gen::element(',', ';', '\t');
    const auto amounts = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100'000'000)));
    const std::string s(1, separator);
    std::string text =
        "Report\n" + (comma ? "Gün" + s + "Kampanya" + s + "Maliyet" : "Day" + s + "Campaign" + s + "Cost") + "\n";
    Micros sum = 0;
    for (const int amount : amounts) {
      text += absl::StrFormat("2026-01-01%s\"A %s \"\"%d\"\"\"%s\"", s, s, amount, s) +
              (comma ? absl::StrFormat("%d,%02d", amount / 100, amount % 100)
                     : absl::StrFormat("%d.%02d", amount / 100, amount % 100)) +
              "\"\n";
      sum += Micros{amount} * 10'000;
    }
    const auto reading = ReadSpend(text, {.currency = Lira()});
    RC_ASSERT(reading.ok());
    RC_ASSERT(reading->rows.size() == amounts.size());
    const auto sums = SumByCurrency(reading->rows);
    RC_ASSERT(sums.ok() && sums->at("TRY").cost == sum);
  }));
}

TEST_CASE("property: no input crashes the readers, whatever was done to a good one", "[spend][fuzz]") {
  const std::vector<std::string> seeds = {
      Utf16(std::u16string(kTurkish), true),
      "Day,Campaign,Currency code,Impr.,Clicks,Cost\n2026-01-01,\"A\",TRY,10,1,1.50\nTotal,,,10,1,1.5\n",
      R"([{"results":[{"customer":{"currencyCode":"TRY"},"segments":{"date":"2026-01-05"},"metrics":{"costMicros":"1"}}]}])",
      R"({"data":[{"date_start":"2026-01-05","date_stop":"2026-01-05","spend":"1.5","account_currency":"TRY",
          "actions":[{"action_type":"purchase","value":"1"}]}]})"};
  CHECK(rc::check("mutations", [&] {
    std::string text = *rc::gen::elementOf(seeds);
    const int edits = *rc::gen::inRange(0, 8);
    for (int i = 0; i < edits && !text.empty(); ++i) {
      const auto at = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(text.size())));
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          text[at] = static_cast<char>(*rc::gen::inRange(0, 256));
          break;
        case 1:
          text.erase(at, static_cast<std::size_t>(*rc::gen::inRange(1, 20)));
          break;
        case 2:
          text.insert(at,
                      *rc::gen::element<std::string>("\"", ",", "\n", "--", "\xFF", "{", "]", "99999999999999999999"));
          break;
        default:
          text.resize(at);
      }
    }
    const auto reading = ReadSpend(text, {.currency = Lira()});
    if (!reading.ok()) return;
    for (const SpendRow& row : reading->rows) {
      RC_ASSERT(row.day.ok());
      RC_ASSERT(row.cost >= 0 && row.clicks >= 0 && row.impressions >= 0);
      RC_ASSERT(!row.currency.empty());
    }
    for (const SpendSkip& skip : reading->skips) RC_ASSERT(skip.line >= 1);
  }));
  CHECK(rc::check("noise", [](const std::string& text) { ReadSpend(text, {}).status().IgnoreError(); }));
}

}  // namespace esnaf::attribution
