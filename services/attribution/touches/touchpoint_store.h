#pragma once

// The touches and the sources that they came from.
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// Records touches, each once by its id, together with their traffic sources as derived by the rules of that version,
// and marks the paths of people whose visitors they are as changed. A touch that is known changes nothing. Answers the
// ids of those that are new.
absl::StatusOr<std::vector<Uuid>> InsertTouchpoints(postgres::Tx& tx, const std::vector<Touchpoint>& touches,
                                                    std::int64_t rules_version, Time now);

// Asks for the touches of a person between two times.
struct PathQuery {
  Uuid contact_id;  // any contact of the person
  Time from;
  Time until;  // excluded
};

// For each query the touches of the person, merged contacts included: page views, clicks and ad views, without those of
// bots and without visits from the own pages, in their order. Whose a visitor's touches are is said by IsMine.
absl::StatusOr<std::vector<std::vector<Touchpoint>>> TouchesOfPeople(postgres::Tx& tx,
                                                                     const std::vector<PathQuery>& queries);

}  // namespace esnaf::attribution
