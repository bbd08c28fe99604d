#pragma once

// An identity that points at two people, waiting for a human.
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "services/contacts/contact.h"

namespace esnaf::contacts {

// The numbers are those of esnaf.contacts.v1.IdentityReview.Decision. A review is merged exactly while its two contacts
// are one person, so an unmerge opens it again.
enum class ReviewDecision { kOpen = 0, kMerged = 1, kKeptApart = 2 };

struct IdentityReview {
  Uuid id;
  Identity identity;
  Uuid owner_contact_id;
  Uuid claimant_contact_id;
  ReviewDecision decision = ReviewDecision::kOpen;
  Time create_time;
  std::optional<Time> decide_time;
};

// FAILED_PRECONDITION, reason `REVIEW_DECIDED`, unless the review is open.
absl::Status CheckOpen(const IdentityReview& review);

}  // namespace esnaf::contacts
