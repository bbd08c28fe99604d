// The part of SegmentService that is about members: lists of them, static lists and snapshots.
#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_access.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/segments/segment_member_store.h"
#include "services/segmentation/segments/segment_service.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {
namespace {

using runtime::Call;

constexpr int kMaxContacts = 1000;

const api::FieldTable& SegmentFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{
      .fields =
          {{.name = "id", .sql = "s.id"},
           {.name = "display_name", .sql = "s.display_name"},
           {.name = "kind", .sql = "s.kind", .type = Type::kEnum, .enum_values = {{"RULE", "1"}, {"STATIC", "2"}}},
           {.name = "store_id", .sql = "s.store_id"},
           {.name = "member_count", .sql = "s.member_count", .type = Type::kInteger},
           {.name = "create_time", .sql = "s.create_time", .type = Type::kTime},
           {.name = "update_time", .sql = "s.update_time", .type = Type::kTime}},
      .id_sql = "s.uid"};
  return kFields;
}

const api::FieldTable& MemberFields() {
  static const api::FieldTable kFields{.fields = {}, .id_sql = "m.contact_id"};
  return kFields;
}

const api::FieldTable& SnapshotFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "create_time", .sql = "n.create_time", .type = api::FieldType::kTime}}, .id_sql = "n.id"};
  return kFields;
}

template <typename Request>
absl::StatusOr<std::vector<Uuid>> ContactsOf(const Request& request) {
  if (request.contact_ids().empty()) return InvalidField("contact_ids", "is empty");
  if (request.contact_ids_size() > kMaxContacts) {
    return InvalidField("contact_ids", absl::StrCat("has more than ", kMaxContacts, " contacts"));
  }
  std::vector<Uuid> contacts;
  for (int i = 0; i < request.contact_ids_size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.contact_ids(i), absl::StrCat("contact_ids[", i, "]")));
    contacts.push_back(id);
  }
  return contacts;
}

// A locked static list that the caller may see. The references are locked before, as everywhere, because rules that
// name the list are evaluated afterwards.
absl::StatusOr<SegmentRecord> LockList(const Call& call, postgres::Tx& tx, const std::string& id) {
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, VisibleSegment(call, LockSegment(tx, id)));
  if (record.segment.kind == SegmentKind::kStatic) return record;
  return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENT_HAS_RULE",
                   "the members of a segment with a rule follow the rule alone", {{"id", id}});
}

// Snapshots outlive their segment; then those may see them who may see all stores.
absl::Status MaySeeSnapshots(const Call& call, postgres::Tx& tx, const std::string& segment_id) {
  const absl::Status status = VisibleSegment(call, segmentation::GetSegment(tx, segment_id)).status();
  return absl::IsNotFound(status) && call.caller().store_ids.empty() ? absl::OkStatus() : status;
}

}  // namespace

absl::StatusOr<v1::ListSegmentsResponse> SegmentService::ListSegments(Call& call,
                                                                      const v1::ListSegmentsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, SegmentFields(), {.default_order = "id"}));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSegmentsResponse> {
    const std::vector<std::string>& stores = call.caller().store_ids;
    const api::SqlQuery select =
        stores.empty() ? query.Select(kSegmentColumns, "segment s", "s.delete_time IS NULL", {})
                       : query.Select(kSegmentColumns, "segment s",
                                      "s.delete_time IS NULL AND s.store_id = ANY ($1::text[])", {stores});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListSegmentsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record, ReadSegment(rows[i]));
      *response.add_segments() = RecordToProto(record);
    }
    response.set_next_page_token(query.NextPageToken(rows, kSegmentColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ListSegmentMembersResponse> SegmentService::ListSegmentMembers(
    Call& call, const v1::ListSegmentMembersRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query, api::ListQuery::Parse(request, MemberFields(), {}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSegmentMembersResponse> {
    ESNAF_RETURN_IF_ERROR(VisibleSegment(call, segmentation::GetSegment(tx, request.segment_id())).status());
    const api::SqlQuery select =
        query.Select("m.contact_id, m.enter_time", "segment_member m", "m.segment_id = $1", {request.segment_id()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListSegmentMembersResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      *response.add_members() = MembershipToProto({request.segment_id(), rows[i].Get<Uuid>(0), rows[i].Get<Time>(1)});
    }
    response.set_next_page_token(query.NextPageToken(rows, 2));
    return response;
  });
}

absl::StatusOr<v1::ListContactSegmentsResponse> SegmentService::ListContactSegments(
    Call& call, const v1::ListContactSegmentsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListContactSegmentsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, identity::CanonicalOf(tx, contact));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<StoreMembership> memberships, MembershipsOf(tx, canonical));
    v1::ListContactSegmentsResponse response;
    for (const auto& [membership, store_id] : memberships) {
      if (call.caller().MaySee(store_id)) {
        *response.add_memberships() = MembershipToProto(membership);
      }
    }
    return response;
  });
}

absl::StatusOr<v1::AddSegmentMembersResponse> SegmentService::AddSegmentMembers(
    Call& call, const v1::AddSegmentMembersRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> contacts, ContactsOf(request));
  ESNAF_ASSIGN_OR_RETURN(const auto answered, call.FindAnswer<v1::AddSegmentMembersResponse>(request));
  if (answered) return *answered;
  ESNAF_RETURN_IF_ERROR(
      check_contacts_({request.contact_ids().begin(), request.contact_ids().end()}, call.info().deadline));
  using Answer = absl::StatusOr<v1::AddSegmentMembersResponse>;
  return call.Mutate<v1::AddSegmentMembersResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockList(call, tx, request.segment_id()));
        ESNAF_ASSIGN_OR_RETURN(const int added, AddToList(tx, record, contacts, CauseOf(call)));
        ESNAF_RETURN_IF_ERROR(PeopleChanged(tx, contacts, CauseOf(call)));
        v1::AddSegmentMembersResponse response;
        response.set_added_count(added);
        *response.mutable_segment() = RecordToProto(record);
        return response;
      });
}

absl::StatusOr<v1::RemoveSegmentMembersResponse> SegmentService::RemoveSegmentMembers(
    Call& call, const v1::RemoveSegmentMembersRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> contacts, ContactsOf(request));
  using Answer = absl::StatusOr<v1::RemoveSegmentMembersResponse>;
  return call.Mutate<v1::RemoveSegmentMembersResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockList(call, tx, request.segment_id()));
        ESNAF_ASSIGN_OR_RETURN(const int removed, RemoveFromList(tx, record, contacts, CauseOf(call)));
        ESNAF_RETURN_IF_ERROR(PeopleChanged(tx, contacts, CauseOf(call)));
        v1::RemoveSegmentMembersResponse response;
        response.set_removed_count(removed);
        *response.mutable_segment() = RecordToProto(record);
        return response;
      });
}

absl::StatusOr<v1::SegmentSnapshot> SegmentService::CreateSegmentSnapshot(
    Call& call, const v1::CreateSegmentSnapshotRequest& request) {
  if (request.display_name().size() > kMaxSegmentNameBytes || !IsCleanUtf8(request.display_name())) {
    return InvalidField("display_name",
                        absl::StrCat("is longer than ", kMaxSegmentNameBytes, " bytes, or no clean UTF-8"));
  }
  using Answer = absl::StatusOr<v1::SegmentSnapshot>;
  return call.Mutate<v1::SegmentSnapshot>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    // Nobody enters or leaves while the members are copied.
    ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record, VisibleSegment(call, LockSegment(tx, request.segment_id())));
    const std::string& name = request.display_name().empty() ? record.segment.display_name : request.display_name();
    ESNAF_ASSIGN_OR_RETURN(const SegmentSnapshot snapshot, InsertSnapshot(tx, record, name, call.now(), kMostChanges));
    return SnapshotToProto(snapshot);
  });
}

absl::StatusOr<v1::ListSegmentSnapshotsResponse> SegmentService::ListSegmentSnapshots(
    Call& call, const v1::ListSegmentSnapshotsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, SnapshotFields(), {.default_order = "create_time desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSegmentSnapshotsResponse> {
    ESNAF_RETURN_IF_ERROR(MaySeeSnapshots(call, tx, request.segment_id()));
    const api::SqlQuery select =
        query.Select(kSnapshotColumns, "segment_snapshot n", "n.segment_id = $1", {request.segment_id()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListSegmentSnapshotsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_snapshots() = SnapshotToProto(ReadSnapshot(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kSnapshotColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ListSnapshotMembersResponse> SegmentService::ListSnapshotMembers(
    Call& call, const v1::ListSnapshotMembersRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.snapshot_id(), "snapshot_id"));
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query, api::ListQuery::Parse(request, MemberFields(), {}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSnapshotMembersResponse> {
    ESNAF_RETURN_IF_ERROR(MaySeeSnapshots(call, tx, request.segment_id()));
    ESNAF_RETURN_IF_ERROR(RequireWholeSnapshot(tx, request.segment_id(), id));
    const api::SqlQuery select = query.Select("m.contact_id", "segment_snapshot_member m", "m.snapshot_id = $1", {id});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListSnapshotMembersResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) response.add_contact_ids(rows[i].Get<std::string>(0));
    response.set_next_page_token(query.NextPageToken(rows, 1));
    return response;
  });
}

}  // namespace esnaf::segmentation
