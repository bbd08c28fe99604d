#pragma once

// How tickets hang together, as it is stored: links, parts of a whole, and what follows a closed one.
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"

namespace esnaf::support {

absl::Status AddLink(postgres::Tx& tx, const Uuid& a, const Uuid& b);
absl::Status RemoveLink(postgres::Tx& tx, const Uuid& a, const Uuid& b);

// Of each how many tickets that have it as their parent are still to be worked on, where there are such.
absl::StatusOr<std::map<Uuid, std::int64_t>> CountOpenParts(postgres::Tx& tx, const std::vector<Uuid>& ids);
// Whether a ticket is the other one, or a part of it over any number of parents.
absl::StatusOr<bool> IsPartOf(postgres::Tx& tx, const Uuid& part, const Uuid& whole);
// The newest ticket that follows a closed one; none where there is none.
absl::StatusOr<std::optional<Uuid>> FindFollowUp(postgres::Tx& tx, const Uuid& id);

}  // namespace esnaf::support
