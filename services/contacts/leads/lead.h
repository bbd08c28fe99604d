#pragma once

// A lead: what somebody filled into a form of an advertisement, and which advertisement it was. Pure: no SQL, no clock.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "services/contacts/contact.h"

namespace esnaf::contacts {

// An answer, under the platform's name of the question: `EMAIL`, `full_name`, `what_is_your_budget?`.
struct LeadField {
  std::string name;
  std::string value;
  bool operator==(const LeadField&) const = default;
};

// The ids are the platform's own; empty where it did not tell them.
struct Lead {
  std::string store_id;
  std::string platform;  // `google` or `meta`, as attribution calls them
  std::string lead_id;
  std::string form_id;
  std::string campaign_id;
  std::string campaign_name;
  std::string ad_group_id;  // Meta: the ad set's
  std::string ad_id;        // Google: the creative's
  std::string page_id;      // Meta's page
  std::string gclid;        // Google's click
  std::vector<LeadField> fields;
  bool operator==(const Lead&) const = default;
};

inline constexpr std::size_t kMaxLeadFields = 200;
inline constexpr std::size_t kMaxLeadTextBytes = 2000;
// The tag of everybody who came by a lead.
inline constexpr char kLeadTag[] = "lead_form";

struct ToldLead {
  Lead lead;
  bool test = false;                // sent by the platform's own testing tool
  std::optional<Time> submit_time;  // by the platform's clock
};

// Adds an answer as it can be kept: without NUL, cut where it is longer than the bound. No more than kMaxLeadFields.
void AddLeadField(std::string_view name, std::string_view value, Lead& lead);

// The contact that the answers describe, normalized. The names of Google's columns (FULL_NAME, WORK_EMAIL, …) and those
// of Meta's fields (full_name, work_email, …) differ in case only, and in a few words. E-mail addresses and phones are
// unverified: anybody may write any into a form. What cannot be one is left out; so are answers to other questions.
Contact PersonOf(const Lead& lead);

// What the timeline shows: the subject line, and each answer on a line of its own.
std::string SubjectOf(const Lead& lead);
std::string BodyOf(const Lead& lead);

}  // namespace esnaf::contacts
