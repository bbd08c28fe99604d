#pragma once

// Keeps the members of rule segments: of the few whose facts an event changed, in the event's own transaction, and of
// everybody when a rule is new or time has passed. Whoever evaluates holds the lock of LockReferences until the end of
// the transaction, so that evaluations follow one another and each sees the facts of those before it.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/person_table_keeper.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/segments/segment_member_store.h"

namespace esnaf::segmentation {

// Facts of these contacts, or of the people they are, changed in this transaction: tells copies in memory, evaluates
// every counted segment for these people and writes who entered and who left, with events. The cost depends on these
// people and on the number of segments, not on how many people there are.
absl::Status PeopleChanged(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause);

// Orders of these contacts changed in this transaction: the same as Rescore and then PeopleChanged, but these people's
// facts are read once for both.
absl::Status BuyersChanged(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause);

// The values of everybody were replaced in this transaction (the default value model's list): copies in memory read all
// anew, and the segments that ask for values are left uncounted, for SegmentCounter::CountDue.
absl::Status ValuesReplaced(postgres::Tx& tx);

// How many entries and exits one transaction writes at most, of all segments together: each is a row and an event, and
// consumers wait meanwhile.
inline constexpr std::size_t kMostChanges = 20000;

// What a recount of a segment found.
struct Recount {
  std::int64_t member_count = 0;
  std::vector<Uuid> missing;  // whom the recount found and who are no members; in order
  std::vector<Uuid> surplus;  // the other way round
  std::int64_t recount_count = 0;
  Time as_of;
};

// Counts segments over everybody, in the table that the keeper holds.
class SegmentCounter {
 public:
  explicit SegmentCounter(PersonTableKeeper& keeper, std::size_t most_changes = kMostChanges)
      : keeper_(keeper), most_changes_(most_changes) {}

  // Makes the members of a new or changed segment anew as of now, and of those that name it. The segment is locked, and
  // its references are (LockReferences). Where the table is not loaded, or more people enter and leave than one
  // transaction may write, they are left uncounted, for CountDue.
  absl::Status Count(postgres::Tx& tx, SegmentRecord& record, const Cause& cause);

  // Counts what was never counted and moves on what time alone changes, where it was counted a minute ago or longer;
  // only differences are written, and no more than one transaction may: a segment of which some are left to write stays
  // uncounted, and those that name it too. Answers whether there is more to do. TableIsLoading() where the table is not
  // there.
  absl::StatusOr<bool> CountDue(postgres::Tx& tx, const Cause& cause);

  // Goes on with the segment that was deleted first: members leave it, and it goes with the last. Answers whether there
  // is more to do.
  absl::StatusOr<bool> DeleteSome(postgres::Tx& tx, const Cause& cause);

  // Compares a segment's members with a recount as of their own reference time. FAILED_PRECONDITION, reason
  // `SEGMENT_NOT_COUNTED`, where it was not counted yet.
  absl::StatusOr<Recount> Verify(postgres::Tx& tx, const std::string& segment_id);

 private:
  PersonTableKeeper& keeper_;
  std::size_t most_changes_;
};

}  // namespace esnaf::segmentation
