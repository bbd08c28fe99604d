#include "services/contacts/identity_review.h"

namespace esnaf::contacts {

absl::Status CheckOpen(const IdentityReview& review) {
  if (review.decision == ReviewDecision::kOpen) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "REVIEW_DECIDED", "the review is decided already",
                   {{"review_id", review.id.ToString()}});
}

}  // namespace esnaf::contacts
