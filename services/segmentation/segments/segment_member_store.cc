#include "services/segmentation/segments/segment_member_store.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "libs/identity/identity.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {

const char kSnapshotColumns[] =
    "id, segment_id, segment_version, display_name, member_count, as_of_time, create_time, copy_cursor IS NOT NULL";

namespace {

// A snapshot that is still being copied keeps what was: who enters is noted as no member, who leaves as one. Whoever
// was copied or noted before stays as that says.
const postgres::Statement kInsertMembers("segmentation", "insert_segment_members", R"sql(
WITH entered AS (
  INSERT INTO segment_member (segment_id, contact_id, enter_time)
  SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[])
  ON CONFLICT (segment_id, contact_id) DO NOTHING RETURNING segment_id, contact_id),
noted AS (
  INSERT INTO segment_snapshot_member (snapshot_id, contact_id, is_member)
  SELECT n.id, e.contact_id, false
    FROM entered e JOIN segment_snapshot n ON n.segment_id = e.segment_id AND n.copy_cursor IS NOT NULL
  ON CONFLICT (snapshot_id, contact_id) DO NOTHING)
SELECT segment_id, contact_id FROM entered
)sql");

const postgres::Statement kDeleteMembers("segmentation", "delete_segment_members", R"sql(
WITH gone AS (
  DELETE FROM segment_member m USING unnest($1::text[], $2::uuid[]) AS i (segment_id, contact_id)
   WHERE m.segment_id = i.segment_id AND m.contact_id = i.contact_id
  RETURNING m.segment_id, m.contact_id),
noted AS (
  INSERT INTO segment_snapshot_member (snapshot_id, contact_id)
  SELECT n.id, g.contact_id
    FROM gone g JOIN segment_snapshot n ON n.segment_id = g.segment_id AND n.copy_cursor IS NOT NULL
  ON CONFLICT (snapshot_id, contact_id) DO NOTHING)
SELECT segment_id, contact_id FROM gone
)sql");

const postgres::Statement kCountChanges("segmentation", "count_segment_changes", R"sql(
UPDATE segment s SET member_count = i.member_count, change_count = i.change_count, as_of_time = i.as_of_time
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[])
       AS i (id, member_count, change_count, as_of_time)
 WHERE s.id = i.id
)sql");

const postgres::Statement kMembers("segmentation", "segment_members", R"sql(
SELECT contact_id FROM segment_member WHERE segment_id = $1 ORDER BY contact_id
)sql");

const postgres::Statement kSomeMembers("segmentation", "some_segment_members", R"sql(
SELECT contact_id FROM segment_member WHERE segment_id = $1 ORDER BY contact_id LIMIT $2
)sql");

const postgres::Statement kDeleteSomeEntries("segmentation", "delete_some_segment_list_entries", R"sql(
WITH gone AS (
  DELETE FROM segment_list_entry WHERE segment_id = $1 AND contact_id IN (
    SELECT contact_id FROM segment_list_entry WHERE segment_id = $1 ORDER BY contact_id LIMIT $2)
  RETURNING 1)
SELECT count(*) FROM gone
)sql");

const postgres::Statement kEnterTime("segmentation", "segment_enter_time", R"sql(
SELECT enter_time FROM segment_member WHERE segment_id = $1 AND contact_id = $2
)sql");

const postgres::Statement kMemberships("segmentation", "segment_memberships", R"sql(
SELECT m.segment_id, m.contact_id, m.enter_time, s.store_id
  FROM segment_member m JOIN segment s ON s.id = m.segment_id
 WHERE m.contact_id = $1 AND s.delete_time IS NULL ORDER BY m.segment_id
)sql");

const postgres::Statement kInsertEntries("segmentation", "insert_segment_list_entries", R"sql(
INSERT INTO segment_list_entry (segment_id, contact_id, add_time)
SELECT $1, contact_id, $3 FROM unnest($2::uuid[]) AS i (contact_id)
ON CONFLICT (segment_id, contact_id) DO NOTHING
)sql");

const postgres::Statement kDeleteEntries("segmentation", "delete_segment_list_entries", R"sql(
DELETE FROM segment_list_entry WHERE segment_id = $1 AND contact_id = ANY ($2::uuid[])
)sql");

const postgres::Statement kAnyList("segmentation", "any_segment_list", R"sql(
SELECT 1 FROM segment_list_entry LIMIT 1
)sql");

const postgres::Statement kListsOf("segmentation", "segment_lists_of", R"sql(
SELECT e.segment_id FROM segment_list_entry e JOIN segment s ON s.id = e.segment_id
 WHERE e.contact_id = ANY ($1::uuid[]) AND s.delete_time IS NULL
UNION
SELECT m.segment_id FROM segment_member m JOIN segment s ON s.id = m.segment_id
 WHERE m.contact_id = ANY ($1::uuid[]) AND s.kind = 2 AND s.delete_time IS NULL
)sql");

const postgres::Statement kListEntries("segmentation", "segment_list_entries_of", R"sql(
SELECT contact_id FROM segment_list_entry WHERE segment_id = $1 AND contact_id = ANY ($2::uuid[])
)sql");

const postgres::Statement kListMembers("segmentation", "segment_list_members_of", R"sql(
SELECT contact_id FROM segment_member WHERE segment_id = $1 AND contact_id = ANY ($2::uuid[])
)sql");

const postgres::Statement kInsertSnapshot("segmentation", "insert_segment_snapshot", R"sql(
INSERT INTO segment_snapshot (id, segment_id, segment_version, display_name, member_count, as_of_time, create_time,
                              copy_cursor)
VALUES ($1, $2, $3, $4, $5, $6, $7, '00000000-0000-0000-0000-000000000000')
)sql");

// Not FOR UPDATE: whoever holds the segment notes members of the snapshot, which refer to its row.
const postgres::Statement kLockPendingSnapshot("segmentation", "lock_pending_segment_snapshot", R"sql(
SELECT id, segment_id, copy_cursor FROM segment_snapshot
 WHERE copy_cursor IS NOT NULL ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)sql");

// Also one that is being deleted.
const postgres::Statement kHoldSegment("segmentation", "hold_segment", R"sql(
SELECT 1 FROM segment WHERE id = $1 FOR UPDATE
)sql");

const postgres::Statement kCopyMembers("segmentation", "copy_segment_members", R"sql(
WITH member AS (
  SELECT contact_id FROM segment_member WHERE segment_id = $2 AND contact_id > $3 ORDER BY contact_id LIMIT $4),
copied AS (
  INSERT INTO segment_snapshot_member (snapshot_id, contact_id) SELECT $1, contact_id FROM member
  ON CONFLICT (snapshot_id, contact_id) DO NOTHING)
SELECT count(*), (array_agg(contact_id ORDER BY contact_id DESC))[1] FROM member
)sql");

const postgres::Statement kMoveCopyCursor("segmentation", "move_copy_cursor", R"sql(
UPDATE segment_snapshot SET copy_cursor = $2 WHERE id = $1
)sql");

const postgres::Statement kForgetNoted("segmentation", "forget_noted_snapshot_members", R"sql(
DELETE FROM segment_snapshot_member WHERE snapshot_id = $1 AND NOT is_member
)sql");

const std::string kGetSnapshotSql =
    absl::StrCat("SELECT ", kSnapshotColumns, " FROM segment_snapshot WHERE id = $1 AND segment_id = $2");
const postgres::Statement kGetSnapshot("segmentation", "get_segment_snapshot", kGetSnapshotSql.c_str());

std::vector<Uuid> Ids(const postgres::Result& rows) {
  std::vector<Uuid> ids;
  for (int i = 0; i < rows.size(); ++i) ids.push_back(rows[i].Get<Uuid>(0));
  return ids;
}

// Adds the events that tell of entries or exits, numbered on from the segment's count of changes.
void Tell(SegmentRecord& record, const std::vector<Uuid>& contacts, bool entered, Time as_of, const Cause& cause,
          std::vector<events::NewEvent>& events) {
  for (const Uuid& contact : contacts) {
    const Uuid aggregate = MembershipId(record.segment.id, contact);
    const std::int64_t version = ++record.change_count;
    events.push_back(entered ? events::MakeEvent(cause.actor, cause.now, "segment_member", aggregate, version,
                                                 EnteredToProto(record, contact, as_of), as_of)
                             : events::MakeEvent(cause.actor, cause.now, "segment_member", aggregate, version,
                                                 LeftToProto(record, contact, as_of), as_of));
    events.back().trace_parent = cause.trace_parent;
  }
}

// Writes the entries, or the exits, of all segments; of each it answers who was not in it, or was.
absl::StatusOr<std::map<std::string, std::vector<Uuid>>> WriteMembers(postgres::Tx& tx,
                                                                      const std::vector<MembershipWrite>& writes,
                                                                      bool entered) {
  std::vector<std::string> segments;
  std::vector<Uuid> contacts;
  std::vector<Time> times;
  for (const MembershipWrite& write : writes) {
    const std::vector<Uuid>& some = entered ? write.change.entered : write.change.left;
    segments.insert(segments.end(), some.size(), write.record->segment.id);
    contacts.insert(contacts.end(), some.begin(), some.end());
    times.insert(times.end(), some.size(), write.as_of);
  }
  std::map<std::string, std::vector<Uuid>> written;
  if (contacts.empty()) return written;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, entered ? tx.Execute(kInsertMembers, segments, contacts, times)
                                                              : tx.Execute(kDeleteMembers, segments, contacts));
  for (int i = 0; i < rows.size(); ++i) written[rows[i].Get<std::string>(0)].push_back(rows[i].Get<Uuid>(1));
  return written;
}

absl::Status StoreCounts(postgres::Tx& tx, const std::vector<MembershipWrite>& writes) {
  std::vector<std::string> ids;
  std::vector<std::int64_t> members, changes;
  std::vector<Time> times;
  for (const MembershipWrite& write : writes) {
    ids.push_back(write.record->segment.id);
    members.push_back(write.record->member_count);
    changes.push_back(write.record->change_count);
    times.push_back(write.as_of);
  }
  return tx.Execute(kCountChanges, ids, members, changes, times).status();
}

// Every contact of the people that these contacts are.
absl::StatusOr<std::set<Uuid>> ClustersOf(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  std::set<Uuid> clusters;
  for (const Uuid& contact : contacts) {
    if (clusters.contains(contact)) continue;
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, contact));
    clusters.insert(cluster.begin(), cluster.end());
  }
  return clusters;
}

// What must change so that of these people those are members of a list who have an entry on it.
absl::StatusOr<MembershipChange> ListChange(postgres::Tx& tx, const std::string& segment_id,
                                            const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result entries, tx.Execute(kListEntries, segment_id, contacts));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, Ids(entries)));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result members, tx.Execute(kListMembers, segment_id, contacts));
  const std::vector<Uuid> standing = Ids(members);
  const std::set<Uuid> wanted(canonicals.begin(), canonicals.end()), before(standing.begin(), standing.end());
  MembershipChange change;
  std::set_difference(wanted.begin(), wanted.end(), before.begin(), before.end(), std::back_inserter(change.entered));
  std::set_difference(before.begin(), before.end(), wanted.begin(), wanted.end(), std::back_inserter(change.left));
  return change;
}

// Copies the next members of a locked snapshot, and ends the copy with the last. Answers whether there is more to do.
absl::StatusOr<bool> CopyNext(postgres::Tx& tx, const Uuid& snapshot, const std::string& segment_id, const Uuid& cursor,
                              std::int64_t limit) {
  // Nobody enters or leaves while members are copied.
  ESNAF_RETURN_IF_ERROR(tx.Execute(kHoldSegment, segment_id).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCopyMembers, snapshot, segment_id, cursor, limit));
  const bool more = rows[0].Get<std::int64_t>(0) == limit;
  if (!more) ESNAF_RETURN_IF_ERROR(tx.Execute(kForgetNoted, snapshot).status());
  const std::optional<Uuid> next = more ? rows[0].Get<std::optional<Uuid>>(1) : std::nullopt;
  ESNAF_RETURN_IF_ERROR(tx.Execute(kMoveCopyCursor, snapshot, next).status());
  return more;
}

}  // namespace

absl::Status ApplyMemberships(postgres::Tx& tx, std::vector<MembershipWrite>& writes, const Cause& cause) {
  if (writes.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(auto left, WriteMembers(tx, writes, false));
  ESNAF_ASSIGN_OR_RETURN(auto entered, WriteMembers(tx, writes, true));
  std::vector<events::NewEvent> events;
  std::vector<Uuid> on_lists;
  for (MembershipWrite& write : writes) {
    SegmentRecord& record = *write.record;
    write.change = {.entered = std::move(entered[record.segment.id]), .left = std::move(left[record.segment.id])};
    const MembershipChange& changed = write.change;
    if (record.segment.kind == SegmentKind::kStatic) {
      // Who is on a list is a fact, which rules may name.
      on_lists.insert(on_lists.end(), changed.left.begin(), changed.left.end());
      on_lists.insert(on_lists.end(), changed.entered.begin(), changed.entered.end());
    }
    Tell(record, changed.left, false, write.as_of, cause, events);
    Tell(record, changed.entered, true, write.as_of, cause, events);
    record.member_count +=
        static_cast<std::int64_t>(changed.entered.size()) - static_cast<std::int64_t>(changed.left.size());
    record.as_of = write.as_of;
  }
  ESNAF_RETURN_IF_ERROR(NoteChanges(tx, on_lists));
  ESNAF_RETURN_IF_ERROR(events::Append(tx, events));
  return StoreCounts(tx, writes);
}

absl::StatusOr<MembershipChange> ApplyMembership(postgres::Tx& tx, SegmentRecord& record,
                                                 const MembershipChange& change, Time as_of, const Cause& cause) {
  std::vector<MembershipWrite> writes = {{.record = &record, .change = change, .as_of = as_of}};
  ESNAF_RETURN_IF_ERROR(ApplyMemberships(tx, writes, cause));
  return std::move(writes.front().change);
}

absl::StatusOr<bool> RemoveSomeMembers(postgres::Tx& tx, SegmentRecord& record, std::int64_t limit,
                                       const Cause& cause) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result members, tx.Execute(kSomeMembers, record.segment.id, limit));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result entries, tx.Execute(kDeleteSomeEntries, record.segment.id, limit));
  if (members.size() > 0) {
    ESNAF_RETURN_IF_ERROR(
        ApplyMembership(tx, record, {.entered = {}, .left = Ids(members)}, cause.now, cause).status());
  }
  return members.size() < limit && entries[0].Get<std::int64_t>(0) < limit;
}

absl::StatusOr<std::vector<Uuid>> MembersOf(postgres::Tx& tx, const std::string& segment_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMembers, segment_id));
  return Ids(rows);
}

absl::StatusOr<std::optional<Time>> EnterTimeOf(postgres::Tx& tx, const std::string& segment_id, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kEnterTime, segment_id, contact));
  if (rows.empty()) return std::optional<Time>();
  return std::optional<Time>(rows[0].Get<Time>(0));
}

absl::StatusOr<std::vector<StoreMembership>> MembershipsOf(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMemberships, contact));
  std::vector<StoreMembership> memberships;
  for (int i = 0; i < rows.size(); ++i) {
    memberships.push_back(
        {{rows[i].Get<std::string>(0), rows[i].Get<Uuid>(1), rows[i].Get<Time>(2)}, rows[i].Get<std::string>(3)});
  }
  return memberships;
}

absl::StatusOr<int> AddToList(postgres::Tx& tx, SegmentRecord& record, const std::vector<Uuid>& contacts,
                              const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kInsertEntries, record.segment.id, contacts, cause.now).status());
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  ESNAF_ASSIGN_OR_RETURN(const MembershipChange changed,
                         ApplyMembership(tx, record, {.entered = std::move(canonicals), .left = {}}, cause.now, cause));
  return static_cast<int>(changed.entered.size());
}

absl::StatusOr<int> RemoveFromList(postgres::Tx& tx, SegmentRecord& record, const std::vector<Uuid>& contacts,
                                   const Cause& cause) {
  ESNAF_ASSIGN_OR_RETURN(const std::set<Uuid> clusters, ClustersOf(tx, contacts));
  const std::vector<Uuid> all(clusters.begin(), clusters.end());
  ESNAF_RETURN_IF_ERROR(tx.Execute(kDeleteEntries, record.segment.id, all).status());
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  ESNAF_ASSIGN_OR_RETURN(const MembershipChange changed,
                         ApplyMembership(tx, record, {.entered = {}, .left = std::move(canonicals)}, cause.now, cause));
  return static_cast<int>(changed.left.size());
}

absl::Status SyncLists(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause) {
  if (contacts.empty()) return absl::OkStatus();
  // Most firms that merge many people keep no list by hand.
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result any, tx.Execute(kAnyList));
  if (any.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::set<Uuid> clusters, ClustersOf(tx, contacts));
  const std::vector<Uuid> all(clusters.begin(), clusters.end());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListsOf, all));
  if (rows.empty()) return absl::OkStatus();
  std::vector<std::string> lists;
  for (int i = 0; i < rows.size(); ++i) lists.push_back(rows[i].Get<std::string>(0));
  ESNAF_ASSIGN_OR_RETURN(std::vector<SegmentRecord> records, LockSegments(tx, lists));
  for (SegmentRecord& record : records) {
    ESNAF_ASSIGN_OR_RETURN(const MembershipChange change, ListChange(tx, record.segment.id, all));
    if (change.entered.empty() && change.left.empty()) continue;
    ESNAF_RETURN_IF_ERROR(ApplyMembership(tx, record, change, cause.now, cause).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentSnapshot> InsertSnapshot(postgres::Tx& tx, const SegmentRecord& record,
                                               const std::string& display_name, Time now, std::int64_t limit) {
  if (!record.as_of) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENT_NOT_COUNTED",
                     "the segment's members were not counted yet", {{"id", record.segment.id}});
  }
  SegmentSnapshot snapshot{.id = Uuid::NewV7(now),
                           .segment_id = record.segment.id,
                           .segment_version = record.version,
                           .display_name = display_name,
                           .member_count = record.member_count,
                           .as_of = *record.as_of,
                           .create_time = now};
  ESNAF_RETURN_IF_ERROR(tx.Execute(kInsertSnapshot, snapshot.id, snapshot.segment_id, snapshot.segment_version,
                                   snapshot.display_name, snapshot.member_count, snapshot.as_of, snapshot.create_time)
                            .status());
  ESNAF_ASSIGN_OR_RETURN(snapshot.pending, CopyNext(tx, snapshot.id, snapshot.segment_id, Uuid(), limit));
  return snapshot;
}

absl::StatusOr<bool> CopySomeMembers(postgres::Tx& tx, std::int64_t limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockPendingSnapshot));
  if (rows.empty()) return false;
  ESNAF_RETURN_IF_ERROR(
      CopyNext(tx, rows[0].Get<Uuid>(0), rows[0].Get<std::string>(1), rows[0].Get<Uuid>(2), limit).status());
  return true;
}

absl::StatusOr<SegmentSnapshot> GetSnapshot(postgres::Tx& tx, const std::string& segment_id, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetSnapshot, id, segment_id));
  if (rows.empty()) return NotFound("segment_snapshot", id.ToString());
  return ReadSnapshot(rows[0]);
}

absl::Status RequireWholeSnapshot(postgres::Tx& tx, const std::string& segment_id, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const SegmentSnapshot snapshot, GetSnapshot(tx, segment_id, id));
  if (!snapshot.pending) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENT_SNAPSHOT_PENDING",
                   "the snapshot's members are still being copied; try again later", {{"id", id.ToString()}});
}

SegmentSnapshot ReadSnapshot(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .segment_id = row.Get<std::string>(1),
          .segment_version = row.Get<std::int64_t>(2),
          .display_name = row.Get<std::string>(3),
          .member_count = row.Get<std::int64_t>(4),
          .as_of = row.Get<Time>(5),
          .create_time = row.Get<Time>(6),
          .pending = row.Get<bool>(7)};
}

}  // namespace esnaf::segmentation
