#pragma once

// How sure it is that two contacts are one person, and why. It only ever proposes: joining is a human's decision.
#include <string>
#include <vector>

#include "services/contacts/contact.h"

namespace esnaf::contacts {

// What is known of a pair besides the two contacts.
struct PairEvidence {
  double name_similarity = 0;              // of the folded names, 0 to 1
  std::vector<IdentityKind> open_reviews;  // kinds of the identities that both claim
};

struct Likeness {
  double score = 0;  // 0 to 1
  std::vector<std::string> reasons;
};

// A new contact that is this much like an existing one is held back (CreateContact).
inline constexpr double kLooksLikeSamePerson = 0.7;
// Below it a pair is not worth a look.
inline constexpr double kLeastCandidateScore = 0.4;
// Below it names do not count as similar.
inline constexpr double kLeastNameSimilarity = 0.6;

Likeness ScoreLikeness(const Contact& a, const Contact& b, const PairEvidence& evidence);

}  // namespace esnaf::contacts
