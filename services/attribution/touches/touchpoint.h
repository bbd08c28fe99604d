#pragma once

// A touch: one contact of a visitor with the firm before an order. Pure types; no SQL, protobuf or clock.
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::attribution {

// The numbers are those of the contract and the database.
enum class TouchKind { kPageView = 1, kClick = 2, kAdView = 3, kProductView = 4, kCustom = 5 };

enum class ConsentWord { kNotTold = 0, kGranted = 1, kDenied = 2 };

// Google's consent mode v2.
struct TouchConsent {
  ConsentWord ad_storage = ConsentWord::kNotTold;
  ConsentWord analytics_storage = ConsentWord::kNotTold;
  ConsentWord ad_user_data = ConsentWord::kNotTold;
  ConsentWord ad_personalization = ConsentWord::kNotTold;
  bool operator==(const TouchConsent&) const = default;
};

// What ad platforms put into links (and Meta into cookies) to know a click again.
struct ClickIds {
  std::string gclid, gbraid, wbraid;  // Google
  std::string fbclid, fbc, fbp;       // Meta
  std::string ttclid;                 // TikTok
  std::string msclkid;                // Microsoft
  bool empty() const { return *this == ClickIds(); }
  bool operator==(const ClickIds&) const = default;
};

// What a visit told about where it came from; makes the id of a traffic source. Texts are empty where nothing was told.
struct ToldSource {
  std::string utm_source;
  std::string utm_medium;
  std::string campaign;         // utm_campaign: its name
  std::string content;          // utm_content
  std::string term;             // utm_term: the keyword
  std::string source_platform;  // utm_source_platform
  std::string ad_platform;      // whose click id came along: `google`, `meta`, `tiktok`, `microsoft`
  std::string campaign_id;      // the ad platform's ids, for matching with ad spend; utm_id is the campaign's
  std::string ad_group_id;
  std::string ad_id;
  std::string referrer_host;   // lower case, without `www.`
  bool self_referral = false;  // the referrer is the site of the landing page itself
  auto operator<=>(const ToldSource&) const = default;
};

// What the channel rules made of it.
struct DerivedSource {
  std::string source;     // `google`; `(direct)`
  std::string medium;     // `cpc`; `(none)`
  std::string channel;    // `Paid Search`
  bool paid = false;      // a paid channel
  bool direct = false;    // came by itself
  bool internal = false;  // from a page of the own site or back from a payment page: no touch at all
  bool operator==(const DerivedSource&) const = default;
};

struct TrafficSource {
  Uuid id;  // IdOf(told)
  ToldSource told;
  DerivedSource derived;
};

Uuid IdOf(const ToldSource& told);

struct Touchpoint {
  Uuid id;  // TouchpointId(store_id, event_id)
  std::string store_id;
  std::string event_id;            // orders touches of the same time
  std::string visitor_id;          // empty without consent
  std::optional<Uuid> contact_id;  // where the sender knew it
  Time occur_time;
  Time receive_time;
  TouchKind kind = TouchKind::kPageView;
  std::string name;  // of a custom event; the SKU of a product view
  TrafficSource traffic;
  TouchConsent consent;
  bool bot = false;
  ClickIds click_ids;
  std::string referrer;
  std::string landing_page;
  std::string user_agent;
};

Uuid TouchpointId(const std::string& store_id, const std::string& event_id);

// The order of touches on a path: by time, equal times by event id.
bool ComesBefore(const Touchpoint& a, const Touchpoint& b);

}  // namespace esnaf::attribution
