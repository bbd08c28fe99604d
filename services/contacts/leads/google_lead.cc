#include "services/contacts/leads/google_lead.h"

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/json_object.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/contacts/leads/lead_json.h"

namespace esnaf::contacts {
namespace {

using nlohmann::json;

// Leads are a few KiB. Google's key stands within the body, which therefore is read before its sender is known.
constexpr std::size_t kMaxLeadBytes = 64 * 1024;
constexpr std::size_t kMaxClickIdBytes = 512;

absl::StatusOr<ToldLead> ReadLead(const json& body) {
  ToldLead told;
  Lead& lead = told.lead;
  lead.platform = "google";
  ESNAF_ASSIGN_OR_RETURN(lead.lead_id, IdAt(body, "lead_id", "body"));
  if (lead.lead_id.empty()) return InvalidField("body.lead_id", "is missing");
  ESNAF_ASSIGN_OR_RETURN(lead.form_id, IdAt(body, "form_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(lead.campaign_id, IdAt(body, "campaign_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(lead.ad_group_id, IdAt(body, "adgroup_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(lead.ad_id, IdAt(body, "creative_id", "body"));
  ESNAF_ASSIGN_OR_RETURN(const std::string gclid, TextAt(body, "gcl_id", "body"));
  if (gclid.size() <= kMaxClickIdBytes && IsCleanUtf8(gclid)) lead.gclid = gclid;
  ESNAF_ASSIGN_OR_RETURN(told.test, BoolAt(body, "is_test", "body"));
  ESNAF_ASSIGN_OR_RETURN(const std::string submitted, TextAt(body, "lead_submit_time", "body"));
  if (const absl::StatusOr<Time> time = ParseRfc3339(submitted); time.ok()) told.submit_time = *time;
  ESNAF_ASSIGN_OR_RETURN(const json columns, ObjectsAt(body, "user_column_data", "body"));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string place = absl::StrCat("body.user_column_data[", i, "]");
    ESNAF_ASSIGN_OR_RETURN(std::string name, TextAt(columns[i], "column_id", place));
    if (name.empty()) {
      ESNAF_ASSIGN_OR_RETURN(name, TextAt(columns[i], "column_name", place));
    }
    ESNAF_ASSIGN_OR_RETURN(const std::string value, TextAt(columns[i], "string_value", place));
    AddLeadField(name, value, lead);
  }
  return told;
}

}  // namespace

absl::StatusOr<hooks::Reception> ReceiveGoogleLead(const hooks::Request& request, const hooks::Secrets& secrets) {
  if (request.verb != "POST") return hooks::NotVerified();
  if (request.body.size() > kMaxLeadBytes) return InvalidField("body", "has more than 64 KiB");
  ESNAF_ASSIGN_OR_RETURN(json body, ParseJsonObject(request.body));
  const absl::StatusOr<std::string> key = TextAt(body, kGoogleKey, "body");
  if (!key.ok() || !hooks::Matches(*key, secrets, kGoogleKey)) return hooks::NotVerified();
  ESNAF_ASSIGN_OR_RETURN(const ToldLead told, ReadLead(body));
  body.erase(kGoogleKey);
  return hooks::Reception{.parcels = {{.external_id = told.lead.lead_id, .payload = body.dump()}}};
}

absl::StatusOr<ToldLead> ReadGoogleLead(std::string_view payload) {
  ESNAF_ASSIGN_OR_RETURN(const json body, ParseJsonObject(payload));
  return ReadLead(body);
}

}  // namespace esnaf::contacts
