#pragma once

// Conversions as advertising platforms want to be told of them. Pure: no SQL, no clock, no protobuf. Sources: Google's
// templates for importing conversions from clicks, enhanced conversions for leads and adjustments; Meta's Conversions
// API.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// The numbers are those of esnaf.attribution.v1.ExportDestination.
enum class ExportDestination { kGoogleClicks = 1, kGoogleLeads = 2, kMeta = 3 };

// What may be told of the person: normalized, and only what consent covers.
struct ExportedPerson {
  std::string external_id;  // the contact's id
  std::string email;
  std::string phone;  // E.164
  std::string given_name;
  std::string family_name;
  std::string city;
  std::string postal_code;
  std::string country_code;  // ISO 3166-1 alpha-2
};

// An order as a conversion that a platform may be told of.
struct ExportableConversion {
  std::string order_id;     // ours: names the event
  std::string external_id;  // the shop's number of the order
  Time time;
  Money value;                           // net
  std::optional<ExportedPerson> person;  // absent where nobody is known, or nothing may be told
  // Of the last click of the platform before the order.
  ClickIds click_ids;
  std::optional<Time> click_time;
  TouchConsent consent;
  std::string page_url;
  std::string user_agent;
};

// A conversion that the platform was told of, and that is worth something else now.
struct ConversionAdjustment {
  std::string order_id;
  std::string external_id;
  std::string gclid;
  // As the platform was told of it, whatever the order or the request say now: how the platform knows it again.
  std::string conversion_name;
  Time conversion_time;
  Time adjustment_time;
  Money value;  // as of now; nothing retracts it
};

// Why a conversion is left out.
enum class LeftOut { kNoClickId, kNoConsent, kConsentRefused, kNoIdentifier, kTooOld, kNoValue };
std::string_view ReasonOf(LeftOut reason);  // `NO_CLICK_ID`, …

// How old an event may be for Meta, which fails a whole request with one older than 7 days: an hour less, for the way.
inline constexpr std::chrono::hours kMetaOldest{7 * 24 - 1};

struct ExportSettings {
  ExportDestination destination = ExportDestination::kGoogleClicks;
  std::string store_id;
  std::string export_id;        // names the files, so that no two exports write one file
  std::string conversion_name;  // Google: the conversion action's; Meta: the event's, for example `Purchase`
  TimeZone time_zone = TimeZone::Utc();
  Time now;
};

struct ExportFile {
  std::string name;  // without a folder
  std::string content_type;
  std::string body;
  std::vector<std::string> order_ids;  // of whom it tells, in its order
};

// Why this conversion may not be told; nullopt where it may. Fails closed: a consent that was not told is none.
std::optional<LeftOut> WhyLeftOut(const ExportableConversion& conversion, const ExportSettings& settings);

// The files for conversions that may be told, none where there are none. Google takes one file; Meta takes bodies of at
// most 1000 events, each of one day of age, because an event older than 7 days makes the whole request fail: what has
// become too old on its way takes no younger ones along. Names are of the kind, the store and the export.
std::vector<ExportFile> WriteConversions(const std::vector<ExportableConversion>& conversions,
                                         const ExportSettings& settings);

// Google's adjustments, by click id or by order as the destination was told of conversions; nothing for Meta, which
// knows none. They may not be in one file with conversions.
std::optional<ExportFile> WriteAdjustments(const std::vector<ConversionAdjustment>& adjustments,
                                           const ExportSettings& settings);

// One body of Meta's Conversions API.
std::string MetaBody(const std::vector<const ExportableConversion*>& conversions, const std::string& event_name);

}  // namespace esnaf::attribution
