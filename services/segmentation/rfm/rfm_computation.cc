#include "services/segmentation/rfm/rfm_computation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/each_once.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_table.h"
#include "services/segmentation/segments/membership_updater.h"

namespace esnaf::segmentation {
namespace {

// How long one call of ComputeAndWrite goes on: consumers wait for the policy between pieces too, and a program that
// stops waits for it.
constexpr std::chrono::seconds kWriteAtOnce{5};

bool IsBehind(const ScoredPerson& person, const Uuid& contact) { return person.contact_id <= contact; }

// Whether a stored score must be written again to be as expected.
absl::StatusOr<bool> Differs(const ActivePolicy& active, const ScoreRecord& stored, const ScoredPerson& expected) {
  if (stored.policy_version != active.version || stored.scores != expected.scores ||
      stored.label != active.policy.labels[expected.label].key ||
      stored.values.frequency != expected.values.frequency ||
      stored.values.monetary_minor != expected.values.monetary_minor) {
    return true;
  }
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t days, DaysMoved(active, stored.as_of));
  return stored.values.recency_days + days != expected.values.recency_days;
}

// Who differs among the next people behind the cursor, and how far that looked.
struct Piece {
  std::vector<Uuid> differing;
  std::optional<Uuid> cursor;  // none where everybody was looked at
};

absl::StatusOr<Piece> FindPiece(const PolicyRecord& record, const std::vector<ScoredPerson>& people,
                                const std::vector<ScoreRecord>& stored, const PieceSize& size) {
  const ActivePolicy& active = *record.active;
  auto person = std::lower_bound(people.begin(), people.end(), *record.write_cursor, IsBehind);
  auto score = stored.begin();
  Piece piece;
  for (std::size_t looked = 0; person != people.end() || score != stored.end(); ++looked) {
    // Behind the last stored score that was read there may be more.
    if (looked == size.read || piece.differing.size() == size.write ||
        (score == stored.end() && stored.size() == size.read)) {
      return piece;
    }
    const bool has_score = score != stored.end() && (person == people.end() || score->contact_id <= person->contact_id);
    const bool is_expected =
        person != people.end() && (score == stored.end() || person->contact_id <= score->contact_id);
    const Uuid contact = has_score ? score->contact_id : person->contact_id;
    // Whoever an increment has scored since stands as of then.
    const bool is_newer = has_score && score->as_of > active.compute_time;
    bool differs = has_score != is_expected;
    if (has_score && is_expected) {
      ESNAF_ASSIGN_OR_RETURN(differs, Differs(active, *score, *person));
    }
    if (differs && !is_newer) piece.differing.push_back(contact);
    piece.cursor = contact;
    if (has_score) ++score;
    if (is_expected) ++person;
  }
  piece.cursor.reset();
  return piece;
}

}  // namespace

absl::StatusOr<Scoring> RfmComputer::Score(postgres::Tx& tx, const Policy& policy, const Reference& reference,
                                           const std::optional<Thresholds>& thresholds) {
  const absl::Status loaded = keeper_ == nullptr ? TableIsLoading() : keeper_->CatchUp(tx);
  if (!loaded.ok() && ErrorReason(loaded) != kTableLoading) return loaded;
  absl::StatusOr<Scoring> scoring = loaded.ok() ? keeper_->WithTable([&](const PersonTable& table) {
    return ScoreTable(table, policy, reference, thresholds);
  })
                                                : ScoreEverybody(tx, policy, reference, thresholds);
  ESNAF_RETURN_IF_ERROR(scoring.status());
  std::sort(scoring->people.begin(), scoring->people.end(),
            [](const ScoredPerson& a, const ScoredPerson& b) { return a.contact_id < b.contact_id; });
  return scoring;
}

absl::StatusOr<std::int64_t> RfmComputer::WriteNext(postgres::Tx& tx, PolicyRecord& record, const Cause& cause) {
  const ActivePolicy& active = *record.active;
  const Reference reference{.as_of = active.as_of, .count_until = active.count_until};
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ScoreRecord> stored, ScoresAfter(tx, active.policy.id, *record.write_cursor,
                                                                            static_cast<std::int64_t>(size_.read)));
  ESNAF_ASSIGN_OR_RETURN(Piece piece, FindPiece(record, expected_->scoring.people, stored, size_));
  const std::int64_t before = record.change_count;
  if (!piece.differing.empty()) {
    ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, piece.differing));
    canonicals = EachOnce(std::move(canonicals));
    // Who was merged away since has nothing but a score to lose; into whom, the increment of the merge has scored.
    std::vector<Uuid> people;
    std::set_intersection(canonicals.begin(), canonicals.end(), piece.differing.begin(), piece.differing.end(),
                          std::back_inserter(people));
    ESNAF_RETURN_IF_ERROR(ScoreSome(tx, record, people, piece.differing, reference, cause).status());
    ESNAF_RETURN_IF_ERROR(PeopleChanged(tx, piece.differing, cause));
  }
  record.write_cursor = piece.cursor;
  if (!record.write_cursor) expected_.reset();
  ESNAF_RETURN_IF_ERROR(SetWritten(tx, record));
  return record.change_count - before;
}

absl::StatusOr<Computation> RfmComputer::ComputeLocked(postgres::Tx& tx, const PolicyRecord& locked,
                                                       const Reference& reference, const Cause& cause) {
  ESNAF_ASSIGN_OR_RETURN(Scoring scoring, Score(tx, locked.policy, reference, std::nullopt));
  PolicyRecord record = locked;
  ActivePolicy& active = record.active.emplace();
  active = {.policy = scoring.policy, .thresholds = scoring.thresholds, .version = record.version};
  active.as_of = reference.as_of;
  active.count_until = reference.count_until;
  active.compute_time = cause.now;
  record.scored_count = static_cast<std::int64_t>(scoring.people.size());
  record.write_cursor = Uuid();
  ESNAF_RETURN_IF_ERROR(SetActive(tx, active, record.scored_count));
  Computation computation{.scored_count = record.scored_count, .thresholds = active.thresholds};
  computation.other_currency_order_count = scoring.other_currency_order_count;
  computation.policy_version = active.version;
  expected_ = Expected{.compute_time = active.compute_time, .scoring = std::move(scoring)};
  ESNAF_ASSIGN_OR_RETURN(computation.changed_count, WriteNext(tx, record, cause));
  computation.pending = record.write_cursor.has_value();
  return computation;
}

absl::StatusOr<Computation> RfmComputer::Compute(postgres::Tx& tx, const std::string& policy_id,
                                                 const Reference& reference, const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, LockPolicy(tx, policy_id));
  return ComputeLocked(tx, record, reference, cause);
}

absl::StatusOr<std::optional<Computation>> RfmComputer::ComputeIfNeeded(postgres::Tx& tx, const std::string& policy_id,
                                                                        const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, LockPolicy(tx, policy_id));
  // Another replica, or a call, may have been quicker.
  if (!NeedsComputation(record, cause.now)) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(Computation computation, ComputeLocked(tx, record, Reference::Now(cause.now), cause));
  return std::optional<Computation>(std::move(computation));
}

absl::StatusOr<bool> RfmComputer::WritePiece(postgres::Tx& tx, const std::string& policy_id, const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_ASSIGN_OR_RETURN(PolicyRecord record, LockPolicy(tx, policy_id));
  if (!record.active || !record.write_cursor) return false;
  const ActivePolicy& active = *record.active;
  if (!expected_ || expected_->scoring.policy.id != policy_id || expected_->compute_time != active.compute_time) {
    const Reference reference{.as_of = active.as_of, .count_until = active.count_until};
    ESNAF_ASSIGN_OR_RETURN(Scoring scoring, Score(tx, active.policy, reference, active.thresholds));
    expected_ = Expected{.compute_time = active.compute_time, .scoring = std::move(scoring)};
  }
  ESNAF_RETURN_IF_ERROR(WriteNext(tx, record, cause).status());
  return record.write_cursor.has_value();
}

absl::StatusOr<Computation> Compute(postgres::Tx& tx, const std::string& policy_id, const Reference& reference,
                                    const Cause& cause) {
  return RfmComputer().Compute(tx, policy_id, reference, cause);
}

absl::StatusOr<ComputerRun> ComputeAndWrite(postgres::Connection& connection, RfmComputer& computer,
                                            const std::string& policy_id, Time now) {
  ComputerRun run;
  const Cause cause = OwnCause(now);
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Computation> computation, connection.Run({}, [&](postgres::Tx& tx) {
    return computer.ComputeIfNeeded(tx, policy_id, cause);
  }));
  run.computed = computation.has_value();
  run.newest_event_xact = connection.last_event_xact();
  const auto begun = std::chrono::steady_clock::now();
  for (bool pending = true; pending && std::chrono::steady_clock::now() - begun < kWriteAtOnce;) {
    ESNAF_ASSIGN_OR_RETURN(
        pending, connection.Run({}, [&](postgres::Tx& tx) { return computer.WritePiece(tx, policy_id, cause); }));
    run.newest_event_xact = std::max(run.newest_event_xact, connection.last_event_xact());
  }
  return run;
}

}  // namespace esnaf::segmentation
