#pragma once

// A segment as a file for an advertising platform: who may be in it, and each platform's own way to normalize and hash.
// Pure: no SQL, no clock, no protobuf. Sources: Google's "Format your customer list" and Meta's "Customer information
// parameters".
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/audience/person.h"

namespace esnaf::segmentation {

// The numbers are those of esnaf.segmentation.v1.AudienceDestination.
enum class Destination { kCsv = 1, kGoogleCustomerMatch = 2, kMetaCustomAudiences = 3 };

using audience::AudienceConsent;
using audience::AudiencePerson;
using audience::ConsentBy;

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

}  // namespace esnaf::segmentation
