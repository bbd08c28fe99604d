#include "services/segmentation/segments/segment_service.h"

#include <algorithm>
#include <utility>

#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/rfm/rfm_access.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rules/rule_wire.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/segments/segment_member_store.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {
namespace {

using runtime::Call;

bool MaySee(const Call& call, const Segment& segment) { return call.caller().MaySee(segment.store_id); }

absl::Status CheckEtag(const std::string& etag, const SegmentRecord& record) {
  if (etag.empty() || etag == SegmentEtagOf(record)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the segment has changed since it was read",
                   {{"id", record.segment.id}});
}

absl::Status CheckAllowed(const Call& call, const Segment& segment, const Catalogue& catalogue) {
  ESNAF_RETURN_IF_ERROR(ValidateSegment(segment, catalogue));
  if (MaySee(call, segment)) return absl::OkStatus();
  return InvalidField("segment.store_id", "is a store that the key is not for");
}

// A rule may not tell by another segment what its caller may not see of that.
absl::Status CheckReferencesAreVisible(const Call& call, postgres::Tx& tx, const Segment& segment) {
  if (call.caller().store_ids.empty()) return absl::OkStatus();
  for (const std::string& id : ReferencesOf(segment)) {
    if (VisibleSegment(call, segmentation::GetSegment(tx, id)).ok()) continue;
    return InvalidField("segment.rule", absl::StrCat("names the segment ", id, ", which there is not"));
  }
  return absl::OkStatus();
}

bool Names(const google::protobuf::FieldMask& mask, std::string_view field) {
  return std::any_of(mask.paths().begin(), mask.paths().end(),
                     [&](const std::string& path) { return path.substr(0, path.find('.')) == field; });
}

}  // namespace

absl::StatusOr<Catalogue> CatalogueNow(Call& call, const CustomAttributes& custom_attributes) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CustomAttribute> custom, custom_attributes(call.info().deadline));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<PolicyRecord> records,
                         call.Read([](postgres::Tx& tx) { return ListPolicies(tx); }));
  std::vector<RfmAttributes> policies;
  for (const PolicyRecord& record : records) {
    if (!Visible(call, record).ok()) continue;
    RfmAttributes& policy = policies.emplace_back(RfmAttributes{record.policy.id, {}});
    for (const Label& label : record.policy.labels) policy.labels.push_back(label.key);
  }
  Catalogue catalogue(custom, policies);
  return call.caller().store_ids.empty() ? catalogue : catalogue.OfSomeStores();
}

absl::StatusOr<SegmentRecord> VisibleSegment(const Call& call, absl::StatusOr<SegmentRecord> record) {
  if (record.ok() && !MaySee(call, record->segment)) return NotFound("segment", record->segment.id);
  return record;
}

void SegmentService::Bind(runtime::RpcService& rpc) {
  rpc.Unary("CreateSegment", this, &SegmentService::CreateSegment);
  rpc.Unary("GetSegment", this, &SegmentService::GetSegment);
  rpc.Unary("ListSegments", this, &SegmentService::ListSegments);
  rpc.Unary("UpdateSegment", this, &SegmentService::UpdateSegment);
  rpc.Unary("DeleteSegment", this, &SegmentService::DeleteSegment);
  rpc.Unary("ParseRule", this, &SegmentService::ParseRule);
  rpc.Unary("ListRuleAttributes", this, &SegmentService::ListRuleAttributes);
  rpc.Unary("ListSegmentMembers", this, &SegmentService::ListSegmentMembers);
  rpc.Unary("ListContactSegments", this, &SegmentService::ListContactSegments);
  rpc.Unary("AddSegmentMembers", this, &SegmentService::AddSegmentMembers);
  rpc.Unary("RemoveSegmentMembers", this, &SegmentService::RemoveSegmentMembers);
  rpc.Unary("CreateSegmentSnapshot", this, &SegmentService::CreateSegmentSnapshot);
  rpc.Unary("ListSegmentSnapshots", this, &SegmentService::ListSegmentSnapshots);
  rpc.Unary("ListSnapshotMembers", this, &SegmentService::ListSnapshotMembers);
}

absl::StatusOr<SegmentRecord> SegmentService::Create(Call& call, postgres::Tx& tx, const Segment& segment) const {
  ESNAF_ASSIGN_OR_RETURN(const auto references, LockReferences(tx));
  ESNAF_RETURN_IF_ERROR(ValidateReferences(segment, references));
  ESNAF_RETURN_IF_ERROR(CheckReferencesAreVisible(call, tx, segment));
  ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertSegment(tx, segment, call.now()));
  if (!inserted) {
    ESNAF_ASSIGN_OR_RETURN(const bool being_deleted, IsBeingDeleted(tx, segment.id));
    if (being_deleted) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENT_BEING_DELETED",
                       "a segment with this id was deleted and its members are still leaving it; try again later",
                       {{"id", segment.id}});
    }
    return MakeError(absl::StatusCode::kAlreadyExists, "SEGMENT_ALREADY_EXISTS", "there is a segment with this id",
                     {{"id", segment.id}});
  }
  ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, segment.id));
  if (segment.kind == SegmentKind::kRule) {
    ESNAF_RETURN_IF_ERROR(count_members_(tx, record, CauseOf(call)));
  } else {
    // Nobody is on it, and that is known.
    ESNAF_RETURN_IF_ERROR(ApplyMembership(tx, record, {}, call.now(), CauseOf(call)).status());
  }
  return record;
}

absl::StatusOr<v1::Segment> SegmentService::CreateSegment(Call& call, const v1::CreateSegmentRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Catalogue catalogue, CatalogueNow(call, custom_attributes_));
  ESNAF_ASSIGN_OR_RETURN(const Segment segment, SegmentFromProto(request.segment(), catalogue));
  ESNAF_RETURN_IF_ERROR(CheckAllowed(call, segment, catalogue));
  if (request.validate_only()) return SegmentToProto(segment);
  using Answer = absl::StatusOr<v1::Segment>;
  return call.Mutate<v1::Segment>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record, Create(call, tx, segment));
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::Segment> SegmentService::GetSegment(Call& call, const v1::GetSegmentRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Segment> {
    ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record,
                           VisibleSegment(call, segmentation::GetSegment(tx, request.id())));
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::Segment> MergeSegment(const v1::Segment& known, const v1::UpdateSegmentRequest& request) {
  const google::protobuf::FieldMask mask = api::ExpandMask(request.update_mask(), request.segment());
  v1::Segment merged = known;
  ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.segment(), "segment", merged));
  merged.set_id(known.id());
  if (merged.kind() != known.kind()) return InvalidField("segment.kind", "never changes");
  // The tree and the text say the same; only the one that was given counts.
  if (Names(mask, "rule_text") && !Names(mask, "rule")) {
    merged.clear_rule();
  } else {
    merged.clear_rule_text();
  }
  return merged;
}

absl::Status SegmentService::Change(Call& call, postgres::Tx& tx, SegmentRecord& record, Segment segment) const {
  if (segment == record.segment) return absl::OkStatus();
  const bool alike = SelectsAlike(segment, record.segment);
  record.segment = std::move(segment);
  record.update_time = call.now();
  ++record.version;
  ESNAF_RETURN_IF_ERROR(segmentation::UpdateSegment(tx, record));
  return alike ? absl::OkStatus() : count_members_(tx, record, CauseOf(call));
}

absl::StatusOr<v1::Segment> SegmentService::UpdateSegment(Call& call, const v1::UpdateSegmentRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Catalogue catalogue, CatalogueNow(call, custom_attributes_));
  using Answer = absl::StatusOr<v1::Segment>;
  // What the segment would be.
  const auto merge = [&](const SegmentRecord& record) -> absl::StatusOr<Segment> {
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.segment().etag(), record));
    ESNAF_ASSIGN_OR_RETURN(const v1::Segment merged, MergeSegment(SegmentToProto(record.segment), request));
    ESNAF_ASSIGN_OR_RETURN(Segment segment, SegmentFromProto(merged, catalogue));
    ESNAF_RETURN_IF_ERROR(CheckAllowed(call, segment, catalogue));
    return segment;
  };
  const std::string& id = request.segment().id();
  if (request.validate_only()) {
    return call.Read([&](postgres::Tx& tx) -> Answer {
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, VisibleSegment(call, segmentation::GetSegment(tx, id)));
      ESNAF_ASSIGN_OR_RETURN(record.segment, merge(record));
      return RecordToProto(record);
    });
  }
  return call.Mutate<v1::Segment>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(auto references, LockReferences(tx));
    ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, VisibleSegment(call, LockSegment(tx, id)));
    ESNAF_ASSIGN_OR_RETURN(Segment segment, merge(record));
    references.erase(id);
    ESNAF_RETURN_IF_ERROR(ValidateReferences(segment, references));
    ESNAF_RETURN_IF_ERROR(CheckReferencesAreVisible(call, tx, segment));
    ESNAF_RETURN_IF_ERROR(Change(call, tx, record, std::move(segment)));
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::DeleteSegmentResponse> SegmentService::DeleteSegment(Call& call,
                                                                        const v1::DeleteSegmentRequest& request) {
  using Answer = absl::StatusOr<v1::DeleteSegmentResponse>;
  return call.Mutate<v1::DeleteSegmentResponse>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const auto references, LockReferences(tx));
    ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, VisibleSegment(call, LockSegment(tx, request.id())));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
    for (const auto& [id, to] : references) {
      if (!to.contains(request.id())) continue;
      return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENT_IN_USE", "the rule of another segment names it",
                       {{"id", request.id()}, {"used_by", id}});
    }
    // Members beyond what one transaction may write leave afterwards; nobody sees the segment meanwhile.
    ESNAF_ASSIGN_OR_RETURN(const bool all,
                           RemoveSomeMembers(tx, record, static_cast<std::int64_t>(kMostChanges), CauseOf(call)));
    ESNAF_RETURN_IF_ERROR(all ? segmentation::DeleteSegment(tx, request.id())
                              : MarkDeleted(tx, request.id(), call.now()));
    return v1::DeleteSegmentResponse();
  });
}

absl::StatusOr<v1::ParseRuleResponse> SegmentService::ParseRule(Call& call, const v1::ParseRuleRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Catalogue catalogue, CatalogueNow(call, custom_attributes_));
  if (!request.has_rule()) return ParsedToProto(segmentation::ParseRule(request.text(), catalogue));
  const absl::StatusOr<Rule> rule = RuleFromProto(request.rule());
  if (rule.ok()) return CheckedToProto(*rule, catalogue);
  v1::ParseRuleResponse response;
  for (const auto& [field, description] : ErrorFields(rule.status())) {
    v1::RuleMistake* mistake = response.add_mistakes();
    mistake->set_path(field);
    mistake->set_message(description);
  }
  return response;
}

absl::StatusOr<v1::ListRuleAttributesResponse> SegmentService::ListRuleAttributes(
    Call& call, const v1::ListRuleAttributesRequest&) {
  ESNAF_ASSIGN_OR_RETURN(const Catalogue catalogue, CatalogueNow(call, custom_attributes_));
  v1::ListRuleAttributesResponse response;
  for (const Attribute& attribute : catalogue.attributes()) *response.add_attributes() = AttributeToProto(attribute);
  for (const FactSource source : kFactSources) {
    for (const Attribute& field : Catalogue::Fields(source)) {
      *response.add_attributes() = AttributeToProto(field, source);
    }
  }
  return response;
}

}  // namespace esnaf::segmentation
