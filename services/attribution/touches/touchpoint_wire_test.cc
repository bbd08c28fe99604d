#include "services/attribution/touches/touchpoint_wire.h"

#include "libs/api/convert.h"
#include "libs/testing/catch.h"
#include "services/attribution/touches/touchpoint_row.h"

namespace esnaf::attribution {
namespace {

TEST_CASE("a touch is told as it is kept") {
  Touchpoint touch;
  touch.id = TouchpointId("istanbul", "e1");
  touch.store_id = "istanbul";
  touch.event_id = "e1";
  touch.contact_id = Uuid::FromName("contact", "ayse");
  touch.kind = TouchKind::kAdView;
  touch.occur_time = Time(std::chrono::seconds(5));
  touch.traffic.told.campaign_id = "42";
  touch.traffic.told.ad_group_id = "7";
  touch.traffic.derived = {.source = "meta", .medium = "cpm", .channel = "Paid Social", .paid = true};
  touch.consent.ad_user_data = ConsentWord::kDenied;
  touch.click_ids.fbclid = "x";
  const v1::Touchpoint wire = TouchToProto(touch);
  CHECK(wire.id() == touch.id.ToString());
  CHECK(wire.contact_id() == touch.contact_id->ToString());
  CHECK(wire.kind() == v1::TOUCH_KIND_AD_VIEW);
  CHECK(wire.occur_time().seconds() == 5);
  CHECK(wire.utm().id() == "42");
  CHECK(wire.ad_group_id() == "7");
  CHECK(wire.channel() == "Paid Social");
  CHECK(wire.paid());
  CHECK(wire.consent().ad_user_data() == v1::CONSENT_WORD_DENIED);
  CHECK(wire.click_ids().fbclid() == "x");
}

TEST_CASE("consent and click ids survive their text") {
  const TouchConsent consent{ConsentWord::kGranted, ConsentWord::kDenied, ConsentWord::kNotTold, ConsentWord::kGranted};
  CHECK(ConsentText(consent) == "GDUG");
  CHECK(ParseConsent("GDUG") == consent);
  CHECK(ParseConsent("") == TouchConsent());
  const ClickIds ids{.gbraid = "a\"b", .ttclid = "ç"};
  CHECK(ParseClickIds(ClickIdsJson(ids).value()) == ids);
  CHECK_FALSE(ClickIdsJson(ClickIds()));
  CHECK(ParseClickIds("[]").empty());
}

}  // namespace
}  // namespace esnaf::attribution
