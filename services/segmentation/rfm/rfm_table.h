#pragma once

// RFM over everybody in memory: the same people, values and labels as ScoreEverybody finds in the store, in a hundredth
// of the time. Pure.
#include <functional>

#include "absl/status/statusor.h"
#include "services/segmentation/people/person_table.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/rfm/rfm_scorer.h"

namespace esnaf::segmentation {

// The currency that most orders of a store (empty: of all) are in; empty where there are none.
std::string MostFrequentCurrency(const PersonTable& table, const std::string& store_id);

// Calls `visit` for each person with an order that the filter takes, as ForEachPerson (purchase_store.h) does.
void SumTable(const PersonTable& table, const PurchaseFilter& filter,
              const std::function<void(const PersonSums&)>& visit);

// INVALID_ARGUMENT where the policy's zone is none.
absl::StatusOr<Scoring> ScoreTable(const PersonTable& table, const Policy& policy, const Reference& reference,
                                   const std::optional<Thresholds>& thresholds = std::nullopt);

}  // namespace esnaf::segmentation
