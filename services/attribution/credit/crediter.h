#pragma once

// Makes credits again where what they follow from has changed.
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/conversion_store.h"

namespace esnaf::attribution {

// Credits every order of these people, and these orders, as of now. Orders that come out as they stand are not written;
// the others are restated, each with an event. `reason` is why, where the order itself did not change.
absl::Status Recredit(postgres::Tx& tx, const ChangedConversions& whose, std::string_view reason, Time now);

// Credits some of those whose paths changed, a worker's step; answers whether there may be more.
absl::StatusOr<bool> RecreditSomeChanged(postgres::Tx& tx, Time now);

// Lets every order be credited again by the worker, because settings or fits changed.
absl::Status RecreditEverybodyLater(postgres::Tx& tx, Time now);

}  // namespace esnaf::attribution
