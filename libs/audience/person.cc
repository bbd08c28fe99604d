#include "libs/audience/person.h"

#include <initializer_list>
#include <optional>

namespace esnaf::audience {
namespace {

bool Covers(const AudienceConsent& consent, const std::string& address) {
  return consent.recipient.empty() || consent.recipient == address;
}

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

}  // namespace

std::string AllowedEmail(const AudiencePerson& person) {
  return FirstAllowed(person.emails, person.consents, {ConsentBy::kEmail});
}

std::string AllowedPhone(const AudiencePerson& person) {
  return FirstAllowed(person.phones, person.consents, {ConsentBy::kMessage, ConsentBy::kCall});
}

}  // namespace esnaf::audience
