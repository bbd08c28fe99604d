#pragma once

// Segments as they are stored.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/segments/segment.h"

namespace esnaf::segmentation {

// False where the id is taken.
absl::StatusOr<bool> InsertSegment(postgres::Tx& tx, const Segment& segment, Time now);
// NOT_FOUND, reason `SEGMENT_NOT_FOUND`.
absl::StatusOr<SegmentRecord> GetSegment(postgres::Tx& tx, const std::string& id);
absl::StatusOr<SegmentRecord> LockSegment(postgres::Tx& tx, const std::string& id);
// Every one, by id.
absl::StatusOr<std::vector<SegmentRecord>> ListSegments(postgres::Tx& tx);
// Those that exist, locked in the order of their ids.
absl::StatusOr<std::vector<SegmentRecord>> LockSegments(postgres::Tx& tx, const std::vector<std::string>& ids);

// What every segment refers to. Locks out other changes of references until the transaction ends, so that two updates
// cannot close a cycle together.
absl::StatusOr<std::map<std::string, std::set<std::string>>> LockReferences(postgres::Tx& tx);

// A new version of a locked segment: all but its members.
absl::Status UpdateSegment(postgres::Tx& tx, const SegmentRecord& record);
// Hides a locked segment from everybody but LockDeletedSegment.
absl::Status MarkDeleted(postgres::Tx& tx, const std::string& id, Time now);
// Whether the id is one of a deleted segment that members are still leaving: nobody sees it, and it is not free.
absl::StatusOr<bool> IsBeingDeleted(postgres::Tx& tx, const std::string& id);
// The segment that was marked first, locked; none where there is none that another transaction does not hold.
absl::StatusOr<std::optional<SegmentRecord>> LockDeletedSegment(postgres::Tx& tx);
// With its members and list.
absl::Status DeleteSegment(postgres::Tx& tx, const std::string& id);

// What a list of segments selects, and how a row of it is read.
extern const char kSegmentColumns[];
inline constexpr int kSegmentColumnCount = 7;
absl::StatusOr<SegmentRecord> ReadSegment(const postgres::Row& row);

}  // namespace esnaf::segmentation
