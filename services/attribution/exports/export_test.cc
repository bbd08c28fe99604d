#include "services/attribution/exports/export.h"

#include <nlohmann/json.hpp>

#include "libs/base/crypto.h"
#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

using std::chrono::days;
using std::chrono::hours;

Time Noon() { return ParseRfc3339("2026-10-01T09:00:00Z").value(); }
Money Lira(std::int64_t minor) { return {minor, Currency::Parse("TRY").value()}; }

ExportSettings SettingsFor(ExportDestination destination, const char* name = "Satış") {
  return {.destination = destination,
          .store_id = "istanbul",
          .export_id = "0192-e",
          .conversion_name = name,
          .time_zone = TimeZone::Load("Europe/Istanbul").value(),
          .now = Noon() + hours(1)};
}

ExportableConversion Ayse() {
  return {.order_id = "0192-a",
          .external_id = "1001",
          .time = Noon(),
          .value = Lira(186000),
          .person = ExportedPerson{.external_id = "c-1",
                                   .email = "ay.se@gmail.com",
                                   .phone = "+905321234567",
                                   .given_name = "Ayşe",
                                   .family_name = "Yılmaz",
                                   .city = "Kadıköy 2",
                                   .postal_code = "34710-1",
                                   .country_code = "TR"},
          .click_ids = {.gclid = "Cj0K_a", .fbclid = "IwAR_x", .fbp = "fb.1.1.2"},
          .click_time = Noon() - hours(2),
          .consent = {.ad_user_data = ConsentWord::kGranted, .ad_personalization = ConsentWord::kDenied},
          .page_url = "https://shop.example/?a=1",
          .user_agent = "Mozilla/5.0 \"x\""};
}

}  // namespace

TEST_CASE("Google's file of click conversions is what its template asks, byte for byte", "[exports]") {
  ExportableConversion comma = Ayse();
  comma.order_id = "0192-b";
  comma.click_ids.gclid = "Cj0K_b";
  comma.value = Lira(5);
  comma.time = ParseRfc3339("2026-01-31T21:30:00.9Z").value();
  comma.consent.ad_personalization = ConsentWord::kNotTold;
  const auto files =
      WriteConversions({Ayse(), comma}, SettingsFor(ExportDestination::kGoogleClicks, "Satış, çevrimdışı"));
  REQUIRE(files.size() == 1);
  CHECK(files[0].body ==
        "Parameters:TimeZone=Europe/Istanbul\n"
        "Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad "
        "Personalization\n"
        "Cj0K_a,\"Satış, çevrimdışı\",2026-10-01 12:00:00,1860.00,TRY,Granted,Denied\n"
        "Cj0K_b,\"Satış, çevrimdışı\",2026-02-01 00:30:00,0.05,TRY,Granted,\n");
  CHECK(files[0].order_ids == std::vector<std::string>{"0192-a", "0192-b"});
  CHECK(files[0].content_type == "text/csv");
}

TEST_CASE("Google's file of leads hashes e-mail and phone in its normal form", "[exports]") {
  const auto files = WriteConversions({Ayse()}, SettingsFor(ExportDestination::kGoogleLeads));
  REQUIRE(files.size() == 1);
  CHECK(files[0].body ==
        "Parameters:TimeZone=Europe/Istanbul\n"
        "Email,Phone Number,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad "
        "Personalization,Order ID,Google Click ID\n" +
            Sha256Hex("ayse@gmail.com") + "," + Sha256Hex("+905321234567") +
            ",Satış,2026-10-01 12:00:00,1860.00,TRY,Granted,Denied,1001,Cj0K_a\n");
}

TEST_CASE("Google's adjustments restate and retract, by click or by order", "[exports]") {
  const ConversionAdjustment restated{.order_id = "a",
                                      .external_id = "1001",
                                      .gclid = "Cj0K_a",
                                      .conversion_name = "Satış",
                                      .conversion_time = Noon(),
                                      .adjustment_time = Noon() + days(7),
                                      .value = Lira(100000)};
  ConversionAdjustment retracted = restated;
  retracted.order_id = "b";
  retracted.external_id = "1002";
  retracted.gclid = "Cj0K_b";
  retracted.value = Lira(0);
  // The name is that by which Google was told, whatever the action is called now.
  const auto by_click = WriteAdjustments({restated, retracted}, SettingsFor(ExportDestination::kGoogleClicks, "Yeni"));
  REQUIRE(by_click);
  CHECK(by_click->body ==
        "Parameters:TimeZone=Europe/Istanbul\n"
        "Google Click ID,Conversion Name,Conversion Time,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value "
        "Currency\n"
        "Cj0K_a,Satış,2026-10-01 12:00:00,2026-10-08 12:00:00,RESTATE,1000.00,TRY\n"
        "Cj0K_b,Satış,2026-10-01 12:00:00,2026-10-08 12:00:00,RETRACT,,\n");
  const auto by_order = WriteAdjustments({restated, retracted}, SettingsFor(ExportDestination::kGoogleLeads, "Yeni"));
  REQUIRE(by_order);
  CHECK(by_order->body ==
        "Parameters:TimeZone=Europe/Istanbul\n"
        "Order ID,Conversion Name,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency\n"
        "1001,Satış,2026-10-08 12:00:00,RESTATE,1000.00,TRY\n"
        "1002,Satış,2026-10-08 12:00:00,RETRACT,,\n");
  CHECK_FALSE(WriteAdjustments({restated}, SettingsFor(ExportDestination::kMeta)));
  CHECK_FALSE(WriteAdjustments({}, SettingsFor(ExportDestination::kGoogleClicks)));
}

TEST_CASE("Meta's body hashes people, leaves browsers readable, and writes the exact value", "[exports]") {
  const auto files = WriteConversions({Ayse()}, SettingsFor(ExportDestination::kMeta, "Purchase"));
  REQUIRE(files.size() == 1);
  const auto hashed = [](const char* text) { return "[\"" + Sha256Hex(text) + "\"]"; };
  CHECK(files[0].body ==
        "{\"data\":[{\"event_name\":\"Purchase\",\"event_time\":1790845200,\"event_id\":\"0192-a\",\"action_source\":"
        "\"website\",\"event_source_url\":\"https://shop.example/?a=1\",\"user_data\":{\"em\":" +
            hashed("ay.se@gmail.com") + ",\"ph\":" + hashed("905321234567") + ",\"fn\":" + hashed("ayşe") +
            ",\"ln\":" + hashed("yılmaz") + ",\"ct\":" + hashed("kadıköy") + ",\"zp\":" + hashed("34710") +
            ",\"country\":" + hashed("tr") + ",\"external_id\":" + hashed("c-1") +
            ",\"fbc\":\"fb.1.1790838000000.IwAR_x\",\"fbp\":\"fb.1.1.2\",\"client_user_agent\":\"Mozilla/5.0 "
            "\\\"x\\\"\"},\"custom_data\":{\"currency\":\"TRY\",\"value\":1860.00,\"order_id\":\"1001\"}}]}");
  CHECK(nlohmann::json::accept(files[0].body));
  ExportableConversion shop = Ayse();
  shop.user_agent.clear();
  CHECK(MetaBody({&shop}, "Purchase").find("\"action_source\":\"system_generated\"") != std::string::npos);
  CHECK(MetaBody({&shop}, "Purchase").find("event_source_url") == std::string::npos);
}

TEST_CASE("Meta's events go in batches of one age, the oldest first, of a thousand at most", "[exports]") {
  const ExportSettings settings = SettingsFor(ExportDestination::kMeta, "Purchase");
  std::vector<ExportableConversion> conversions(1001, Ayse());
  conversions.push_back(Ayse());
  conversions.back().order_id = "old";
  conversions.back().time = settings.now - days(6) - hours(23);
  const auto files = WriteConversions(conversions, settings);
  REQUIRE(files.size() == 3);
  CHECK(files[0].order_ids == std::vector<std::string>{"old"});
  CHECK(files[1].order_ids.size() == 1000);
  CHECK(files[2].order_ids.size() == 1);
  CHECK(files[0].name == "meta-events-istanbul-0192-e-1.json");
  CHECK(files[1].name == "meta-events-istanbul-0192-e-2.json");
}

TEST_CASE("the name of a file tells kind, store and export, and is plain whatever the store is called", "[exports]") {
  ExportSettings settings = SettingsFor(ExportDestination::kGoogleClicks);
  CHECK(WriteConversions({Ayse()}, settings).at(0).name == "google-click-conversions-istanbul-0192-e.csv");
  CHECK(WriteAdjustments({{.order_id = "a", .value = Lira(1)}}, settings)->name ==
        "google-adjustments-istanbul-0192-e.csv");
  settings.store_id = "../kadıköy.1";
  CHECK(WriteConversions({Ayse()}, settings).at(0).name == "google-click-conversions-___kad__k__y_1-0192-e.csv");
}

TEST_CASE("who did not consent, cannot be known again or is too old is left out, with the reason", "[exports]") {
  const ExportSettings google = SettingsFor(ExportDestination::kGoogleClicks);
  const ExportSettings leads = SettingsFor(ExportDestination::kGoogleLeads);
  const ExportSettings meta = SettingsFor(ExportDestination::kMeta);
  for (const ExportSettings& settings : {google, leads, meta}) {
    CHECK(WhyLeftOut(Ayse(), settings) == std::nullopt);
    ExportableConversion conversion = Ayse();
    conversion.consent.ad_user_data = ConsentWord::kDenied;
    CHECK(WhyLeftOut(conversion, settings) == LeftOut::kConsentRefused);
    conversion.consent.ad_user_data = ConsentWord::kNotTold;
    CHECK(WhyLeftOut(conversion, settings) == LeftOut::kNoConsent);
    conversion = Ayse();
    conversion.value = Lira(0);
    CHECK(WhyLeftOut(conversion, settings) == LeftOut::kNoValue);
  }
  ExportableConversion conversion = Ayse();
  conversion.click_ids = {};
  CHECK(WhyLeftOut(conversion, google) == LeftOut::kNoClickId);
  CHECK(WhyLeftOut(conversion, leads) == std::nullopt);
  conversion.person = std::nullopt;
  CHECK(WhyLeftOut(conversion, leads) == LeftOut::kNoIdentifier);
  CHECK(WhyLeftOut(conversion, meta) == LeftOut::kNoIdentifier);
  conversion.click_ids.fbp = "fb.1.1.2";
  CHECK(WhyLeftOut(conversion, meta) == std::nullopt);
  conversion = Ayse();
  conversion.time = meta.now - days(7) + hours(1);
  CHECK(WhyLeftOut(conversion, meta) == LeftOut::kTooOld);
  CHECK(WhyLeftOut(conversion, google) == std::nullopt);
  conversion.time += std::chrono::seconds(1);
  CHECK(WhyLeftOut(conversion, meta) == std::nullopt);
  CHECK(ReasonOf(LeftOut::kConsentRefused) == "CONSENT_REFUSED");
}

TEST_CASE("nothing to tell is no file", "[exports]") {
  for (const auto destination :
       {ExportDestination::kGoogleClicks, ExportDestination::kGoogleLeads, ExportDestination::kMeta}) {
    CHECK(WriteConversions({}, SettingsFor(destination)).empty());
  }
}

}  // namespace esnaf::attribution
