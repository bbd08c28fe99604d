// Leads become touches of their contacts, and orders after them are credited to their campaign.
#include "services/attribution/touches/lead_touch.h"

#include "libs/testing/catch.h"
#include "services/attribution/credit/test_orders.h"

namespace esnaf::attribution {
namespace {

ReadyRules Rules() { return {ChannelGrouper::Make(DefaultChannelRules()).value(), 1}; }

contacts::v1::InteractionRecorded LeadOf(const std::string& person, const std::string& platform) {
  contacts::v1::InteractionRecorded recorded;
  contacts::v1::Interaction& interaction = *recorded.mutable_interaction();
  interaction.set_contact_id(Contact(person).ToString());
  *interaction.mutable_occur_time() = api::ToProto(At("2026-05-01T10:00:00Z"));
  contacts::v1::Lead& lead = *interaction.mutable_lead();
  lead.set_store_id("istanbul");
  lead.set_platform(platform);
  lead.set_lead_id("l1");
  lead.set_campaign_id("123443211");
  lead.set_ad_group_id("20000000000");
  lead.set_ad_id("30000000000");
  lead.set_gclid(platform == "google" ? "Cj0K" : "");
  return recorded;
}

TEST_CASE("a lead is a click of its contact, in the channel of its platform") {
  ESNAF_REQUIRE_VALUE(const Touchpoint google, TouchOfLead(LeadOf("ayse", "google").interaction(), *Rules().grouper,
                                                           At("2026-05-01T10:01:00Z")));
  CHECK(google.kind == TouchKind::kClick);
  CHECK(google.contact_id == Contact("ayse"));
  CHECK(google.event_id == "lead:google:l1");
  CHECK(google.traffic.derived.channel == "Paid Search");
  CHECK(google.traffic.derived.source == "google");
  CHECK(google.traffic.told.campaign_id == "123443211");
  CHECK(google.click_ids.gclid == "Cj0K");
  CHECK(google.consent == TouchConsent());
  ESNAF_REQUIRE_VALUE(const Touchpoint meta,
                      TouchOfLead(LeadOf("ayse", "meta").interaction(), *Rules().grouper, At("2026-05-01T10:01:00Z")));
  CHECK(meta.traffic.derived.channel == "Paid Social");
  CHECK(meta.traffic.told.ad_platform == "meta");
  contacts::v1::InteractionRecorded long_click = LeadOf("ayse", "google");
  long_click.mutable_interaction()->mutable_lead()->set_gclid(std::string(800, 'C'));
  ESNAF_REQUIRE_VALUE(const Touchpoint clicked,
                      TouchOfLead(long_click.interaction(), *Rules().grouper, At("2026-05-01T10:01:00Z")));
  CHECK(clicked.click_ids.gclid.size() == 800);
  contacts::v1::InteractionRecorded nobody = LeadOf("ayse", "google");
  nobody.mutable_interaction()->set_contact_id("x");
  CHECK_STATUS_IS(TouchOfLead(nobody.interaction(), *Rules().grouper, At("2026-05-01T10:01:00Z")).status(),
                  absl::StatusCode::kInvalidArgument, "");
}

TEST_CASE("a lead counts once, and the order after it is credited to it") {
  TestCredits shop;
  const auto apply = [&](const contacts::v1::InteractionRecorded& recorded) {
    const auto event = EventOf(recorded, "lead", 1);
    REQUIRE_OK(shop.connection().Run({}, [&](postgres::Tx& tx) { return ApplyLeads(tx, {event}, Rules(), shop.now); }));
  };
  apply(LeadOf("ayse", "google"));
  apply(LeadOf("ayse", "google"));
  contacts::v1::InteractionRecorded plain = LeadOf("ayse", "google");
  plain.mutable_interaction()->clear_lead();
  apply(plain);
  CHECK(shop.Count("SELECT count(*) FROM touchpoint") == 1);
  shop.Order({.name = "o", .person = "ayse", .time = "2026-05-05T10:00:00Z"});
  CHECK(shop.Nets("o", Model::kFirst) == "100000");
  CHECK(shop.Count("SELECT count(*) FROM credit c JOIN traffic_source s ON s.id = c.traffic_source_id"
                   " WHERE s.campaign_id = '123443211' AND c.model = 1") == 1);
}

}  // namespace
}  // namespace esnaf::attribution
