#pragma once

// The ledger of purchases day by day, for one person or for all.
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/value/value_history.h"
#include "services/segmentation/value/value_prediction.h"

namespace esnaf::segmentation {

// What a person, merged contacts included, has bought. `days` may be empty where nothing counts but a return.
struct PersonLedger {
  Uuid contact_id;  // the canonical contact
  PurchaseDays days;
  PurchaseTotals totals;
};

// Days are those of the IANA zone.
absl::StatusOr<PersonLedger> LedgerOf(postgres::Tx& tx, const PurchaseFilter& filter, const std::string& time_zone,
                                      const Uuid& canonical);
// Everybody with a purchase that counts, in one pass, without keeping them all in memory. Needs a transaction, which
// it allows to take as long as it takes.
absl::Status ForEachLedger(postgres::Tx& tx, const PurchaseFilter& filter, const std::string& time_zone,
                           const std::function<absl::Status(const PersonLedger&)>& visit);

// When the first order that counts was placed; nullopt where there is none.
absl::StatusOr<std::optional<Time>> FirstPurchaseTime(postgres::Tx& tx, const PurchaseFilter& filter);
// How many orders the ledger holds.
absl::StatusOr<std::int64_t> CountPurchases(postgres::Tx& tx);

}  // namespace esnaf::segmentation
