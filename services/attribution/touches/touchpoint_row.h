#pragma once

// Between touches and rows of the tables `touchpoint` (t) and `traffic_source` (s).
#include <string>
#include <vector>

#include "libs/postgres/connection.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// What ReadTouch reads, in its order.
inline constexpr char kTouchColumns[] =
    "t.id, t.store_id, t.event_id, t.visitor_id, t.contact_id, t.occur_time, t.receive_time, t.kind, t.name, "
    "t.consent, t.bot, t.click_ids, t.referrer, t.landing_page, t.user_agent, s.id, s.utm_source, s.utm_medium, "
    "s.campaign, s.content, s.term, s.source_platform, s.ad_platform, s.campaign_id, s.ad_group_id, s.ad_id, "
    "s.referrer_host, s.self_referral, s.source, s.medium, s.channel, s.paid, s.direct, s.internal";
inline constexpr int kTouchColumnCount = 34;

// The touch whose columns start at `first`.
Touchpoint ReadTouch(const postgres::Row& row, int first);

// The columns of `touchpoint`, in the table's order, as arrays.
std::vector<postgres::Param> TouchParams(const std::vector<Touchpoint>& touches);

// `GDUU`: a letter each for ad storage, analytics storage, ad user data, ad personalization.
std::string ConsentText(const TouchConsent& consent);
TouchConsent ParseConsent(std::string_view text);

// A JSON object of the ids that there are; nullopt where there are none.
std::optional<std::string> ClickIdsJson(const ClickIds& ids);
ClickIds ParseClickIds(std::string_view json);

}  // namespace esnaf::attribution
