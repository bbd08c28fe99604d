#include "services/attribution/touches/intake.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/attribution/touches/bot.h"
#include "services/attribution/touches/web_address.h"

namespace esnaf::attribution {
namespace {

constexpr std::size_t kLongestId = 200;
constexpr std::size_t kLongestAddress = 4000;

// Control characters would let two different sources share an id, and no parameter needs them.
bool IsPlain(std::string_view text) {
  return IsCleanUtf8(text) && std::none_of(text.begin(), text.end(),
                                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

struct Named {
  const char* field;
  const std::string* text;
  std::size_t longest;
};

std::array<Named, 25> TextsOf(const Touchpoint& touch) {
  const ToldSource& told = touch.traffic.told;
  const ClickIds& ids = touch.click_ids;
  return {{{"event_id", &touch.event_id, kLongestId},
           {"visitor_id", &touch.visitor_id, kLongestId},
           {"name", &touch.name, kLongestText},
           {"utm.source", &told.utm_source, kLongestText},
           {"utm.medium", &told.utm_medium, kLongestText},
           {"utm.campaign", &told.campaign, kLongestText},
           {"utm.id", &told.campaign_id, kLongestText},
           {"utm.content", &told.content, kLongestText},
           {"utm.term", &told.term, kLongestText},
           {"utm.source_platform", &told.source_platform, kLongestText},
           {"ad_platform", &told.ad_platform, kLongestText},
           {"ad_group_id", &told.ad_group_id, kLongestText},
           {"ad_id", &told.ad_id, kLongestText},
           {"click_ids.gclid", &ids.gclid, kLongestClickId},
           {"click_ids.gbraid", &ids.gbraid, kLongestClickId},
           {"click_ids.wbraid", &ids.wbraid, kLongestClickId},
           {"click_ids.fbclid", &ids.fbclid, kLongestClickId},
           {"click_ids.fbc", &ids.fbc, kLongestClickId},
           {"click_ids.fbp", &ids.fbp, kLongestClickId},
           {"click_ids.ttclid", &ids.ttclid, kLongestClickId},
           {"click_ids.msclkid", &ids.msclkid, kLongestClickId},
           {"referrer", &touch.referrer, kLongestAddress},
           {"landing_page", &touch.landing_page, kLongestAddress},
           {"user_agent", &touch.user_agent, kLongestClickId},
           {"store_id", &touch.store_id, kLongestId}}};
}

void FillIfEmpty(std::string& text, std::string_view value, std::size_t longest) {
  if (text.empty()) text = Truncate(value, longest);
}

void ReadClickIds(const WebAddress& page, ClickIds& ids) {
  const std::array<std::pair<const char*, std::string*>, 6> known = {{{"gclid", &ids.gclid},
                                                                      {"gbraid", &ids.gbraid},
                                                                      {"wbraid", &ids.wbraid},
                                                                      {"fbclid", &ids.fbclid},
                                                                      {"ttclid", &ids.ttclid},
                                                                      {"msclkid", &ids.msclkid}}};
  for (const auto& [name, id] : known) FillIfEmpty(*id, page.Get(name), kLongestClickId);
}

std::string PlatformOf(const ClickIds& ids) {
  if (!ids.gclid.empty() || !ids.gbraid.empty() || !ids.wbraid.empty()) return "google";
  if (!ids.msclkid.empty()) return "microsoft";
  if (!ids.ttclid.empty()) return "tiktok";
  if (!ids.fbclid.empty()) return "meta";
  return {};
}

// The ad platform's own ids, as its link templates are commonly written.
void ReadAdIds(const WebAddress& page, ToldSource& told) {
  for (const char* name : {"utm_id", "gad_campaignid", "campaign_id", "campaignid"}) {
    FillIfEmpty(told.campaign_id, page.Get(name), kLongestText);
  }
  for (const char* name : {"adgroupid", "ad_group_id", "adset_id", "adgroup_id"}) {
    FillIfEmpty(told.ad_group_id, page.Get(name), kLongestText);
  }
  for (const char* name : {"ad_id", "adid", "creative"}) FillIfEmpty(told.ad_id, page.Get(name), kLongestText);
}

}  // namespace

void CheckTouch(const Touchpoint& touch, const Reception& reception, const std::string& at,
                FieldViolations& violations) {
  for (const Named& named : TextsOf(touch)) {
    if (named.text->size() > named.longest) {
      violations.Add(at + named.field, absl::StrCat("is longer than ", named.longest, " bytes"));
    } else if (!IsPlain(*named.text)) {
      violations.Add(at + named.field, "is no clean UTF-8 text");
    }
  }
  if (!IsStoreId(touch.store_id)) violations.Add(at + "store_id", "is no store id such as `web`");
  if (touch.event_id.empty()) violations.Add(at + "event_id", "is required");
  if (touch.kind < TouchKind::kPageView || touch.kind > TouchKind::kCustom) violations.Add(at + "kind", "is no kind");
  if (touch.kind == TouchKind::kCustom && touch.name.empty()) {
    violations.Add(at + "name", "is required of a custom event");
  }
  if (reception.from_browser && touch.contact_id) violations.Add(at + "contact_id", "is not for publishable keys");
}

Time CorrectTime(Time occur_time, const Reception& reception) {
  if (reception.send_time) {
    const Duration skew = reception.receive_time - *reception.send_time;
    if (skew > kClockTolerance || skew < -kClockTolerance) occur_time += skew;
  }
  const Time earliest = reception.from_browser ? reception.receive_time - kOldestFromBrowser : Time::min();
  return std::clamp(occur_time, earliest, reception.receive_time);
}

ToldSource ReadTold(const Touchpoint& sent) {
  ToldSource told = sent.traffic.told;
  ClickIds ids = sent.click_ids;
  std::string page_host;
  if (const std::optional<WebAddress> page = ReadWebAddress(sent.landing_page)) {
    page_host = page->host;
    ReadClickIds(*page, ids);
    FillIfEmpty(told.utm_source, page->Get("utm_source"), kLongestText);
    FillIfEmpty(told.utm_medium, page->Get("utm_medium"), kLongestText);
    FillIfEmpty(told.campaign, page->Get("utm_campaign"), kLongestText);
    FillIfEmpty(told.content, page->Get("utm_content"), kLongestText);
    FillIfEmpty(told.term, page->Get("utm_term"), kLongestText);
    FillIfEmpty(told.source_platform, page->Get("utm_source_platform"), kLongestText);
    ReadAdIds(*page, told);
  }
  if (told.ad_platform.empty()) told.ad_platform = PlatformOf(ids);
  if (const std::optional<WebAddress> referrer = ReadWebAddress(sent.referrer)) {
    told.referrer_host = Truncate(referrer->host, kLongestText);
    told.self_referral = SameSite(referrer->host, page_host);
  }
  return told;
}

void TakeIn(Touchpoint& touch, const Reception& reception, const ChannelGrouper& channels) {
  touch.id = TouchpointId(touch.store_id, touch.event_id);
  touch.receive_time = reception.receive_time;
  touch.occur_time = CorrectTime(touch.occur_time, reception);
  touch.bot = IsBot(touch.user_agent);
  touch.traffic.told = ReadTold(touch);
  touch.traffic.id = IdOf(touch.traffic.told);
  touch.traffic.derived = channels.Derive(touch.traffic.told);
  if (const std::optional<WebAddress> page = ReadWebAddress(touch.landing_page)) ReadClickIds(*page, touch.click_ids);
  if (touch.consent.ad_storage != ConsentWord::kGranted) {
    touch.click_ids = {};
    touch.landing_page = WithoutQuery(touch.landing_page);
  }
  if (touch.consent.analytics_storage != ConsentWord::kGranted) {
    touch.visitor_id.clear();
    touch.contact_id.reset();
    touch.click_ids = {};
    touch.referrer.clear();
    touch.landing_page.clear();
    touch.user_agent.clear();
  }
}

}  // namespace esnaf::attribution
