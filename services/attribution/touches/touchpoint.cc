#include "services/attribution/touches/touchpoint.h"

#include <tuple>

#include "absl/strings/str_join.h"

namespace esnaf::attribution {

Uuid IdOf(const ToldSource& told) {
  // No text holds the separator: validation refuses control characters.
  return Uuid::FromName("traffic_source",
                        absl::StrJoin({told.utm_source, told.utm_medium, told.campaign, told.content, told.term,
                                       told.source_platform, told.ad_platform, told.campaign_id, told.ad_group_id,
                                       told.ad_id, told.referrer_host, std::string(told.self_referral ? "self" : "")},
                                      "\x1f"));
}

Uuid TouchpointId(const std::string& store_id, const std::string& event_id) {
  return Uuid::FromName("touchpoint", store_id + "/" + event_id);
}

bool ComesBefore(const Touchpoint& a, const Touchpoint& b) {
  return std::tie(a.occur_time, a.event_id, a.id) < std::tie(b.occur_time, b.event_id, b.id);
}

}  // namespace esnaf::attribution
