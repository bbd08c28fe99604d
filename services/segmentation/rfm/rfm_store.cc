#include "services/segmentation/rfm/rfm_store.h"

#include "libs/base/macros.h"
#include "services/segmentation/rfm/rfm_policy.h"

namespace esnaf::segmentation {

const char kScoreColumns[] =
    "contact_id, policy_version, label, previous_label, label_time, recency_days, frequency, monetary_minor, "
    "recency_score, frequency_score, monetary_score, as_of_time, policy_id";

namespace {

// Looked up contact by contact, under which there is one row a policy: what an OFFSET ends is planned by itself. Left
// to choose, the planner, who knows nothing yet of a table that has just grown, reads all scores of the policy.
const postgres::Statement kGetScores("segmentation", "get_scores", R"sql(
SELECT s.contact_id, policy_version, label, previous_label, label_time, recency_days, frequency, monetary_minor,
       recency_score, frequency_score, monetary_score, as_of_time
  FROM unnest($2::uuid[]) AS asked (id)
       CROSS JOIN LATERAL (SELECT * FROM rfm_score WHERE contact_id = asked.id OFFSET 0) s
 WHERE policy_id = $1
)sql");

// Walks along the key, contact by contact; see above.
const postgres::Statement kScoresAfter("segmentation", "scores_after", R"sql(
SELECT contact_id, policy_version, label, previous_label, label_time, recency_days, frequency, monetary_minor,
       recency_score, frequency_score, monetary_score, as_of_time
  FROM (SELECT * FROM rfm_score WHERE contact_id > $2 ORDER BY contact_id, policy_id OFFSET 0) s
 WHERE policy_id = $1 ORDER BY contact_id LIMIT $3
)sql");

const postgres::Statement kDeclareLabels("segmentation", "declare_labels", R"sql(
DECLARE rfm_labels NO SCROLL CURSOR FOR
SELECT contact_id, label FROM rfm_score WHERE policy_id = $1
)sql");

const postgres::Statement kUpsertScores("segmentation", "upsert_scores", R"sql(
INSERT INTO rfm_score (policy_id, contact_id, policy_version, label, previous_label, label_time, recency_days,
                       frequency, monetary_minor, recency_score, frequency_score, monetary_score, as_of_time)
SELECT $1, i.* FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[],
                          $8::bigint[], $9::bigint[], $10::smallint[], $11::smallint[], $12::smallint[],
                           $13::timestamptz[])
  AS i (contact_id, policy_version, label, previous_label, label_time, recency_days, frequency, monetary_minor,
        recency_score, frequency_score, monetary_score, as_of_time)
ON CONFLICT (policy_id, contact_id) DO UPDATE SET
  policy_version = excluded.policy_version, label = excluded.label, previous_label = excluded.previous_label,
  label_time = excluded.label_time, recency_days = excluded.recency_days, frequency = excluded.frequency,
  monetary_minor = excluded.monetary_minor, recency_score = excluded.recency_score,
  frequency_score = excluded.frequency_score, monetary_score = excluded.monetary_score,
  as_of_time = excluded.as_of_time
)sql");

const postgres::Statement kDeleteScores("segmentation", "delete_scores", R"sql(
DELETE FROM rfm_score WHERE policy_id = $1 AND contact_id = ANY ($2::uuid[])
)sql");

const postgres::Statement kSumsPerLabel("segmentation", "sums_per_label", R"sql(
SELECT label, count(*), sum(frequency)::bigint, sum(monetary_minor)::bigint,
       avg(recency_days + CASE WHEN as_of_time > $2::timestamptz THEN 0
                               ELSE ($3::timestamptz AT TIME ZONE $4)::date - (as_of_time AT TIME ZONE $4)::date END)
         ::double precision
  FROM rfm_score WHERE policy_id = $1 GROUP BY label ORDER BY label
)sql");

// A line with an earlier time may have been written later, by a computation that looked back: the time counts, then the
// order of writing.
const postgres::Statement kTransitions("segmentation", "transitions", R"sql(
WITH at_from AS (
  SELECT DISTINCT ON (contact_id) contact_id, label FROM rfm_history
   WHERE policy_id = $1 AND label_time <= $2 ORDER BY contact_id, label_time DESC, number DESC
), at_to AS (
  SELECT DISTINCT ON (contact_id) contact_id, label FROM rfm_history
   WHERE policy_id = $1 AND label_time <= $3 ORDER BY contact_id, label_time DESC, number DESC
), pair AS (
  SELECT coalesce(f.label, '') AS from_label, coalesce(t.label, '') AS to_label
    FROM at_from f FULL JOIN at_to t ON t.contact_id = f.contact_id
)
SELECT from_label, to_label, count(*) FROM pair
 WHERE from_label <> '' OR to_label <> ''
 GROUP BY from_label, to_label ORDER BY from_label, to_label
)sql");

}  // namespace

absl::StatusOr<std::int64_t> DaysMoved(const ActivePolicy& active, Time as_of) {
  if (as_of > active.compute_time) return 0;
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(active.policy.time_zone));
  return (std::chrono::sys_days(zone.LocalDate(active.as_of)) - std::chrono::sys_days(zone.LocalDate(as_of))).count();
}

absl::Status StandAsOfComputation(const PolicyRecord& record, ScoreRecord& score) {
  const bool is_written = !record.write_cursor || score.contact_id <= *record.write_cursor;
  if (!record.active || !is_written || score.as_of > record.active->compute_time) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t days, DaysMoved(*record.active, score.as_of));
  score.values.recency_days += days;
  score.as_of = record.active->as_of;
  return absl::OkStatus();
}

ScoreRecord ReadScore(const postgres::Row& row) {
  ScoreRecord score;
  score.contact_id = row.Get<Uuid>(0);
  score.policy_version = row.Get<std::int64_t>(1);
  score.label = row.Get<std::string>(2);
  score.previous_label = row.Get<std::string>(3);
  score.label_time = row.Get<Time>(4);
  score.values = {row.Get<std::int64_t>(5), row.Get<std::int64_t>(6), row.Get<std::int64_t>(7)};
  score.scores = {row.Get<int>(8), row.Get<int>(9), row.Get<int>(10)};
  score.as_of = row.Get<Time>(11);
  return score;
}

absl::StatusOr<std::optional<ScoreRecord>> GetScore(postgres::Tx& tx, const std::string& policy_id,
                                                    const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<ScoreRecord> scores, GetScores(tx, policy_id, {contact}));
  if (scores.empty()) return std::optional<ScoreRecord>();
  return std::optional<ScoreRecord>(std::move(scores.front()));
}

absl::StatusOr<std::vector<ScoreRecord>> GetScores(postgres::Tx& tx, const std::string& policy_id,
                                                   const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetScores, policy_id, contacts));
  std::vector<ScoreRecord> scores;
  for (int i = 0; i < rows.size(); ++i) scores.push_back(ReadScore(rows[i]));
  return scores;
}

absl::StatusOr<std::vector<ScoreRecord>> ScoresAfter(postgres::Tx& tx, const std::string& policy_id, const Uuid& after,
                                                     std::int64_t limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kScoresAfter, policy_id, after, limit));
  std::vector<ScoreRecord> scores;
  for (int i = 0; i < rows.size(); ++i) scores.push_back(ReadScore(rows[i]));
  return scores;
}

absl::Status ForEachLabel(postgres::Tx& tx, const std::string& policy_id,
                          const std::function<void(const Uuid& contact, std::string label)>& visit) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kDeclareLabels, policy_id).status());
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic("FETCH FORWARD 10000 FROM rfm_labels", {}));
    if (rows.empty()) break;
    for (int i = 0; i < rows.size(); ++i) visit(rows[i].Get<Uuid>(0), rows[i].Get<std::string>(1));
  }
  return tx.ExecuteDynamic("CLOSE rfm_labels", {}).status();
}

absl::Status UpsertScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<ScoreRecord>& scores) {
  if (scores.empty()) return absl::OkStatus();
  std::vector<Uuid> contacts;
  std::vector<std::int64_t> versions, recency_days, frequency, monetary_minor;
  std::vector<std::string> labels, previous_labels;
  std::vector<Time> label_times, as_of_times;
  std::vector<int> recency_scores, frequency_scores, monetary_scores;
  for (const ScoreRecord& score : scores) {
    contacts.push_back(score.contact_id);
    versions.push_back(score.policy_version);
    labels.push_back(score.label);
    previous_labels.push_back(score.previous_label);
    label_times.push_back(score.label_time);
    recency_days.push_back(score.values.recency_days);
    frequency.push_back(score.values.frequency);
    monetary_minor.push_back(score.values.monetary_minor);
    recency_scores.push_back(score.scores.recency);
    frequency_scores.push_back(score.scores.frequency);
    monetary_scores.push_back(score.scores.monetary);
    as_of_times.push_back(score.as_of);
  }
  return tx
      .Execute(kUpsertScores, policy_id, contacts, versions, labels, previous_labels, label_times, recency_days,
               frequency, monetary_minor, recency_scores, frequency_scores, monetary_scores, as_of_times)
      .status();
}

absl::Status DeleteScores(postgres::Tx& tx, const std::string& policy_id, const std::vector<Uuid>& contacts) {
  if (contacts.empty()) return absl::OkStatus();
  return tx.Execute(kDeleteScores, policy_id, contacts).status();
}

absl::Status AppendHistory(postgres::Tx& tx, const std::string& policy_id, const std::vector<LabelChange>& changes) {
  if (changes.empty()) return absl::OkStatus();
  std::vector<std::vector<postgres::Param>> rows;
  rows.reserve(changes.size());
  for (const LabelChange& change : changes) {
    const ScoreRecord& score = change.score;
    rows.push_back({policy_id, change.number, change.id, score.contact_id, score.label, score.previous_label,
                    score.label_time, score.label.empty() ? std::string() : FormatScores(score.scores),
                    score.values.recency_days, score.values.frequency, score.values.monetary_minor, change.direction});
  }
  return tx.Copy("rfm_history",
                 {"policy_id", "number", "id", "contact_id", "label", "previous_label", "label_time", "scores",
                  "recency_days", "frequency", "monetary_minor", "direction"},
                 rows);
}

absl::StatusOr<std::vector<LabelSums>> SumsPerLabel(postgres::Tx& tx, const ActivePolicy& active) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSumsPerLabel, active.policy.id, active.compute_time,
                                                                 active.as_of, active.policy.time_zone));
  std::vector<LabelSums> sums;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    sums.push_back({row.Get<std::string>(0), row.Get<std::int64_t>(1), row.Get<std::int64_t>(2),
                    row.Get<std::int64_t>(3), row.Get<double>(4)});
  }
  return sums;
}

absl::StatusOr<std::vector<Transition>> TransitionsBetween(postgres::Tx& tx, const std::string& policy_id, Time from,
                                                           Time to) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTransitions, policy_id, from, to));
  std::vector<Transition> transitions;
  for (int i = 0; i < rows.size(); ++i) {
    transitions.push_back({rows[i].Get<std::string>(0), rows[i].Get<std::string>(1), rows[i].Get<std::int64_t>(2)});
  }
  return transitions;
}

}  // namespace esnaf::segmentation
