#pragma once

// What is kept for how long, and the small pieces in which a worker forgets the rest.
#include <cstdint>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"

namespace esnaf::attribution {

struct Retention {
  // Touches of visitors who never became known. No order can be credited to them after kMostClickDays.
  int touch_days = 400;
  // What credit and spend were before they were restated: so far back a report can be read as it was known.
  int superseded_days = 800;
};
inline constexpr int kLeastTouchDays = 120;

// Where a walk over old touches stands.
struct TouchCursor {
  Time time = Time::min();
  Uuid id;
};
struct TouchPiece {
  TouchCursor last;         // of the touches that were looked at
  std::int64_t looked = 0;  // 0 at the end
  std::int64_t forgotten = 0;
};
// Looks at the next touches before a time, at most 5000, and forgets those that have no contact and whose visitor none.
// What people did is kept.
absl::StatusOr<TouchPiece> ForgetUnknownTouches(postgres::Tx& tx, Time before, const TouchCursor& after);

// Forgets what was superseded before a time, at most 5000 credits and as many rows of spend; answers how many.
absl::StatusOr<std::int64_t> ForgetSuperseded(postgres::Tx& tx, Time before);

}  // namespace esnaf::attribution
