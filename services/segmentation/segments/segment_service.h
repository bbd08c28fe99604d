#pragma once

// The RPCs of esnaf.segmentation.v1.SegmentService that need no evaluation of rules: segments, their text, static
// lists, members and snapshots.
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/segments.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/segments/segment.h"

namespace esnaf::segmentation {

// Gives the fields that the firm defined for its contacts.
using CustomAttributes = std::function<absl::StatusOr<std::vector<CustomAttribute>>(Time deadline)>;

// Makes the members of a locked segment anew by its rule, within the transaction that created or changed it.
using CountMembers = std::function<absl::Status(postgres::Tx&, SegmentRecord&, const Cause&)>;

// What the caller's rules can ask for now: the firm's own fields, asked for outside of any transaction, and the RFM
// policies. For a key that is limited to stores there is nothing that is known of all stores together: by which way
// somebody came, what somebody is worth, and policies that are not its stores' own. Who may not ask for it is not told
// of it in explanations either.
absl::StatusOr<Catalogue> CatalogueNow(runtime::Call& call, const CustomAttributes& custom_attributes);

// A key that is limited to stores sees the segments of these alone: one of all stores tells what people bought in the
// others. NOT_FOUND where the caller may not see the segment.
absl::StatusOr<SegmentRecord> VisibleSegment(const runtime::Call& call, absl::StatusOr<SegmentRecord> record);

// INVALID_ARGUMENT naming `contact_ids[i]` where one of them is no contact; asked outside of any transaction.
using CheckContacts = std::function<absl::Status(const std::vector<std::string>& contact_ids, Time deadline)>;

class SegmentService {
 public:
  SegmentService(CustomAttributes custom_attributes, CountMembers count_members, CheckContacts check_contacts)
      : custom_attributes_(std::move(custom_attributes)),
        count_members_(std::move(count_members)),
        check_contacts_(std::move(check_contacts)) {}

  // Binds what is here; the rest of the contract is bound by whoever evaluates rules.
  void Bind(runtime::RpcService& rpc);

  absl::StatusOr<v1::Segment> CreateSegment(runtime::Call& call, const v1::CreateSegmentRequest& request);
  absl::StatusOr<v1::Segment> GetSegment(runtime::Call& call, const v1::GetSegmentRequest& request);
  absl::StatusOr<v1::ListSegmentsResponse> ListSegments(runtime::Call& call, const v1::ListSegmentsRequest& request);
  absl::StatusOr<v1::Segment> UpdateSegment(runtime::Call& call, const v1::UpdateSegmentRequest& request);
  absl::StatusOr<v1::DeleteSegmentResponse> DeleteSegment(runtime::Call& call, const v1::DeleteSegmentRequest& request);
  absl::StatusOr<v1::ParseRuleResponse> ParseRule(runtime::Call& call, const v1::ParseRuleRequest& request);
  absl::StatusOr<v1::ListRuleAttributesResponse> ListRuleAttributes(runtime::Call& call,
                                                                    const v1::ListRuleAttributesRequest& request);
  absl::StatusOr<v1::ListSegmentMembersResponse> ListSegmentMembers(runtime::Call& call,
                                                                    const v1::ListSegmentMembersRequest& request);
  absl::StatusOr<v1::ListContactSegmentsResponse> ListContactSegments(runtime::Call& call,
                                                                      const v1::ListContactSegmentsRequest& request);
  absl::StatusOr<v1::AddSegmentMembersResponse> AddSegmentMembers(runtime::Call& call,
                                                                  const v1::AddSegmentMembersRequest& request);
  absl::StatusOr<v1::RemoveSegmentMembersResponse> RemoveSegmentMembers(runtime::Call& call,
                                                                        const v1::RemoveSegmentMembersRequest& request);
  absl::StatusOr<v1::SegmentSnapshot> CreateSegmentSnapshot(runtime::Call& call,
                                                            const v1::CreateSegmentSnapshotRequest& request);
  absl::StatusOr<v1::ListSegmentSnapshotsResponse> ListSegmentSnapshots(runtime::Call& call,
                                                                        const v1::ListSegmentSnapshotsRequest& request);
  absl::StatusOr<v1::ListSnapshotMembersResponse> ListSnapshotMembers(runtime::Call& call,
                                                                      const v1::ListSnapshotMembersRequest& request);

 private:
  // Writes a checked segment that is new, with its members.
  absl::StatusOr<SegmentRecord> Create(runtime::Call& call, postgres::Tx& tx, const Segment& segment) const;
  // The same for one that is stored.
  absl::Status Change(runtime::Call& call, postgres::Tx& tx, SegmentRecord& record, Segment segment) const;

  CustomAttributes custom_attributes_;
  CountMembers count_members_;
  CheckContacts check_contacts_;
};

// The segment that a request asks for: the stored one with the fields that its mask names. INVALID_ARGUMENT naming
// `update_mask`, or `segment.kind` where it would change.
absl::StatusOr<v1::Segment> MergeSegment(const v1::Segment& known, const v1::UpdateSegmentRequest& request);

}  // namespace esnaf::segmentation
