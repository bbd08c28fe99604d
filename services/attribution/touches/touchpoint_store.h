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

// How many touches a visitor may have on one day (UTC).
inline constexpr int kMostTouchesOfVisitorAndDay = 1000;

// A visitor's day, and how many touches it has.
struct VisitorDay {
  std::string visitor_id;
  Date day;
  int count = 0;
};
// Counts the touches of these days; a day without touches is left out. Counting ends at the bound.
absl::StatusOr<std::vector<VisitorDay>> CountVisitorDays(postgres::Tx& tx, const std::vector<VisitorDay>& days);
// Counts touches that were dropped, by store and the day of the touch.
absl::Status CountDropped(postgres::Tx& tx, const std::vector<Touchpoint>& dropped);

// Asks for the touches of a person between two times.
struct PathQuery {
  Uuid contact_id;  // any contact of the person
  Time from;
  Time until;  // excluded
};

// For each query the touches of the person, merged contacts included: page views, clicks and ad views, without those of
// bots, without visits from the own pages and one for each visit (visit.h), in their order. Whose a visitor's touches
// are is said by IsMine.
absl::StatusOr<std::vector<std::vector<Touchpoint>>> TouchesOfPeople(postgres::Tx& tx,
                                                                     const std::vector<PathQuery>& queries);

}  // namespace esnaf::attribution
