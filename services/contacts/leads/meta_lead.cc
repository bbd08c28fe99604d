#include "services/contacts/leads/meta_lead.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/json_object.h"
#include "libs/base/macros.h"
#include "services/contacts/leads/lead_json.h"

namespace esnaf::contacts {
namespace {

using nlohmann::json;

constexpr char kSignatureHeader[] = "x-hub-signature-256";
// What Meta's testing tool fills in: `<test lead: dummy data for full_name>`.
constexpr std::string_view kTestPrefix = "<test lead:";

bool IsSigned(const hooks::Request& request, std::string_view app_secret) {
  const std::string expected = absl::StrCat("sha256=", HexEncode(HmacSha256(app_secret, request.body)));
  return !app_secret.empty() && ConstantTimeEquals(request.Header(kSignatureHeader), expected);
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

absl::StatusOr<hooks::Reception> AnswerChallenge(const hooks::Request& request, const hooks::Secrets& secrets) {
  if (request.QueryValue("hub.mode") != "subscribe" ||
      !hooks::Matches(request.QueryValue("hub.verify_token"), secrets, kMetaVerifyToken)) {
    return hooks::NotVerified();
  }
  return hooks::Reception{.content_type = "text/plain", .body = request.QueryValue("hub.challenge")};
}

// The lead's id goes into an address, so it is a number and nothing else.
absl::Status AddParcel(const json& change, const std::string& place, hooks::Reception& reception) {
  const auto value = change.find("value");
  if (value == change.end() || !value->is_object()) return InvalidField(place + ".value", "is no object");
  ESNAF_ASSIGN_OR_RETURN(const std::string id, IdAt(*value, "leadgen_id", place + ".value"));
  if (!IsNumber(id)) return InvalidField(place + ".value.leadgen_id", "is no number");
  reception.parcels.push_back({.external_id = id, .payload = value->dump()});
  return absl::OkStatus();
}

absl::Status AddAnswers(const json& lead_json, ToldLead& told) {
  ESNAF_ASSIGN_OR_RETURN(const json fields, ObjectsAt(lead_json, "field_data", "lead"));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string place = absl::StrCat("lead.field_data[", i, "]");
    ESNAF_ASSIGN_OR_RETURN(const std::string name, TextAt(fields[i], "name", place));
    const auto values = fields[i].find("values");
    if (values == fields[i].end() || !values->is_array()) return InvalidField(place + ".values", "is no array");
    for (const json& value : *values) {
      if (!value.is_string()) return InvalidField(place + ".values", "has something else than texts");
      AddLeadField(name, value.get<std::string>(), told.lead);
      told.test = told.test || value.get<std::string>().starts_with(kTestPrefix);
    }
  }
  return absl::OkStatus();
}

// Whether the boxes of the form were checked, which is what consent is asked by.
absl::Status AddDisclaimers(const json& lead_json, Lead& lead) {
  ESNAF_ASSIGN_OR_RETURN(const json boxes, ObjectsAt(lead_json, "custom_disclaimer_responses", "lead"));
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const std::string place = absl::StrCat("lead.custom_disclaimer_responses[", i, "]");
    ESNAF_ASSIGN_OR_RETURN(const std::string key, TextAt(boxes[i], "checkbox_key", place));
    const auto checked = boxes[i].find("is_checked");
    if (checked == boxes[i].end()) continue;
    // The API tells it as `1`, as "1" and as true.
    AddLeadField(absl::StrCat("consent:", key), checked->is_string() ? checked->get<std::string>() : checked->dump(),
                 lead);
  }
  return absl::OkStatus();
}

// What both the hook and the Graph API may tell; the latter knows better.
absl::Status FillId(const json& lead_json, const char* name, std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(std::string told, IdAt(lead_json, name, "lead"));
  if (!told.empty()) id = std::move(told);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<hooks::Reception> ReceiveMetaLeads(const hooks::Request& request, const hooks::Secrets& secrets) {
  if (request.verb == "GET") return AnswerChallenge(request, secrets);
  if (!IsSigned(request, hooks::SecretOf(secrets, kMetaAppSecret))) return hooks::NotVerified();
  ESNAF_ASSIGN_OR_RETURN(const json body, ParseJsonObject(request.body));
  ESNAF_ASSIGN_OR_RETURN(const json entries, ObjectsAt(body, "entry", "body"));
  hooks::Reception reception;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string entry_place = absl::StrCat("body.entry[", i, "]");
    ESNAF_ASSIGN_OR_RETURN(const json changes, ObjectsAt(entries[i], "changes", entry_place));
    for (std::size_t j = 0; j < changes.size(); ++j) {
      const std::string place = absl::StrCat(entry_place, ".changes[", j, "]");
      ESNAF_ASSIGN_OR_RETURN(const std::string field, TextAt(changes[j], "field", place));
      if (field == "leadgen") ESNAF_RETURN_IF_ERROR(AddParcel(changes[j], place, reception));
    }
  }
  return reception;
}

absl::StatusOr<ToldLead> ReadMetaLead(std::string_view payload, std::string_view answer) {
  ESNAF_ASSIGN_OR_RETURN(const json hook, ParseJsonObject(payload));
  ESNAF_ASSIGN_OR_RETURN(const json lead_json, ParseJsonObject(answer));
  ToldLead told;
  Lead& lead = told.lead;
  lead.platform = "meta";
  ESNAF_ASSIGN_OR_RETURN(lead.lead_id, IdAt(hook, "leadgen_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(lead.form_id, IdAt(hook, "form_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(lead.ad_id, IdAt(hook, "ad_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(lead.page_id, IdAt(hook, "page_id", "body"));
  ESNAF_RETURN_IF_ERROR(FillId(lead_json, "form_id", lead.form_id));
  ESNAF_RETURN_IF_ERROR(FillId(lead_json, "ad_id", lead.ad_id));
  ESNAF_RETURN_IF_ERROR(FillId(lead_json, "adset_id", lead.ad_group_id));
  ESNAF_RETURN_IF_ERROR(FillId(lead_json, "campaign_id", lead.campaign_id));
  ESNAF_ASSIGN_OR_RETURN(const std::string campaign, TextAt(lead_json, "campaign_name", "lead"));
  lead.campaign_name = campaign.substr(0, campaign.find('\0'));
  if (const auto created = hook.find("created_time"); created != hook.end() && created->is_number_unsigned()) {
    constexpr std::uint64_t kLatest = 253'402'300'799;  // the end of the year 9999
    told.submit_time = Time(std::chrono::seconds(std::min(created->get<std::uint64_t>(), kLatest)));
  }
  ESNAF_RETURN_IF_ERROR(AddAnswers(lead_json, told));
  ESNAF_RETURN_IF_ERROR(AddDisclaimers(lead_json, lead));
  return told;
}

}  // namespace esnaf::contacts
