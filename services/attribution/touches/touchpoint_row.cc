#include "services/attribution/touches/touchpoint_row.h"

#include <array>
#include <nlohmann/json.hpp>

namespace esnaf::attribution {
namespace {

struct NamedClickId {
  const char* name;
  std::string ClickIds::*field;
};
constexpr std::array<NamedClickId, 8> kClickIds = {{{"gclid", &ClickIds::gclid},
                                                    {"gbraid", &ClickIds::gbraid},
                                                    {"wbraid", &ClickIds::wbraid},
                                                    {"fbclid", &ClickIds::fbclid},
                                                    {"fbc", &ClickIds::fbc},
                                                    {"fbp", &ClickIds::fbp},
                                                    {"ttclid", &ClickIds::ttclid},
                                                    {"msclkid", &ClickIds::msclkid}}};

char LetterOf(ConsentWord word) {
  switch (word) {
    case ConsentWord::kGranted:
      return 'G';
    case ConsentWord::kDenied:
      return 'D';
    case ConsentWord::kNotTold:
      break;
  }
  return 'U';
}

ConsentWord WordOf(std::string_view text, std::size_t place) {
  if (place >= text.size()) return ConsentWord::kNotTold;
  if (text[place] == 'G') return ConsentWord::kGranted;
  return text[place] == 'D' ? ConsentWord::kDenied : ConsentWord::kNotTold;
}

std::optional<std::string> OrNull(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

ToldSource ReadTold(const postgres::Row& row, int first) {
  ToldSource told;
  std::string* const texts[] = {&told.utm_source,  &told.utm_medium,      &told.campaign,     &told.content,
                                &told.term,        &told.source_platform, &told.ad_platform,  &told.campaign_id,
                                &told.ad_group_id, &told.ad_id,           &told.referrer_host};
  for (std::string* text : texts) *text = row.Get<std::string>(first++);
  told.self_referral = row.Get<bool>(first);
  return told;
}

}  // namespace

std::string ConsentText(const TouchConsent& consent) {
  return {LetterOf(consent.ad_storage), LetterOf(consent.analytics_storage), LetterOf(consent.ad_user_data),
          LetterOf(consent.ad_personalization)};
}

TouchConsent ParseConsent(std::string_view text) {
  return {WordOf(text, 0), WordOf(text, 1), WordOf(text, 2), WordOf(text, 3)};
}

std::optional<std::string> ClickIdsJson(const ClickIds& ids) {
  if (ids.empty()) return std::nullopt;
  nlohmann::json object = nlohmann::json::object();
  for (const NamedClickId& id : kClickIds) {
    if (!(ids.*id.field).empty()) object[id.name] = ids.*id.field;
  }
  return object.dump();
}

ClickIds ParseClickIds(std::string_view json) {
  ClickIds ids;
  const nlohmann::json object = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return ids;
  for (const NamedClickId& id : kClickIds) {
    if (const auto found = object.find(id.name); found != object.end() && found->is_string()) {
      ids.*id.field = found->get<std::string>();
    }
  }
  return ids;
}

Touchpoint ReadTouch(const postgres::Row& row, int first) {
  const auto text = [&row](int column) { return std::string(row.Text(column)); };
  Touchpoint touch;
  touch.id = row.Get<Uuid>(first);
  touch.store_id = text(first + 1);
  touch.event_id = text(first + 2);
  touch.visitor_id = text(first + 3);
  touch.contact_id = row.Get<std::optional<Uuid>>(first + 4);
  touch.occur_time = row.Get<Time>(first + 5);
  touch.receive_time = row.Get<Time>(first + 6);
  touch.kind = static_cast<TouchKind>(row.Get<int>(first + 7));
  touch.name = text(first + 8);
  touch.consent = ParseConsent(row.Text(first + 9));
  touch.bot = row.Get<bool>(first + 10);
  if (!row.IsNull(first + 11)) touch.click_ids = ParseClickIds(row.Text(first + 11));
  touch.referrer = text(first + 12);
  touch.landing_page = text(first + 13);
  touch.user_agent = text(first + 14);
  touch.traffic.id = row.Get<Uuid>(first + 15);
  touch.traffic.told = ReadTold(row, first + 16);
  touch.traffic.derived = {.source = text(first + 28),
                           .medium = text(first + 29),
                           .channel = text(first + 30),
                           .paid = row.Get<bool>(first + 31),
                           .direct = row.Get<bool>(first + 32),
                           .internal = row.Get<bool>(first + 33)};
  return touch;
}

std::vector<postgres::Param> TouchParams(const std::vector<Touchpoint>& touches) {
  std::vector<Uuid> ids, sources;
  std::vector<std::optional<Uuid>> contacts;
  std::vector<std::string> stores, events, names, consents;
  std::vector<std::optional<std::string>> visitors, click_ids, referrers, pages, agents;
  std::vector<Time> occurred, received;
  std::vector<int> kinds;
  std::vector<bool> bots;
  for (const Touchpoint& touch : touches) {
    ids.push_back(touch.id);
    stores.push_back(touch.store_id);
    events.push_back(touch.event_id);
    visitors.push_back(OrNull(touch.visitor_id));
    contacts.push_back(touch.contact_id);
    occurred.push_back(touch.occur_time);
    received.push_back(touch.receive_time);
    kinds.push_back(static_cast<int>(touch.kind));
    names.push_back(touch.name);
    sources.push_back(touch.traffic.id);
    consents.push_back(ConsentText(touch.consent));
    bots.push_back(touch.bot);
    click_ids.push_back(ClickIdsJson(touch.click_ids));
    referrers.push_back(OrNull(touch.referrer));
    pages.push_back(OrNull(touch.landing_page));
    agents.push_back(OrNull(touch.user_agent));
  }
  return {ids,   stores,  events,   visitors, contacts,  occurred,  received, kinds,
          names, sources, consents, bots,     click_ids, referrers, pages,    agents};
}

}  // namespace esnaf::attribution
