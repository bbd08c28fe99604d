#pragma once

// Conversions, and what is known around them.
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/conversion.h"

namespace esnaf::attribution {

// Whose conversions changed: people as orders name them, and orders of nobody known.
struct ChangedConversions {
  std::vector<Uuid> contacts;
  std::vector<Uuid> anonymous_orders;
};

// Records conversions, the newest version of each order. Of several of one order the newest counts.
absl::StatusOr<ChangedConversions> UpsertConversions(postgres::Tx& tx, std::vector<Conversion> conversions);

// When the cart of an order was begun.
struct CartBegin {
  std::string store_id;
  std::string order_external_id;
  Time begin_time;
};
// Records beginnings, the earliest of each order. Answers the people whose orders they concern.
absl::StatusOr<std::vector<Uuid>> UpsertCartBegins(postgres::Tx& tx, const std::vector<CartBegin>& begins);

struct StoredConversion {
  Conversion conversion;
  std::string change_reason;  // empty where it did not change since it was credited
  int credit_number = 0;      // how often it was credited
  std::optional<Uuid> credit_digest;
};

// Every conversion of each person, named by the canonical contact. Held until the transaction ends.
absl::StatusOr<std::vector<std::vector<StoredConversion>>> LockConversionsOf(postgres::Tx& tx,
                                                                             const std::vector<Uuid>& canonicals);
// Conversions by their orders, in the order of their ids; those that are not there are missing. Held likewise.
absl::StatusOr<std::vector<StoredConversion>> LockConversions(postgres::Tx& tx, const std::vector<Uuid>& orders);
// Forgets that orders changed, where their credits stand as they are.
absl::Status ForgetChanges(postgres::Tx& tx, const std::vector<Uuid>& orders);
// One conversion, not held. NOT_FOUND where there is none.
absl::StatusOr<StoredConversion> GetConversion(postgres::Tx& tx, const Uuid& order);
// Every conversion of a person, not held.
absl::StatusOr<std::vector<Conversion>> ConversionsOf(postgres::Tx& tx, const Uuid& canonical);

// Since when each person has been known by a log-in, form or order of a visitor; nullopt where nothing tells.
absl::StatusOr<std::vector<std::optional<Time>>> KnownTimesOf(postgres::Tx& tx, const std::vector<Uuid>& canonicals);

// Fits of the Markov chain by their times.
using Fits = std::map<Time, ChannelEffects>;
absl::StatusOr<Fits> LoadFits(postgres::Tx& tx);
// The last fit before a time, or the first one; null where there is none.
const ChannelEffects* FitAt(const Fits& fits, Time time);

}  // namespace esnaf::attribution
