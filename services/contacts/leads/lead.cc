#include "services/contacts/leads/lead.h"

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "libs/base/country_code.h"
#include "libs/base/text.h"
#include "services/contacts/interaction.h"

namespace esnaf::contacts {
namespace {

enum class Meaning {
  kGivenName,
  kFamilyName,
  kFullName,
  kEmail,
  kPhone,
  kCompany,
  kStreet,
  kCity,
  kPostalCode,
  kCountry
};

struct KnownField {
  std::string_view name;
  Meaning meaning;
};

// Google: developers.google.com/google-ads/webhook/docs; Meta:
// developers.facebook.com/docs/marketing-api/guides/lead-ads.
constexpr std::array kKnownFields = {
    KnownField{"first_name", Meaning::kGivenName}, KnownField{"last_name", Meaning::kFamilyName},
    KnownField{"full_name", Meaning::kFullName}, KnownField{"email", Meaning::kEmail},
    KnownField{"work_email", Meaning::kEmail}, KnownField{"phone_number", Meaning::kPhone},
    KnownField{"work_phone", Meaning::kPhone}, KnownField{"work_phone_number", Meaning::kPhone},
    KnownField{"company_name", Meaning::kCompany}, KnownField{"street_address", Meaning::kStreet},
    KnownField{"city", Meaning::kCity}, KnownField{"postal_code", Meaning::kPostalCode},
    KnownField{"zip_code", Meaning::kPostalCode}, KnownField{"post_code", Meaning::kPostalCode},
    KnownField{"country", Meaning::kCountry},
    // Meta names the questions of a form in the form's language.
    KnownField{"adi soyadi", Meaning::kFullName}, KnownField{"ad soyad", Meaning::kFullName},
    KnownField{"tam ad", Meaning::kFullName}, KnownField{"adi", Meaning::kGivenName},
    KnownField{"ad", Meaning::kGivenName}, KnownField{"soyadi", Meaning::kFamilyName},
    KnownField{"soyad", Meaning::kFamilyName}, KnownField{"e-posta", Meaning::kEmail},
    KnownField{"e-posta adresi", Meaning::kEmail}, KnownField{"telefon", Meaning::kPhone},
    KnownField{"telefon numarasi", Meaning::kPhone}, KnownField{"sirket adi", Meaning::kCompany},
    KnownField{"adres", Meaning::kStreet}, KnownField{"sehir", Meaning::kCity},
    KnownField{"posta kodu", Meaning::kPostalCode}, KnownField{"vollstandiger name", Meaning::kFullName},
    KnownField{"vorname", Meaning::kGivenName}, KnownField{"nachname", Meaning::kFamilyName},
    KnownField{"e-mail-adresse", Meaning::kEmail}, KnownField{"telefonnummer", Meaning::kPhone}};

std::string Spaced(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::optional<Meaning> MeaningOf(std::string_view name) {
  static const std::map<std::string, Meaning, std::less<>> kMeanings = [] {
    std::map<std::string, Meaning, std::less<>> meanings;
    for (const KnownField& field : kKnownFields) meanings.emplace(Spaced(std::string(field.name)), field.meaning);
    return meanings;
  }();
  const auto known = kMeanings.find(Spaced(FoldName(name)));
  return known == kMeanings.end() ? std::nullopt : std::optional(known->second);
}

// An answer and what it is asked for.
struct Answer {
  Meaning meaning;
  std::string value;
};

std::vector<Answer> AnswersOf(const Lead& lead) {
  std::vector<Answer> answers;
  for (const LeadField& field : lead.fields) {
    const std::optional<Meaning> meaning = MeaningOf(field.name);
    const std::string_view value = Trim(field.value);
    if (meaning && !value.empty()) answers.push_back({*meaning, std::string(value)});
  }
  return answers;
}

// The first answer wins: a form asks for the private address before that of the work.
void FillIfEmpty(std::string& text, std::string_view value) {
  if (text.empty()) text = std::string(Truncate(value, kMaxTextBytes));
}

void AddIdentity(IdentityKind kind, const std::string& value, std::string_view region, Contact& person) {
  FieldViolations unusable;
  Identity identity = NormalizeIdentity({.key = {kind, "", value}}, "value", region, unusable);
  if (unusable.empty()) person.identities.push_back(std::move(identity));
}

Address AddressOf(const std::vector<Answer>& answers) {
  Address address{.label = kLeadTag};
  for (const auto& [meaning, value] : answers) {
    switch (meaning) {
      case Meaning::kStreet:
        FillIfEmpty(address.street, value);
        break;
      case Meaning::kCity:
        FillIfEmpty(address.city, value);
        break;
      case Meaning::kPostalCode:
        if (value.size() <= 20) FillIfEmpty(address.postal_code, value);
        break;
      case Meaning::kCountry:
        if (IsCountryCode(value)) FillIfEmpty(address.country_code, value);
        break;
      default:
        break;
    }
  }
  return address;
}

std::string WithoutNul(std::string_view text) {
  std::string clean(text);
  std::erase(clean, '\0');
  return clean;
}

}  // namespace

void AddLeadField(std::string_view name, std::string_view value, Lead& lead) {
  if (lead.fields.size() >= kMaxLeadFields) return;
  const std::string clean_name = WithoutNul(name), clean_value = WithoutNul(value);
  lead.fields.push_back(
      {std::string(Truncate(clean_name, kMaxTextBytes)), std::string(Truncate(clean_value, kMaxLeadTextBytes))});
}

Contact PersonOf(const Lead& lead) {
  Contact person;
  const std::vector<Answer> answers = AnswersOf(lead);
  const Address address = AddressOf(answers);
  const std::string region = address.country_code.empty() ? "TR" : address.country_code;
  for (const auto& [meaning, value] : answers) {
    if (meaning == Meaning::kGivenName) FillIfEmpty(person.given_name, value);
    if (meaning == Meaning::kFamilyName) FillIfEmpty(person.family_name, value);
    if (meaning == Meaning::kFullName) FillIfEmpty(person.display_name, value);
    if (meaning == Meaning::kCompany) FillIfEmpty(person.company_name, value);
    if (meaning == Meaning::kEmail) AddIdentity(IdentityKind::kEmail, value, region, person);
    if (meaning == Meaning::kPhone) AddIdentity(IdentityKind::kPhone, value, region, person);
  }
  if (address != Address{.label = kLeadTag}) person.addresses.push_back(address);
  person.tags = {kLeadTag};
  return person;
}

std::string SubjectOf(const Lead& lead) {
  std::string subject = lead.platform == "google" ? "Google lead form" : "Meta lead form";
  if (!lead.form_id.empty()) absl::StrAppend(&subject, " ", lead.form_id);
  const std::string& campaign = lead.campaign_name.empty() ? lead.campaign_id : lead.campaign_name;
  if (!campaign.empty()) absl::StrAppend(&subject, ", ", campaign);
  return std::string(Truncate(subject, 1000));
}

std::string BodyOf(const Lead& lead) {
  std::string body;
  for (const LeadField& field : lead.fields) absl::StrAppend(&body, field.name, ": ", field.value, "\n");
  return std::string(Truncate(body, kMaxBodyBytes));
}

}  // namespace esnaf::contacts
