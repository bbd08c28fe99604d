#pragma once

// Tries a policy without putting it in force: who would stand where, and what a past label would have told of what
// people bought afterwards. Reads only.
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/rfm/rfm_store.h"

namespace esnaf::segmentation {

struct Preview {
  Policy policy;  // its currency fixed
  Thresholds thresholds;
  // One for each label of the policy that anybody would have.
  std::vector<LabelSums> labels;
  // From the label that people have now, empty where they have none, to the one that they would have.
  std::vector<Transition> transitions;
  std::int64_t moved_count = 0;
  std::int64_t other_currency_order_count = 0;
};

// Everybody under a policy: over the table in memory where there is one, else over the ledger.
using ScoreAll = std::function<absl::StatusOr<Scoring>(const Policy& policy, const Reference& reference)>;

// What the policy, whose id names the one in force, would make of everybody as of `reference`. Keeps some 120 bytes a
// person until it answers.
absl::StatusOr<Preview> PreviewPolicy(postgres::Tx& tx, const Policy& policy, const Reference& reference,
                                      const ScoreAll& score);

// What the people who had a label did afterwards.
struct LabelOutcome {
  std::string label;
  std::int64_t contact_count = 0;
  std::int64_t buyer_count = 0;  // who ordered within the horizon
  std::int64_t order_count = 0;
  std::int64_t monetary_minor = 0;
};

struct Backtest {
  Policy policy;  // its currency fixed
  Thresholds thresholds;
  // One for each label of the policy, in its order.
  std::vector<LabelOutcome> labels;
};

// Labels everybody as of a past moment, then counts what they bought from then until `until`, by the policy's store,
// currency and basis; its window does not narrow what comes after.
using SumAll = std::function<absl::Status(const PurchaseFilter& filter, const std::function<void(const PersonSums&)>&)>;
absl::StatusOr<Backtest> BacktestPolicy(const Policy& policy, Time as_of, Time until, const ScoreAll& score,
                                        const SumAll& sum);

// Bits that tell in which of a caller's groups a person is.
using Groups = std::uint8_t;

struct CohortCount {
  int label = 0;  // its place in the policy's labels
  Groups groups = 0;
  std::int64_t contact_count = 0;
  std::vector<std::int64_t> buyer_counts{};  // who ordered until each of the times
};

struct Cohorts {
  Policy policy;                    // its currency fixed
  std::vector<CohortCount> counts;  // by label, then by groups; only those of somebody
  std::int64_t unlabelled_count = 0;
};

// Labels everybody as of a past moment, as BacktestPolicy does, then counts by label and groups who ordered from then
// until each of the times. `groups` names canonical contacts; whoever it does not name is in none.
absl::StatusOr<Cohorts> CountCohorts(const Policy& policy, Time as_of, const std::vector<Time>& untils,
                                     const std::unordered_map<Uuid, Groups>& groups, const ScoreAll& score,
                                     const SumAll& sum);

}  // namespace esnaf::segmentation
