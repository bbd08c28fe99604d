#pragma once

// The ledger of purchases, and the sums over it for one person or for all.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/purchase.h"

namespace esnaf::segmentation {

// Which purchases a policy looks at.
struct PurchaseFilter {
  std::string store_id;  // empty: all stores
  std::string currency_code;
  ValueBasis basis = ValueBasis::kNet;
  std::optional<Time> from;
  Time until;  // included
};

// What a person, merged contacts included, has bought; only people with an order that counts.
struct PersonSums {
  Uuid contact_id;  // the canonical contact
  Time last_order_time;
  std::int64_t order_count = 0;
  std::int64_t value_minor = 0;
};

struct CountedPurchase {
  Uuid order_id;
  std::string store_id;
  Time place_time;
  std::int64_t value_minor = 0;
};

// Takes versions that are newer than what is known; one statement for all. An order without a contact enters only to
// take the place of what was known of it. Each order may occur once. Answers the contacts whose purchases changed, each
// once.
absl::StatusOr<std::vector<Uuid>> UpsertPurchases(postgres::Tx& tx, const std::vector<Purchase>& purchases);

// The sums of the people whose canonical contacts these are.
absl::StatusOr<std::vector<PersonSums>> SumsOf(postgres::Tx& tx, const PurchaseFilter& filter,
                                               const std::vector<Uuid>& canonicals);
// The sums of everybody, in one pass, without keeping them all in memory. Needs a transaction.
absl::Status ForEachPerson(postgres::Tx& tx, const PurchaseFilter& filter,
                           const std::function<void(const PersonSums&)>& visit);

// The currency that most orders of a store (empty: of all) are in; empty where there are none.
absl::StatusOr<std::string> MostFrequentCurrency(postgres::Tx& tx, const std::string& store_id);
// How many orders would count, were they in the filter's currency.
absl::StatusOr<std::int64_t> CountOrdersInOtherCurrencies(postgres::Tx& tx, const PurchaseFilter& filter);
// The newest purchases of a person that count, at most `limit`.
absl::StatusOr<std::vector<CountedPurchase>> NewestCounted(postgres::Tx& tx, const PurchaseFilter& filter,
                                                           const Uuid& canonical, int limit);
// Whether the ledger holds more purchases than that.
absl::StatusOr<bool> HasMorePurchasesThan(postgres::Tx& tx, std::int64_t count);

}  // namespace esnaf::segmentation
