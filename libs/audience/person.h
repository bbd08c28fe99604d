#pragma once

// A person as an advertising platform may learn of, with the consents that say which of it. Pure.
#include <string>
#include <vector>

namespace esnaf::audience {

enum class ConsentBy { kCall, kMessage, kEmail, kOther };

// What holds of one person's consents for the purpose of the file.
struct AudienceConsent {
  ConsentBy by = ConsentBy::kOther;
  bool allowed = false;
  std::string recipient;  // the address that it is about; empty: whichever the person has
};

struct AudiencePerson {
  std::string contact_id;
  std::string given_name;
  std::string family_name;
  // Normalized (folded, E.164), the one to write to first.
  std::vector<std::string> emails;
  std::vector<std::string> phones;
  std::string city;
  std::string postal_code;
  std::string country_code;
  bool deleted = false;
  std::vector<AudienceConsent> consents;
};

// The first address that consent covers and no refusal is about; empty where there is none. Fails closed: what nobody
// said is no consent. A refusal of one address outweighs a consent for whichever the person has, and a consent for one
// address outweighs a refusal for whichever.
std::string AllowedEmail(const AudiencePerson& person);  // by consent by e-mail
std::string AllowedPhone(const AudiencePerson& person);  // by consent by message or call

}  // namespace esnaf::audience
