#pragma once

// Scores people: everybody anew, or those whose purchases or whose cluster of contacts changed. Writes scores, history
// and events within the transaction that it is given.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/person_table.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/rfm/rfm_store.h"

namespace esnaf::segmentation {

// Who or what makes people be scored, for the events.
struct Cause {
  std::string actor;
  Time now;
  std::string trace_parent;
};
// This service itself.
Cause OwnCause(Time now);

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
  // Orders that were left out because they are in another currency.
  std::int64_t other_currency_order_count = 0;
};

// Scores everybody in the ledger by these thresholds, or by thresholds made from everybody's values. Writes nothing.
// Keeps some 60 bytes a customer.
absl::StatusOr<Scoring> ScoreEverybody(postgres::Tx& tx, const Policy& policy, const Reference& reference,
                                       const std::optional<Thresholds>& thresholds = std::nullopt);
// Scores and labels its people by these thresholds, or by thresholds made from their values.
void ScorePeople(Scoring& scoring, const std::optional<Thresholds>& thresholds = std::nullopt);
// Lets this transaction take the time that a look at every customer takes.
absl::Status AllowLongWork(postgres::Tx& tx);

// The scores of people by a policy in force, from the ledger; only of those who have orders that count. `known` holds
// the scores that they have: a label that stays keeps its past. `facts` as below.
absl::StatusOr<std::vector<ScoreRecord>> ScoresOf(postgres::Tx& tx, const ActivePolicy& active,
                                                  const Reference& reference, const std::vector<Uuid>& canonicals,
                                                  const std::vector<ScoreRecord>& known,
                                                  const PersonTable* facts = nullptr);
// What scoring some people came to.
struct ScoredSome {
  std::vector<ScoreRecord> scores;
  std::vector<Uuid> gone;  // who has no score any more
};
// Scores people by the policy that is in force, under its lock, and writes their scores, history and events. `touched`
// holds them and whoever may have a score to lose. Counts changes of labels on in the record; the caller stores that.
// Where `facts` is given it holds these people alone, with their orders as this transaction sees them, which are not
// read again then.
absl::StatusOr<ScoredSome> ScoreSome(postgres::Tx& tx, PolicyRecord& record, const std::vector<Uuid>& canonicals,
                                     const std::vector<Uuid>& touched, const Reference& reference, const Cause& cause,
                                     const PersonTable* facts = nullptr);

// Scores the people that these contacts belong to, under every policy, by the thresholds that stand. The cost depends
// on these people alone. Where a policy has no thresholds yet and the ledger is small, the policy is computed instead,
// so that the first customers have labels at once; where the ledger is large, the worker does it. Of these people the
// caller tells by PeopleChanged; of others, whom a computation concerns too, it is told here.
absl::Status Rescore(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause);

}  // namespace esnaf::segmentation
