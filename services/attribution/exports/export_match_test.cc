#include "services/attribution/exports/export_match.h"

#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

using std::chrono::hours;

Time Noon() { return ParseRfc3339("2026-10-01T09:00:00Z").value(); }

ExportCandidate Order() {
  return {.order_id = Uuid::FromName("order", "1"),
          .external_id = "1001",
          .time = Noon(),
          .value = {186000, Currency::Parse("TRY").value()}};
}

Touchpoint Touch(int hours_before, std::string gclid, std::string fbclid, ConsentWord word) {
  Touchpoint touch;
  touch.occur_time = Noon() - hours(hours_before);
  touch.click_ids = {.gclid = std::move(gclid), .fbclid = std::move(fbclid)};
  touch.consent.ad_user_data = word;
  touch.landing_page = "https://shop.example/" + std::to_string(hours_before);
  return touch;
}

audience::AudiencePerson Ayse() {
  return {.contact_id = "c1",
          .given_name = "Ayşe",
          .emails = {"ayse@example.com"},
          .phones = {"+905321234567"},
          .consents = {{.by = audience::ConsentBy::kEmail, .allowed = true}}};
}

}  // namespace

TEST_CASE("the last click of the platform before the order counts, none after it", "[exports]") {
  const std::vector<Touchpoint> touches = {
      Touch(9, "first", "", ConsentWord::kGranted), Touch(5, "last", "", ConsentWord::kDenied),
      Touch(4, "", "meta", ConsentWord::kGranted), Touch(1, "", "", ConsentWord::kGranted),
      Touch(-1, "later", "later", ConsentWord::kGranted)};
  const auto google = MatchConversion(Order(), touches, std::nullopt, nullptr, ExportDestination::kGoogleClicks);
  CHECK(google.click_ids.gclid == "last");
  CHECK(google.click_time == Noon() - hours(5));
  CHECK(google.consent.ad_user_data == ConsentWord::kDenied);
  CHECK(google.page_url == "https://shop.example/5");
  const auto meta = MatchConversion(Order(), touches, std::nullopt, nullptr, ExportDestination::kMeta);
  CHECK(meta.click_ids.fbclid == "meta");
}

TEST_CASE("a click within the second of an order that is stamped by whole seconds is before it", "[exports]") {
  Touchpoint touch = Touch(0, "same second", "", ConsentWord::kGranted);
  touch.occur_time += std::chrono::milliseconds(400);
  ExportCandidate order = Order();
  CHECK(MatchConversion(order, {touch}, std::nullopt, nullptr, ExportDestination::kGoogleClicks).click_ids.gclid ==
        "same second");
  order.time += std::chrono::milliseconds(300);
  CHECK(
      MatchConversion(order, {touch}, std::nullopt, nullptr, ExportDestination::kGoogleClicks).click_ids.gclid.empty());
}

TEST_CASE("without a click the last word about consent counts, without any it is none", "[exports]") {
  const std::vector<Touchpoint> touches = {Touch(9, "", "", ConsentWord::kGranted),
                                           Touch(5, "", "", ConsentWord::kDenied),
                                           Touch(1, "", "", ConsentWord::kNotTold)};
  CHECK(
      MatchConversion(Order(), touches, std::nullopt, nullptr, ExportDestination::kGoogleLeads).consent.ad_user_data ==
      ConsentWord::kDenied);
  CHECK(MatchConversion(Order(), {}, std::nullopt, nullptr, ExportDestination::kGoogleLeads).consent.ad_user_data ==
        ConsentWord::kNotTold);
}

TEST_CASE("a denial since the click withdraws what the click granted, one before it does not", "[exports]") {
  const std::vector<Touchpoint> touches = {Touch(5, "click", "", ConsentWord::kGranted)};
  const auto consent = [&](std::optional<Time> denial_time) {
    return MatchConversion(Order(), touches, denial_time, nullptr, ExportDestination::kGoogleClicks)
        .consent.ad_user_data;
  };
  CHECK(consent(std::nullopt) == ConsentWord::kGranted);
  CHECK(consent(Noon() - hours(6)) == ConsentWord::kGranted);
  CHECK(consent(Noon() - hours(5)) == ConsentWord::kDenied);
  CHECK(consent(Noon() - hours(1)) == ConsentWord::kDenied);
  CHECK(consent(Noon() + hours(1)) == ConsentWord::kDenied);
}

TEST_CASE("of a person only what consent covers is told, and of somebody deleted nothing", "[exports]") {
  audience::AudiencePerson person = Ayse();
  auto conversion = MatchConversion(Order(), {}, std::nullopt, &person, ExportDestination::kMeta);
  REQUIRE(conversion.person);
  CHECK(conversion.person->email == "ayse@example.com");
  CHECK(conversion.person->phone.empty());
  CHECK(conversion.person->given_name == "Ayşe");
  person.consents = {};
  CHECK_FALSE(MatchConversion(Order(), {}, std::nullopt, &person, ExportDestination::kMeta).person);
  person = Ayse();
  person.deleted = true;
  CHECK_FALSE(MatchConversion(Order(), {}, std::nullopt, &person, ExportDestination::kMeta).person);
}

}  // namespace esnaf::attribution
