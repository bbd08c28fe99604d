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

// What is known of a person's label before it is made anew.
struct LabelState {
  Uuid contact_id;
  std::string label;
  std::string previous_label;
  Time label_time;
  Scores scores;
};

// A line of the history. `score.label` is empty where the person has none any more; values and scores are then the
// last.
struct LabelChange {
  Uuid id;
  std::int64_t number = 0;  // counts from 1 within a policy
  ScoreRecord score;
  int direction = 0;
};

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
// Everybody's label, without keeping all in memory. Needs a transaction.
absl::Status ForEachLabelState(postgres::Tx& tx, const std::string& policy_id,
                               const std::function<void(const LabelState&)>& visit);

absl::Status UpsertScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<ScoreRecord>& scores);
absl::Status DeleteScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<Uuid>& contacts);
// For a computation: all go, then come back by COPY.
absl::Status DeleteAllScores(postgres::Tx& tx, const std::string& policy_id);
absl::Status CopyScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<ScoreRecord>& scores);

absl::Status AppendHistory(postgres::Tx& tx, const std::string& policy_id, const std::vector<LabelChange>& changes);

absl::StatusOr<std::vector<LabelSums>> SumsPerLabel(postgres::Tx& tx, const std::string& policy_id);
// Where people stood at two times, those who stayed included; an empty label where they had none.
absl::StatusOr<std::vector<Transition>> TransitionsBetween(postgres::Tx& tx, const std::string& policy_id, Time from,
                                                           Time to);

// What the list of scores and the history select, and how a row of it is read.
extern const char kScoreColumns[];
inline constexpr int kScoreColumnCount = 13;
ScoreRecord ReadScore(const postgres::Row& row);

}  // namespace esnaf::segmentation
