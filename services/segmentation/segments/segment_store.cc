#include "services/segmentation/segments/segment_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {

const char kSegmentColumns[] = "body, version, create_time, update_time, member_count, as_of_time, change_count";

namespace {

const postgres::Statement kInsertSegment("segmentation", "insert_segment", R"sql(
INSERT INTO segment (id, uid, body, display_name, kind, store_id, refers_to, version, create_time, update_time,
                     change_count)
VALUES ($1, $2, $3, $4, $5, $6, $7::text[], 1, $8, $8, $9)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");

const postgres::Statement kGetSegment("segmentation", "get_segment", R"sql(
SELECT body, version, create_time, update_time, member_count, as_of_time, change_count
  FROM segment WHERE id = $1 AND delete_time IS NULL
)sql");

const postgres::Statement kLockSegments("segmentation", "lock_segments", R"sql(
SELECT body, version, create_time, update_time, member_count, as_of_time, change_count
  FROM segment WHERE id = ANY ($1::text[]) AND delete_time IS NULL ORDER BY id FOR UPDATE
)sql");

const postgres::Statement kListSegments("segmentation", "list_segments", R"sql(
SELECT body, version, create_time, update_time, member_count, as_of_time, change_count
  FROM segment WHERE delete_time IS NULL ORDER BY id
)sql");

// The number names this lock among the schema's advisory locks; the schema's own number keeps it from other schemas'.
const postgres::Statement kLockReferences("segmentation", "lock_references", R"sql(
SELECT pg_advisory_xact_lock(30, current_schema()::regnamespace::oid::int)
)sql");

const postgres::Statement kReferences("segmentation", "references", R"sql(
SELECT id, refers_to FROM segment WHERE delete_time IS NULL
)sql");

const postgres::Statement kUpdateSegment("segmentation", "update_segment", R"sql(
UPDATE segment SET body = $2, display_name = $3, store_id = $4, refers_to = $5::text[], version = $6, update_time = $7
 WHERE id = $1
)sql");

const postgres::Statement kDeleteSegment("segmentation", "delete_segment", R"sql(
DELETE FROM segment WHERE id = $1
)sql");

const postgres::Statement kMarkDeleted("segmentation", "mark_segment_deleted", R"sql(
UPDATE segment SET delete_time = $2, as_of_time = NULL WHERE id = $1
)sql");

const postgres::Statement kIsBeingDeleted("segmentation", "is_segment_being_deleted", R"sql(
SELECT EXISTS (SELECT FROM segment WHERE id = $1 AND delete_time IS NOT NULL)
)sql");

const postgres::Statement kLockDeleted("segmentation", "lock_deleted_segment", R"sql(
SELECT body, version, create_time, update_time, member_count, as_of_time, change_count
  FROM segment WHERE delete_time IS NOT NULL ORDER BY delete_time LIMIT 1 FOR UPDATE SKIP LOCKED
)sql");

Uuid UidOf(const std::string& id) { return Uuid::FromName("esnaf.segmentation.segment", id); }

std::vector<std::string> ReferenceList(const Segment& segment) {
  const std::set<std::string> references = ReferencesOf(segment);
  return {references.begin(), references.end()};
}

absl::StatusOr<std::vector<SegmentRecord>> ReadAll(const postgres::Result& rows) {
  std::vector<SegmentRecord> records;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, ReadSegment(rows[i]));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

absl::StatusOr<SegmentRecord> ReadSegment(const postgres::Row& row) {
  SegmentRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.segment, SegmentFromJson(row.Text(0)));
  record.version = row.Get<std::int64_t>(1);
  record.create_time = row.Get<Time>(2);
  record.update_time = row.Get<Time>(3);
  record.member_count = row.Get<std::int64_t>(4);
  record.as_of = row.Get<std::optional<Time>>(5);
  record.change_count = row.Get<std::int64_t>(6);
  return record;
}

// Changes are counted from the microsecond of its creation on: where a segment of this id was deleted before, the
// events of the new one are the newer.
absl::StatusOr<bool> InsertSegment(postgres::Tx& tx, const Segment& segment, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertSegment, segment.id, UidOf(segment.id), SegmentToJson(segment),
                                    segment.display_name, static_cast<int>(segment.kind), segment.store_id,
                                    ReferenceList(segment), now, now.time_since_epoch().count()));
  return !rows.empty();
}

absl::StatusOr<SegmentRecord> GetSegment(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetSegment, id));
  if (rows.empty()) return NotFound("segment", id);
  return ReadSegment(rows[0]);
}

absl::StatusOr<SegmentRecord> LockSegment(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<SegmentRecord> records, LockSegments(tx, {id}));
  if (records.empty()) return NotFound("segment", id);
  return std::move(records.front());
}

absl::StatusOr<std::vector<SegmentRecord>> LockSegments(postgres::Tx& tx, const std::vector<std::string>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockSegments, ids));
  return ReadAll(rows);
}

absl::StatusOr<std::vector<SegmentRecord>> ListSegments(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListSegments));
  return ReadAll(rows);
}

absl::StatusOr<std::map<std::string, std::set<std::string>>> LockReferences(postgres::Tx& tx) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockReferences).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kReferences));
  std::map<std::string, std::set<std::string>> references;
  for (int i = 0; i < rows.size(); ++i) {
    const auto to = rows[i].Get<std::vector<std::string>>(1);
    references[rows[i].Get<std::string>(0)] = {to.begin(), to.end()};
  }
  return references;
}

absl::Status UpdateSegment(postgres::Tx& tx, const SegmentRecord& record) {
  const Segment& segment = record.segment;
  return tx
      .Execute(kUpdateSegment, segment.id, SegmentToJson(segment), segment.display_name, segment.store_id,
               ReferenceList(segment), record.version, record.update_time)
      .status();
}

absl::Status MarkDeleted(postgres::Tx& tx, const std::string& id, Time now) {
  return tx.Execute(kMarkDeleted, id, now).status();
}

absl::StatusOr<bool> IsBeingDeleted(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kIsBeingDeleted, id));
  return rows[0].Get<bool>(0);
}

absl::StatusOr<std::optional<SegmentRecord>> LockDeletedSegment(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockDeleted));
  if (rows.empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, ReadSegment(rows[0]));
  return std::optional(std::move(record));
}

absl::Status DeleteSegment(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDeleteSegment, id).status(); }

}  // namespace esnaf::segmentation
