#pragma once

// Scores people: everybody anew, or those whose purchases or whose cluster of contacts changed. Writes scores, history
// and events within the transaction that it is given.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/rfm/rfm_policy.h"

namespace esnaf::segmentation {

// Who or what makes people be scored, for the events.
struct Cause {
  std::string actor;
  Time now;
  std::string trace_parent;
};
// This service itself.
Cause OwnCause(Time now);

struct Computation {
  std::int64_t scored_count = 0;
  std::int64_t changed_count = 0;
  Thresholds thresholds;
  std::int64_t other_currency_order_count = 0;
  std::int64_t policy_version = 0;
};

// What a policy counts of the ledger as of `reference`.
absl::StatusOr<PurchaseFilter> FilterOf(const Policy& policy, const Reference& reference);

// Somebody under a policy that is being computed or tried.
struct ScoredPerson {
  Uuid contact_id;  // canonical
  Values values;
  Scores scores;
  int label = 0;  // its place in the policy's labels
};

// Everybody under a policy, whether it is in force or not.
struct Scoring {
  Policy policy;  // its currency fixed
  Thresholds thresholds;
  std::vector<ScoredPerson> people;
};

// Scores everybody by thresholds made from everybody's values. Writes nothing. Keeps some 60 bytes a customer.
absl::StatusOr<Scoring> ScoreEverybody(postgres::Tx& tx, const Policy& policy, const Reference& reference);
// Makes the thresholds from the values of its people, and scores and labels them by these.
void ScorePeople(Scoring& scoring);
// Lets this transaction take the time that a look at every customer takes.
absl::Status AllowLongWork(postgres::Tx& tx);

// Makes thresholds from everybody's values and scores everybody by them; segments follow whose scores changed. Holds
// the policy's row, so computations and increments of one policy follow one another. Keeps some 150 bytes a customer in
// memory. NOT_FOUND where there is no such policy.
absl::StatusOr<Computation> Compute(postgres::Tx& tx, const std::string& policy_id, const Reference& reference,
                                    const Cause& cause);
// Does so as of now where NeedsComputation says so, and answers whether it did.
absl::StatusOr<bool> ComputeIfNeeded(postgres::Tx& tx, const std::string& policy_id, const Cause& cause);

// Scores the people that these contacts belong to, under every policy, by the thresholds that stand. The cost depends
// on these people alone. Where a policy has no thresholds yet and the ledger is small, the policy is computed instead,
// so that the first customers have labels at once; where the ledger is large, the worker does it. Of these people the
// caller tells by PeopleChanged; of others, whom a computation concerns too, it is told here.
absl::Status Rescore(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause);

}  // namespace esnaf::segmentation
