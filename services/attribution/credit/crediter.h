#pragma once

// Makes credits again where what they follow from has changed.
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/conversion_store.h"

namespace esnaf::attribution {

// Keeps others from crediting the people of these conversions, as they are now and as they will be, and these contacts,
// until the transaction ends. To be called before conversions are written: whoever credits locks people first and their
// orders then.
absl::Status LockBuyers(postgres::Tx& tx, const std::vector<Conversion>& conversions, std::vector<Uuid> contacts);

// Credits every order of these people, and these orders, as of now. Orders that come out as they stand are not written;
// the others are restated, each with an event. `reason` is why, where the order itself did not change. Holds the people
// until the transaction ends.
absl::Status Recredit(postgres::Tx& tx, const ChangedConversions& whose, std::string_view reason, Time now);

// Credits some of those whose paths changed, a worker's step; answers whether there may be more.
absl::StatusOr<bool> RecreditSomeChanged(postgres::Tx& tx, Time now);

// Lets every order be credited again by the worker, because settings or fits changed.
absl::Status RecreditEverybodyLater(postgres::Tx& tx, Time now);

}  // namespace esnaf::attribution
