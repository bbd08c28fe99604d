#pragma once

// Who visitors are, and whose paths changed.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/identity/identity.h"
#include "libs/postgres/connection.h"

namespace esnaf::attribution {

// From `link_time` on a visitor is a contact, or whoever has the identity (exactly one of the two is given).
struct VisitorLink {
  std::string visitor_id;
  Time link_time;
  std::optional<Uuid> contact_id;
  std::optional<identity::Identity> identity;
  bool proven = false;    // a back end or an order says so; else a browser claims it
  bool by_order = false;  // an order says so
};

// Records links, each once. A link that says what the visitor's last one before it says is left out, unless an
// order says it. Marks the paths of those it concerns as changed. Creates nobody: an identity that nobody has yet links
// when somebody has it.
absl::Status LinkVisitors(postgres::Tx& tx, const std::vector<VisitorLink>& links, Time now);

// Those of the contacts to whom some visitor leads by one of their identities.
absl::StatusOr<std::vector<Uuid>> LinkedByIdentity(postgres::Tx& tx, const std::vector<Uuid>& contacts);

// Marks the paths of contacts as changed, so that their credits are made again.
absl::Status PathsChanged(postgres::Tx& tx, const std::vector<Uuid>& contacts, Time now);

// Takes up to `limit` contacts whose paths changed at or before `until` off the list, the oldest first. A contact that
// changes again meanwhile is on the list again.
absl::StatusOr<std::vector<Uuid>> TakePathChanges(postgres::Tx& tx, Time until, int limit);

}  // namespace esnaf::attribution
