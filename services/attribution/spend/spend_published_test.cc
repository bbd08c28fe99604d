// The published reports against the totals that stand beside them.
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libs/testing/catch.h"
#include "libs/testing/data_sets.h"
#include "services/attribution/spend/spend_reader.h"

namespace esnaf::attribution {
namespace {

std::string Content(const std::string& name) {
  std::ifstream file(*testing::DataFolder("ads") / name, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The sum of a report's rows, which are all in US dollars.
SpendTotals TotalsOf(const SpendReading& reading) {
  const auto sums = SumByCurrency(reading.rows);
  CHECK_OK(sums);
  REQUIRE(sums->size() == 1);
  CHECK(sums->begin()->first == "USD");
  return sums->begin()->second;
}

// A number of the expected totals as millionths, by its text.
Micros Gold(const nlohmann::json& value) { return ParsePlainMicros(value.dump()).value(); }

}  // namespace

TEST_CASE("the published reports give exactly the totals beside them", "[spend][published]") {
  if (!testing::DataFolder("ads")) return;
  const nlohmann::json gold = nlohmann::json::parse(Content("gold.json"));
  const SpendReadOptions dollars{.currency = Currency::Parse("USD").value()};

  SECTION("Google Ads, the campaign report") {
    const auto reading = ReadSpend(Content("google_ads_ui_campaign_report.csv"), {});
    CHECK_OK(reading);
    CHECK(reading->format == SpendFormat::kGoogleAdsTable);
    CHECK(reading->warnings.empty());
    const nlohmann::json& expected = gold["google_ads_campaign_stats"];
    CHECK(TotalsOf(*reading) == SpendTotals{.rows = expected["rows"],
                                            .impressions = expected["impressions"],
                                            .clicks = expected["clicks"],
                                            .cost = expected["cost_micros"],
                                            .reported_conversions = Gold(expected["conversions"]),
                                            .reported_value = Gold(expected["conversions_value"])});
    REQUIRE(reading->skips.size() == 3);
    CHECK(reading->skips[2].reason == SkipReason::kTotal);
    CHECK(reading->skips[2].line == 20);
  }
  SECTION("Meta, Ads Manager") {
    const auto reading = ReadSpend(Content("meta_ads_manager_export.csv"), {});
    CHECK_OK(reading);
    CHECK(reading->format == SpendFormat::kMetaTable);
    const nlohmann::json& expected = gold["meta_basic_ad"];
    const SpendTotals totals = TotalsOf(*reading);
    CHECK(totals.rows == expected["rows"]);
    CHECK(totals.impressions == expected["impressions"]);
    CHECK(totals.clicks == expected["inline_link_clicks"]);
    CHECK(totals.cost == Gold(expected["spend"]));
    CHECK(reading->skips.empty());
  }
  SECTION("Meta, Insights; a purchase that is listed under three types counts once") {
    const auto reading = ReadSpend(Content("meta_insights.json"), dollars);
    CHECK_OK(reading);
    CHECK(reading->format == SpendFormat::kMetaJson);
    const nlohmann::json& expected = gold["meta_insights_json"];
    CHECK(TotalsOf(*reading) == SpendTotals{.rows = expected["rows"],
                                            .impressions = expected["impressions"],
                                            .clicks = expected["inline_link_clicks"],
                                            .cost = Gold(expected["spend"]),
                                            .reported_conversions = Gold(expected["purchases"]),
                                            .reported_value = Gold(expected["purchase_value"])});
    CHECK(reading->rows[0].account_id == "1700252260223815");
  }
}

}  // namespace esnaf::attribution
