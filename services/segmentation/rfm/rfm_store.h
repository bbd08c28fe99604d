#pragma once

// Scores per person, and the history of their labels.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/rfm/rfm.h"
#include "services/segmentation/rfm/rfm_policy.h"

namespace esnaf::segmentation {

struct ScoreRecord {
  Uuid contact_id;  // canonical
  std::int64_t policy_version = 0;
  std::string label;
  std::string previous_label;
  Time label_time;
  Values values;
  Scores scores;
  Time as_of;
};

// A line of the history. `score.label` is empty where the person has none any more; values and scores are then the
// last.
struct LabelChange {
  Uuid id;
  std::int64_t number = 0;  // counts from 1 within a policy
  ScoreRecord score;
  int direction = 0;
};

// A score is not written again where a computation found all of it as it stood but for the days that have passed since:
// by how many days recency is longer as of the last computation than in a score of `as_of`; 0 where an increment made
// the score afterwards.
absl::StatusOr<std::int64_t> DaysMoved(const ActivePolicy& active, Time as_of);
// Makes a stored score what it is as of the last computation. One that the computation has not written yet, and one
// that an increment made since, stays as it is.
absl::Status StandAsOfComputation(const PolicyRecord& record, ScoreRecord& score);

struct LabelSums {
  std::string label;
  std::int64_t contact_count = 0;
  std::int64_t order_count = 0;
  std::int64_t monetary_minor = 0;
  double mean_recency_days = 0;
};

struct Transition {
  std::string from_label;
  std::string to_label;
  std::int64_t contact_count = 0;
};

absl::StatusOr<std::optional<ScoreRecord>> GetScore(postgres::Tx& tx, const std::string& policy_id,
                                                    const Uuid& contact);
// The scores of those contacts that have one.
absl::StatusOr<std::vector<ScoreRecord>> GetScores(postgres::Tx& tx, const std::string& policy_id,
                                                   const std::vector<Uuid>& contacts);
// The next scores behind a contact, in the order of contacts.
absl::StatusOr<std::vector<ScoreRecord>> ScoresAfter(postgres::Tx& tx, const std::string& policy_id, const Uuid& after,
                                                     std::int64_t limit);
// Everybody's label, without keeping all in memory. Needs a transaction.
absl::Status ForEachLabel(postgres::Tx& tx, const std::string& policy_id,
                          const std::function<void(const Uuid& contact, std::string label)>& visit);

absl::Status UpsertScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<ScoreRecord>& scores);
absl::Status DeleteScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<Uuid>& contacts);

absl::Status AppendHistory(postgres::Tx& tx, const std::string& policy_id, const std::vector<LabelChange>& changes);

// Recency is as of the policy's last computation, or as of a later increment.
absl::StatusOr<std::vector<LabelSums>> SumsPerLabel(postgres::Tx& tx, const ActivePolicy& active);
// Where people stood at two times, those who stayed included; an empty label where they had none.
absl::StatusOr<std::vector<Transition>> TransitionsBetween(postgres::Tx& tx, const std::string& policy_id, Time from,
                                                           Time to);

// What the list of scores and the history select, and how a row of it is read.
extern const char kScoreColumns[];
inline constexpr int kScoreColumnCount = 13;
ScoreRecord ReadScore(const postgres::Row& row);

}  // namespace esnaf::segmentation
