#include "services/attribution/touches/touchpoint_wire.h"

#include "libs/api/convert.h"

namespace esnaf::attribution {
namespace {

void WriteConsent(const TouchConsent& consent, v1::TouchConsent& wire) {
  wire.set_ad_storage(static_cast<v1::ConsentWord>(consent.ad_storage));
  wire.set_analytics_storage(static_cast<v1::ConsentWord>(consent.analytics_storage));
  wire.set_ad_user_data(static_cast<v1::ConsentWord>(consent.ad_user_data));
  wire.set_ad_personalization(static_cast<v1::ConsentWord>(consent.ad_personalization));
}

void WriteClickIds(const ClickIds& ids, v1::ClickIds& wire) {
  wire.set_gclid(ids.gclid);
  wire.set_gbraid(ids.gbraid);
  wire.set_wbraid(ids.wbraid);
  wire.set_fbclid(ids.fbclid);
  wire.set_fbc(ids.fbc);
  wire.set_fbp(ids.fbp);
  wire.set_ttclid(ids.ttclid);
  wire.set_msclkid(ids.msclkid);
}

void WriteSource(const TrafficSource& traffic, v1::Touchpoint& wire) {
  v1::Utm& utm = *wire.mutable_utm();
  utm.set_source(traffic.told.utm_source);
  utm.set_medium(traffic.told.utm_medium);
  utm.set_campaign(traffic.told.campaign);
  utm.set_id(traffic.told.campaign_id);
  utm.set_content(traffic.told.content);
  utm.set_term(traffic.told.term);
  utm.set_source_platform(traffic.told.source_platform);
  wire.set_ad_platform(traffic.told.ad_platform);
  wire.set_ad_group_id(traffic.told.ad_group_id);
  wire.set_ad_id(traffic.told.ad_id);
  wire.set_source(traffic.derived.source);
  wire.set_medium(traffic.derived.medium);
  wire.set_channel(traffic.derived.channel);
  wire.set_paid(traffic.derived.paid);
  wire.set_direct(traffic.derived.direct);
}

ConsentWord WordFromProto(v1::ConsentWord word) {
  // What a later client means by a word of its own is no consent.
  return word == v1::CONSENT_WORD_GRANTED || word == v1::CONSENT_WORD_DENIED ? static_cast<ConsentWord>(word)
                                                                             : ConsentWord::kNotTold;
}

ClickIds ReadClickIds(const v1::ClickIds& wire) {
  return {.gclid = wire.gclid(),
          .gbraid = wire.gbraid(),
          .wbraid = wire.wbraid(),
          .fbclid = wire.fbclid(),
          .fbc = wire.fbc(),
          .fbp = wire.fbp(),
          .ttclid = wire.ttclid(),
          .msclkid = wire.msclkid()};
}

ToldSource ReadTold(const v1::Touchpoint& wire) {
  return {.utm_source = wire.utm().source(),
          .utm_medium = wire.utm().medium(),
          .campaign = wire.utm().campaign(),
          .content = wire.utm().content(),
          .term = wire.utm().term(),
          .source_platform = wire.utm().source_platform(),
          .ad_platform = wire.ad_platform(),
          .campaign_id = wire.utm().id(),
          .ad_group_id = wire.ad_group_id(),
          .ad_id = wire.ad_id(),
          .referrer_host = {},
          .self_referral = false};
}

}  // namespace

TouchConsent ConsentFromProto(const v1::TouchConsent& wire) {
  return {.ad_storage = WordFromProto(wire.ad_storage()),
          .analytics_storage = WordFromProto(wire.analytics_storage()),
          .ad_user_data = WordFromProto(wire.ad_user_data()),
          .ad_personalization = WordFromProto(wire.ad_personalization())};
}

Touchpoint TouchFromProto(const v1::Touchpoint& wire, Time now, const std::string& at, FieldViolations& violations) {
  Touchpoint touch;
  touch.store_id = wire.store_id();
  touch.event_id = wire.event_id();
  touch.visitor_id = wire.visitor_id();
  if (!wire.contact_id().empty()) {
    touch.contact_id = Uuid::Parse(wire.contact_id());
    if (!touch.contact_id) violations.Add(at + "contact_id", "is no UUID");
  }
  if (wire.kind() != v1::TOUCH_KIND_UNSPECIFIED) touch.kind = static_cast<TouchKind>(wire.kind());
  touch.name = wire.name();
  touch.occur_time = now;
  if (wire.has_occur_time()) {
    if (const absl::StatusOr<Time> time = api::FromProto(wire.occur_time(), "occur_time"); time.ok()) {
      touch.occur_time = *time;
    } else {
      violations.Add(at + "occur_time", "is no time between the years 1 and 9999");
    }
  }
  touch.traffic.told = ReadTold(wire);
  touch.click_ids = ReadClickIds(wire.click_ids());
  touch.referrer = wire.referrer();
  touch.landing_page = wire.landing_page();
  touch.user_agent = wire.user_agent();
  touch.consent = ConsentFromProto(wire.consent());
  return touch;
}

v1::Touchpoint TouchToProto(const Touchpoint& touch) {
  v1::Touchpoint wire;
  wire.set_id(touch.id.ToString());
  wire.set_store_id(touch.store_id);
  wire.set_event_id(touch.event_id);
  wire.set_visitor_id(touch.visitor_id);
  if (touch.contact_id) wire.set_contact_id(touch.contact_id->ToString());
  wire.set_kind(static_cast<v1::TouchKind>(touch.kind));
  wire.set_name(touch.name);
  *wire.mutable_occur_time() = api::ToProto(touch.occur_time);
  *wire.mutable_receive_time() = api::ToProto(touch.receive_time);
  WriteSource(touch.traffic, wire);
  WriteConsent(touch.consent, *wire.mutable_consent());
  if (!touch.click_ids.empty()) WriteClickIds(touch.click_ids, *wire.mutable_click_ids());
  wire.set_referrer(touch.referrer);
  wire.set_landing_page(touch.landing_page);
  wire.set_user_agent(touch.user_agent);
  wire.set_bot(touch.bot);
  return wire;
}

}  // namespace esnaf::attribution
