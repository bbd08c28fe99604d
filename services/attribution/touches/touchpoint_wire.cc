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

}  // namespace

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
