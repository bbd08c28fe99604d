#pragma once

// Who is in which segment, who was put on which static list, and snapshots of members.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/segments/segment.h"

namespace esnaf::segmentation {

// People, as canonical contacts.
struct MembershipChange {
  std::vector<Uuid> entered;
  std::vector<Uuid> left;
};

// Writes who entered and who left a locked segment, counts them in `record` and in the table, and tells of each by an
// event (SegmentEntered, SegmentLeft). Whoever is in it already, or is not in it, is passed over, so that telling the
// same twice changes nothing. `as_of` is the reference time of the members that stand then. Answers what changed.
absl::StatusOr<MembershipChange> ApplyMembership(postgres::Tx& tx, SegmentRecord& record,
                                                 const MembershipChange& change, Time as_of, const Cause& cause);

// What is written of one of several segments. `change` holds what actually changed afterwards.
struct MembershipWrite {
  SegmentRecord* record = nullptr;
  MembershipChange change;
  Time as_of;
};
// The same for several locked segments, each once, in as many statements as for one.
absl::Status ApplyMemberships(postgres::Tx& tx, std::vector<MembershipWrite>& writes, const Cause& cause);

// So many of the members of a locked segment leave it, and so many entries go from its list; for one that is about to
// be deleted. Answers whether that were all.
absl::StatusOr<bool> RemoveSomeMembers(postgres::Tx& tx, SegmentRecord& record, std::int64_t limit, const Cause& cause);

// Every member, in order.
absl::StatusOr<std::vector<Uuid>> MembersOf(postgres::Tx& tx, const std::string& segment_id);
// Since when a canonical contact is in a segment; none where it is not.
absl::StatusOr<std::optional<Time>> EnterTimeOf(postgres::Tx& tx, const std::string& segment_id, const Uuid& contact);
// The segments that a canonical contact is in, by id, with the store of each (empty: all stores).
struct StoreMembership {
  Membership membership;
  std::string store_id;
};
absl::StatusOr<std::vector<StoreMembership>> MembershipsOf(postgres::Tx& tx, const Uuid& contact);

// Puts contacts on a locked static list and makes members of the people they are. Answers how many were not on it.
absl::StatusOr<int> AddToList(postgres::Tx& tx, SegmentRecord& record, const std::vector<Uuid>& contacts,
                              const Cause& cause);
// Takes people off a locked static list, by whichever of their contacts they were put on. Answers how many were on it.
absl::StatusOr<int> RemoveFromList(postgres::Tx& tx, SegmentRecord& record, const std::vector<Uuid>& contacts,
                                   const Cause& cause);
// Makes the members of static lists anew for people whose cluster of contacts changed; `contacts` holds all that were
// or are canonical.
absl::Status SyncLists(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause);

// Keeps who is in a locked segment now. At most `limit` members are copied here; where there are more the snapshot is
// pending, and CopySomeMembers goes on. Whoever enters or leaves meanwhile does not alter it. FAILED_PRECONDITION,
// reason `SEGMENT_NOT_COUNTED`, where the members were not counted yet.
absl::StatusOr<SegmentSnapshot> InsertSnapshot(postgres::Tx& tx, const SegmentRecord& record,
                                               const std::string& display_name, Time now, std::int64_t limit);
// Goes on with the oldest pending snapshot that no other transaction holds. Answers whether there was one.
absl::StatusOr<bool> CopySomeMembers(postgres::Tx& tx, std::int64_t limit);
// NOT_FOUND, reason `SEGMENT_SNAPSHOT_NOT_FOUND`, also where it is another segment's.
absl::StatusOr<SegmentSnapshot> GetSnapshot(postgres::Tx& tx, const std::string& segment_id, const Uuid& id);
// FAILED_PRECONDITION, reason `SEGMENT_SNAPSHOT_PENDING`, where not all of its members are copied; else as GetSnapshot.
absl::Status RequireWholeSnapshot(postgres::Tx& tx, const std::string& segment_id, const Uuid& id);

// What a list of snapshots selects, and how a row of it is read.
extern const char kSnapshotColumns[];
inline constexpr int kSnapshotColumnCount = 8;
SegmentSnapshot ReadSnapshot(const postgres::Row& row);

}  // namespace esnaf::segmentation
