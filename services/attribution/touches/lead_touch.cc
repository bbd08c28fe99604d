#include "services/attribution/touches/lead_touch.h"

#include "absl/strings/str_cat.h"
#include "esnaf/contacts/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/events/consumer.h"
#include "services/attribution/touches/intake.h"
#include "services/attribution/touches/touchpoint_store.h"

namespace esnaf::attribution {
namespace {

// As touches keep texts: short, and without control characters, which would let two sources share an id.
std::string Plain(std::string text, std::size_t longest = kLongestText) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return std::string(Truncate(text, longest));
}

// As the platforms' own link templates name them.
void NameSource(const contacts::v1::Lead& lead, ToldSource& told) {
  const bool meta = lead.platform() == "meta";
  told.utm_source = meta ? "facebook" : lead.platform();
  told.utm_medium = meta ? "paid_social" : "cpc";
  told.ad_platform = lead.platform();
  told.campaign = Plain(lead.campaign_name());
  told.campaign_id = Plain(lead.campaign_id());
  told.ad_group_id = Plain(lead.ad_group_id());
  told.ad_id = Plain(lead.ad_id());
}

}  // namespace

absl::StatusOr<Touchpoint> TouchOfLead(const contacts::v1::Interaction& interaction, const ChannelGrouper& channels,
                                       Time now) {
  const contacts::v1::Lead& lead = interaction.lead();
  Touchpoint touch;
  touch.store_id = lead.store_id();
  touch.event_id = absl::StrCat("lead:", lead.platform(), ":", lead.lead_id());
  touch.id = TouchpointId(touch.store_id, touch.event_id);
  ESNAF_ASSIGN_OR_RETURN(touch.contact_id, api::ParseId(interaction.contact_id(), "interaction.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(touch.occur_time, api::FromProto(interaction.occur_time(), "interaction.occur_time"));
  touch.receive_time = now;
  touch.kind = TouchKind::kClick;
  NameSource(lead, touch.traffic.told);
  touch.traffic.id = IdOf(touch.traffic.told);
  touch.traffic.derived = channels.Derive(touch.traffic.told);
  touch.click_ids.gclid = Plain(lead.gclid(), kLongestClickId);
  return touch;
}

absl::Status ApplyLeads(postgres::Tx& tx, const std::vector<api::v1::Event>& events, const ReadyRules& rules,
                        Time now) {
  std::vector<Touchpoint> touches;
  for (const api::v1::Event& event : events) {
    if (event.type() != contacts::v1::InteractionRecorded::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(const auto recorded, events::Decode<contacts::v1::InteractionRecorded>(event));
    if (!recorded.interaction().has_lead()) continue;
    absl::StatusOr<Touchpoint> touch = TouchOfLead(recorded.interaction(), *rules.grouper, now);
    if (!touch.ok()) return WithFieldPrefix(touch.status(), absl::StrCat("event ", event.id()));
    touches.push_back(*std::move(touch));
  }
  return InsertTouchpoints(tx, touches, rules.version, now).status();
}

}  // namespace esnaf::attribution
