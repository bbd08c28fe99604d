#include "services/segmentation/segments/audience.h"

#include <algorithm>
#include <array>

#include "libs/audience/ad_identifiers.h"
#include "libs/base/csv.h"
#include "libs/base/text.h"

namespace esnaf::segmentation {
namespace {

using audience::GoogleEmail;
using audience::GoogleName;
using audience::HashIdentifier;
using audience::MetaCity;
using audience::MetaPhone;
using audience::MetaPostalCode;

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

std::vector<std::string> CellsOf(Destination destination, const AudiencePerson& person, const Identifiers& ids) {
  switch (destination) {
    case Destination::kCsv:
      return {person.contact_id, ids.email, ids.phone, person.given_name, person.family_name};
    case Destination::kGoogleCustomerMatch:
      return {HashIdentifier(GoogleEmail(ids.email)),
              HashIdentifier(ids.phone),
              HashIdentifier(GoogleName(person.given_name)),
              HashIdentifier(GoogleName(person.family_name)),
              person.country_code,
              person.postal_code};
    case Destination::kMetaCustomAudiences:
      break;
  }
  return {HashIdentifier(LowerCase(ids.email)),
          HashIdentifier(MetaPhone(ids.phone)),
          HashIdentifier(LowerCase(Trim(person.given_name))),
          HashIdentifier(LowerCase(Trim(person.family_name))),
          HashIdentifier(MetaCity(person.city)),
          HashIdentifier(MetaPostalCode(person.postal_code)),
          HashIdentifier(LowerCase(person.country_code)),
          HashIdentifier(person.contact_id)};
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
    const Identifiers identifiers{.email = AllowedEmail(person), .phone = AllowedPhone(person)};
    if (const std::optional<Omission> why = WhyNot(person, identifiers)) {
      ++file.omissions[*why];
      continue;
    }
    file.rows += CsvLine(CellsOf(destination, person, identifiers));
    ++file.exported_count;
  }
  return file;
}

}  // namespace esnaf::segmentation
