#pragma once

// A segment as a file for an advertising platform: who may be in it, and each platform's own way to normalize and hash.
// Pure: no SQL, no clock, no protobuf. Sources: Google's "Format your customer list" and Meta's "Customer information
// parameters".
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace esnaf::segmentation {

// The numbers are those of esnaf.segmentation.v1.AudienceDestination.
enum class Destination { kCsv = 1, kGoogleCustomerMatch = 2, kMetaCustomAudiences = 3 };

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

// Why somebody is left out.
enum class Omission { kNoConsent, kConsentRefused, kNoIdentifier, kContactDeleted };
std::string_view ReasonOf(Omission omission);  // `NO_CONSENT`, …

struct AudienceFile {
  std::string rows;  // CSV by RFC 4180, without the line of column names
  int exported_count = 0;
  std::map<Omission, int> omissions;
};

// The line of column names.
std::string AudienceHeader(Destination destination);
// One row for each person who may be in it. An e-mail address is written only where consent by e-mail covers it, a
// phone only where consent by message or call does; where neither remains, the person is left out. Fails closed: what
// nobody said is no consent.
AudienceFile WriteAudience(Destination destination, const std::vector<AudiencePerson>& people);

// Each platform's normal forms, before hashing.
std::string GoogleEmail(std::string_view email);           // trimmed, lower case, no dots before gmail.com
std::string GoogleName(std::string_view name);             // trimmed, lower case
std::string MetaPhone(std::string_view phone);             // digits with the country code, no `+`, no leading zeros
std::string MetaCity(std::string_view city);               // lower case without digits, dots, spaces, `-()`
std::string MetaPostalCode(std::string_view postal_code);  // lower case without spaces, cut at `-`

}  // namespace esnaf::segmentation
