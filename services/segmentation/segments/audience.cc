#include "services/segmentation/segments/audience.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"
#include "libs/base/crypto.h"
#include "libs/base/csv.h"
#include "libs/base/text.h"

namespace esnaf::segmentation {
namespace {

bool Covers(const AudienceConsent& consent, const std::string& address) {
  return consent.recipient.empty() || consent.recipient == address;
}

// The first of the addresses that consent covers and no refusal is about. A refusal of one address outweighs a consent
// for whichever the person has, and a consent for one address outweighs a refusal for whichever.
std::string FirstAllowed(const std::vector<std::string>& addresses, const std::vector<AudienceConsent>& consents,
                         std::initializer_list<ConsentBy> ways) {
  for (const std::string& address : addresses) {
    for (const ConsentBy way : ways) {
      std::optional<bool> own, general;
      for (const AudienceConsent& consent : consents) {
        if (consent.by != way || !Covers(consent, address)) continue;
        std::optional<bool>& word = consent.recipient.empty() ? general : own;
        // Of several brands or statements the stricter one holds.
        word = word.value_or(true) && consent.allowed;
      }
      if (own.value_or(general.value_or(false))) return address;
    }
  }
  return {};
}

struct Identifiers {
  std::string email;
  std::string phone;
};

std::optional<Omission> WhyNot(const AudiencePerson& person, const Identifiers& identifiers) {
  if (person.deleted) return Omission::kContactDeleted;
  if (!identifiers.email.empty() || !identifiers.phone.empty()) return std::nullopt;
  if (person.consents.empty()) return Omission::kNoConsent;
  const bool anything_allowed =
      std::any_of(person.consents.begin(), person.consents.end(), [](const AudienceConsent& c) { return c.allowed; });
  return anything_allowed ? Omission::kNoIdentifier : Omission::kConsentRefused;
}

std::string Hashed(const std::string& text) { return text.empty() ? std::string() : Sha256Hex(text); }

std::vector<std::string> CellsOf(Destination destination, const AudiencePerson& person, const Identifiers& ids) {
  switch (destination) {
    case Destination::kCsv:
      return {person.contact_id, ids.email, ids.phone, person.given_name, person.family_name};
    case Destination::kGoogleCustomerMatch:
      return {Hashed(GoogleEmail(ids.email)),         Hashed(ids.phone),   Hashed(GoogleName(person.given_name)),
              Hashed(GoogleName(person.family_name)), person.country_code, person.postal_code};
    case Destination::kMetaCustomAudiences:
      break;
  }
  return {Hashed(LowerCase(ids.email)),
          Hashed(MetaPhone(ids.phone)),
          Hashed(LowerCase(Trim(person.given_name))),
          Hashed(LowerCase(Trim(person.family_name))),
          Hashed(MetaCity(person.city)),
          Hashed(MetaPostalCode(person.postal_code)),
          Hashed(LowerCase(person.country_code)),
          Hashed(person.contact_id)};
}

std::string Without(std::string_view text, std::string_view characters) {
  std::string kept;
  for (const char c : text) {
    if (characters.find(c) == std::string_view::npos) kept += c;
  }
  return kept;
}

}  // namespace

std::string_view ReasonOf(Omission omission) {
  switch (omission) {
    case Omission::kNoConsent:
      return "NO_CONSENT";
    case Omission::kConsentRefused:
      return "CONSENT_REFUSED";
    case Omission::kNoIdentifier:
      return "NO_IDENTIFIER";
    case Omission::kContactDeleted:
      break;
  }
  return "CONTACT_DELETED";
}

std::string AudienceHeader(Destination destination) {
  switch (destination) {
    case Destination::kCsv:
      return "contact_id,email,phone,given_name,family_name\r\n";
    case Destination::kGoogleCustomerMatch:
      return "Email,Phone,First Name,Last Name,Country,Zip\r\n";
    case Destination::kMetaCustomAudiences:
      break;
  }
  return "email,phone,fn,ln,ct,zip,country,extern_id\r\n";
}

AudienceFile WriteAudience(Destination destination, const std::vector<AudiencePerson>& people) {
  AudienceFile file;
  for (const AudiencePerson& person : people) {
    const Identifiers identifiers{
        .email = FirstAllowed(person.emails, person.consents, {ConsentBy::kEmail}),
        .phone = FirstAllowed(person.phones, person.consents, {ConsentBy::kMessage, ConsentBy::kCall})};
    if (const std::optional<Omission> why = WhyNot(person, identifiers)) {
      ++file.omissions[*why];
      continue;
    }
    file.rows += CsvLine(CellsOf(destination, person, identifiers));
    ++file.exported_count;
  }
  return file;
}

std::string GoogleEmail(std::string_view email) {
  std::string normal = LowerCase(Trim(email));
  const std::size_t at = normal.find('@');
  if (at == std::string::npos) return normal;
  const std::string domain = normal.substr(at);
  if (domain != "@gmail.com" && domain != "@googlemail.com") return normal;
  return Without(std::string_view(normal).substr(0, at), ".") + domain;
}

std::string GoogleName(std::string_view name) { return LowerCase(Trim(name)); }

std::string MetaPhone(std::string_view phone) {
  std::string digits = Without(phone, "+ -()");
  for (int i = 0; i < 2 && digits.starts_with('0'); ++i) digits.erase(0, 1);
  return digits;
}

std::string MetaCity(std::string_view city) { return Without(LowerCase(Trim(city)), "0123456789. -()"); }

std::string MetaPostalCode(std::string_view postal_code) {
  const std::string lower = LowerCase(Without(postal_code, " "));
  return lower.substr(0, lower.find('-'));
}

}  // namespace esnaf::segmentation
