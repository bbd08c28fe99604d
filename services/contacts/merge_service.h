#pragma once

// The RPC handlers of what a human decides: merge, unmerge, duplicates, reviews.
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::contacts {

class MergeService {
 public:
  void AddRpcs(runtime::RpcService& rpcs);

  absl::StatusOr<v1::Contact> MergeContacts(runtime::Call& call, const v1::MergeContactsRequest& request);
  absl::StatusOr<v1::Contact> UnmergeContact(runtime::Call& call, const v1::UnmergeContactRequest& request);
  absl::StatusOr<v1::ListDuplicateCandidatesResponse> ListDuplicateCandidates(
      runtime::Call& call, const v1::ListDuplicateCandidatesRequest& request);
  absl::StatusOr<v1::ListIdentityReviewsResponse> ListIdentityReviews(runtime::Call& call,
                                                                      const v1::ListIdentityReviewsRequest& request);
  absl::StatusOr<v1::IdentityReview> DecideIdentityReview(runtime::Call& call,
                                                          const v1::DecideIdentityReviewRequest& request);
};

}  // namespace esnaf::contacts
