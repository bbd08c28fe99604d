#pragma once

// What is known of an order besides itself: the click before it, and what may be told of the person. Pure.
#include <optional>
#include <string>
#include <vector>

#include "libs/audience/person.h"
#include "libs/base/uuid.h"
#include "services/attribution/exports/export.h"

namespace esnaf::attribution {

// An order that may be told of, before anything else is known of it.
struct ExportCandidate {
  Uuid order_id;
  std::optional<Uuid> contact_id;  // as the order names it, unmerged
  std::string external_id;
  Time time;
  Money value;  // net; nothing where cancelled
};

// The conversion with the last touch before it that has a click id of the platform, or, where none has, the last whose
// visitor said something about ad user data; `touches` are the person's in their order. A denial that stands since that
// touch or later withdraws what the touch granted, also where it came after the order. Of the person only what consent
// covers is told: without an e-mail or phone that it covers, nothing. `person` is null where nobody is known.
ExportableConversion MatchConversion(const ExportCandidate& candidate, const std::vector<Touchpoint>& touches,
                                     std::optional<Time> denial_time, const audience::AudiencePerson* person,
                                     ExportDestination destination);

}  // namespace esnaf::attribution
