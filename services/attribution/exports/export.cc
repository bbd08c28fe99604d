#include "services/attribution/exports/export.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "libs/audience/ad_identifiers.h"
#include "libs/base/csv.h"
#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

using audience::GoogleEmail;
using audience::HashIdentifier;
using audience::MetaCity;
using audience::MetaPhone;
using audience::MetaPostalCode;

// What Meta takes in one body.
constexpr std::size_t kMetaMostEvents = 1000;

std::int64_t Seconds(Time time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }
std::int64_t Milliseconds(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

// `2026-10-01 12:00:00` on the clocks of the zone.
std::string LocalTime(Time time, const TimeZone& zone) {
  absl::TimeZone loaded;
  // A TimeZone is one that could be loaded.
  absl::LoadTimeZone(zone.name(), &loaded);
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(Seconds(time)), loaded);
}

std::string ConsentCell(ConsentWord word) {
  switch (word) {
    case ConsentWord::kGranted:
      return "Granted";
    case ConsentWord::kDenied:
      return "Denied";
    case ConsentWord::kNotTold:
      break;
  }
  return {};
}

// Lines of the files of Google end as its templates do.
std::string Line(const std::vector<std::string>& cells) {
  std::string line = CsvLine(cells);
  line.erase(line.size() - 2);
  return line + "\n";
}

std::string ZoneLine(const ExportSettings& settings) {
  return "Parameters:TimeZone=" + settings.time_zone.name() + "\n";
}

// What is safe in the name of a file everywhere.
std::string Plain(std::string text) {
  for (char& c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-') c = '_';
  }
  return text;
}

std::string FileName(const char* kind, const ExportSettings& settings, const std::string& ending) {
  return absl::StrCat(kind, "-", Plain(settings.store_id), "-", Plain(settings.export_id), ending);
}

ExportFile WriteClicks(const std::vector<ExportableConversion>& conversions, const ExportSettings& settings) {
  ExportFile file{.name = FileName("google-click-conversions", settings, ".csv"), .content_type = "text/csv"};
  file.body = ZoneLine(settings) +
              "Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad "
              "Personalization\n";
  for (const ExportableConversion& conversion : conversions) {
    file.body +=
        Line({conversion.click_ids.gclid, settings.conversion_name, LocalTime(conversion.time, settings.time_zone),
              FormatMoney(conversion.value), conversion.value.currency.code(),
              ConsentCell(conversion.consent.ad_user_data), ConsentCell(conversion.consent.ad_personalization)});
    file.order_ids.push_back(conversion.order_id);
  }
  return file;
}

ExportFile WriteLeads(const std::vector<ExportableConversion>& conversions, const ExportSettings& settings) {
  ExportFile file{.name = FileName("google-lead-conversions", settings, ".csv"), .content_type = "text/csv"};
  file.body = ZoneLine(settings) +
              "Email,Phone Number,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad "
              "Personalization,Order ID,Google Click ID\n";
  for (const ExportableConversion& conversion : conversions) {
    const ExportedPerson person = conversion.person.value_or(ExportedPerson());
    file.body +=
        Line({HashIdentifier(GoogleEmail(person.email)), HashIdentifier(person.phone), settings.conversion_name,
              LocalTime(conversion.time, settings.time_zone), FormatMoney(conversion.value),
              conversion.value.currency.code(), ConsentCell(conversion.consent.ad_user_data),
              ConsentCell(conversion.consent.ad_personalization), conversion.external_id, conversion.click_ids.gclid});
    file.order_ids.push_back(conversion.order_id);
  }
  return file;
}

// What is in the cookie `_fbc`, or would be.
std::string FbcOf(const ExportableConversion& conversion) {
  if (!conversion.click_ids.fbc.empty() || conversion.click_ids.fbclid.empty()) return conversion.click_ids.fbc;
  return absl::StrCat("fb.1.", Milliseconds(conversion.click_time.value_or(conversion.time)), ".",
                      conversion.click_ids.fbclid);
}

nlohmann::ordered_json MetaUser(const ExportableConversion& conversion) {
  nlohmann::ordered_json user = nlohmann::ordered_json::object();
  const auto add_hashed = [&](const char* name, const std::string& normal) {
    if (!normal.empty()) user[name] = {HashIdentifier(normal)};
  };
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) user[name] = value;
  };
  const ExportedPerson person = conversion.person.value_or(ExportedPerson());
  add_hashed("em", LowerCase(Trim(person.email)));
  add_hashed("ph", MetaPhone(person.phone));
  add_hashed("fn", LowerCase(Trim(person.given_name)));
  add_hashed("ln", LowerCase(Trim(person.family_name)));
  add_hashed("ct", MetaCity(person.city));
  add_hashed("zp", MetaPostalCode(person.postal_code));
  add_hashed("country", LowerCase(person.country_code));
  add_hashed("external_id", person.external_id);
  add("fbc", FbcOf(conversion));
  add("fbp", conversion.click_ids.fbp);
  add("client_user_agent", conversion.user_agent);
  return user;
}

// Meta asks of events on a website for the browser and the page; without them it was none that it can use.
bool IsWebEvent(const ExportableConversion& conversion) {
  return !conversion.user_agent.empty() && !conversion.page_url.empty();
}

// Texts are quoted by the library; the value is written as the exact decimal that it is.
std::string MetaEvent(const ExportableConversion& conversion, const std::string& event_name) {
  const auto quoted = [](const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  const bool web = IsWebEvent(conversion);
  std::string event = absl::StrCat("{\"event_name\":", quoted(event_name), ",\"event_time\":", Seconds(conversion.time),
                                   ",\"event_id\":", quoted(conversion.order_id),
                                   ",\"action_source\":", web ? "\"website\"" : "\"system_generated\"");
  if (web) absl::StrAppend(&event, ",\"event_source_url\":", quoted(conversion.page_url));
  absl::StrAppend(&event, ",\"user_data\":",
                  MetaUser(conversion).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
                  ",\"custom_data\":{\"currency\":", quoted(conversion.value.currency.code()),
                  ",\"value\":", FormatMoney(conversion.value), ",\"order_id\":", quoted(conversion.external_id), "}}");
  return event;
}

std::vector<ExportFile> WriteMeta(const std::vector<ExportableConversion>& conversions,
                                  const ExportSettings& settings) {
  // By whole days of age, the oldest first.
  std::map<std::int64_t, std::vector<const ExportableConversion*>, std::greater<>> by_age;
  for (const ExportableConversion& conversion : conversions) {
    by_age[(settings.now - conversion.time) / std::chrono::days(1)].push_back(&conversion);
  }
  std::vector<ExportFile> files;
  for (const auto& [age, of_day] : by_age) {
    for (std::size_t begin = 0; begin < of_day.size(); begin += kMetaMostEvents) {
      const std::size_t end = std::min(begin + kMetaMostEvents, of_day.size());
      const std::vector<const ExportableConversion*> batch(of_day.begin() + static_cast<std::ptrdiff_t>(begin),
                                                           of_day.begin() + static_cast<std::ptrdiff_t>(end));
      ExportFile file{.name = FileName("meta-events", settings, absl::StrCat("-", files.size() + 1, ".json")),
                      .content_type = "application/json",
                      .body = MetaBody(batch, settings.conversion_name)};
      for (const ExportableConversion* conversion : batch) file.order_ids.push_back(conversion->order_id);
      files.push_back(std::move(file));
    }
  }
  return files;
}

std::optional<LeftOut> ConsentMissing(const ExportableConversion& conversion) {
  switch (conversion.consent.ad_user_data) {
    case ConsentWord::kGranted:
      return std::nullopt;
    case ConsentWord::kDenied:
      return LeftOut::kConsentRefused;
    case ConsentWord::kNotTold:
      break;
  }
  return LeftOut::kNoConsent;
}

bool HasAddress(const ExportableConversion& conversion) {
  return conversion.person && (!conversion.person->email.empty() || !conversion.person->phone.empty());
}

}  // namespace

std::string_view ReasonOf(LeftOut reason) {
  switch (reason) {
    case LeftOut::kNoClickId:
      return "NO_CLICK_ID";
    case LeftOut::kNoConsent:
      return "NO_CONSENT";
    case LeftOut::kConsentRefused:
      return "CONSENT_REFUSED";
    case LeftOut::kNoIdentifier:
      return "NO_IDENTIFIER";
    case LeftOut::kTooOld:
      return "TOO_OLD";
    case LeftOut::kNoValue:
      break;
  }
  return "NO_VALUE";
}

std::optional<LeftOut> WhyLeftOut(const ExportableConversion& conversion, const ExportSettings& settings) {
  if (conversion.value.minor <= 0) return LeftOut::kNoValue;
  if (settings.destination == ExportDestination::kMeta && settings.now - conversion.time >= kMetaOldest) {
    return LeftOut::kTooOld;
  }
  if (settings.destination == ExportDestination::kGoogleClicks && conversion.click_ids.gclid.empty()) {
    return LeftOut::kNoClickId;
  }
  if (const auto missing = ConsentMissing(conversion)) return missing;
  if (settings.destination == ExportDestination::kGoogleClicks || HasAddress(conversion)) return std::nullopt;
  const bool has_click = !FbcOf(conversion).empty() || !conversion.click_ids.fbp.empty();
  if (settings.destination == ExportDestination::kMeta && has_click) return std::nullopt;
  return LeftOut::kNoIdentifier;
}

std::vector<ExportFile> WriteConversions(const std::vector<ExportableConversion>& conversions,
                                         const ExportSettings& settings) {
  if (conversions.empty()) return {};
  switch (settings.destination) {
    case ExportDestination::kGoogleClicks:
      return {WriteClicks(conversions, settings)};
    case ExportDestination::kGoogleLeads:
      return {WriteLeads(conversions, settings)};
    case ExportDestination::kMeta:
      break;
  }
  return WriteMeta(conversions, settings);
}

std::optional<ExportFile> WriteAdjustments(const std::vector<ConversionAdjustment>& adjustments,
                                           const ExportSettings& settings) {
  if (adjustments.empty() || settings.destination == ExportDestination::kMeta) return std::nullopt;
  const bool by_click = settings.destination == ExportDestination::kGoogleClicks;
  ExportFile file{.name = FileName("google-adjustments", settings, ".csv"), .content_type = "text/csv"};
  file.body = ZoneLine(settings) +
              (by_click ? "Google Click ID,Conversion Name,Conversion Time," : "Order ID,Conversion Name,") +
              "Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency\n";
  for (const ConversionAdjustment& adjustment : adjustments) {
    std::vector<std::string> cells = {by_click ? adjustment.gclid : adjustment.external_id, adjustment.conversion_name};
    if (by_click) cells.push_back(LocalTime(adjustment.conversion_time, settings.time_zone));
    cells.push_back(LocalTime(adjustment.adjustment_time, settings.time_zone));
    const bool retracted = adjustment.value.minor <= 0;
    cells.push_back(retracted ? "RETRACT" : "RESTATE");
    cells.push_back(retracted ? std::string() : FormatMoney(adjustment.value));
    cells.push_back(retracted ? std::string() : adjustment.value.currency.code());
    file.body += Line(cells);
    file.order_ids.push_back(adjustment.order_id);
  }
  return file;
}

std::string MetaBody(const std::vector<const ExportableConversion*>& conversions, const std::string& event_name) {
  std::vector<std::string> events;
  for (const ExportableConversion* conversion : conversions) events.push_back(MetaEvent(*conversion, event_name));
  return absl::StrCat("{\"data\":[", absl::StrJoin(events, ","), "]}");
}

}  // namespace esnaf::attribution
