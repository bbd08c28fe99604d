#include "services/contacts/duplicates.h"

#include "libs/base/text.h"

namespace esnaf::contacts {
namespace {

bool SharesAddress(const Contact& a, const Contact& b) {
  for (const Address& left : a.addresses) {
    if (left.street.empty()) continue;
    for (const Address& right : b.addresses) {
      if (FoldName(left.street) == FoldName(right.street) && FoldName(left.city) == FoldName(right.city)) return true;
    }
  }
  return false;
}

bool SharesCompany(const Contact& a, const Contact& b) {
  return !a.company_name.empty() && FoldName(a.company_name) == FoldName(b.company_name);
}

bool Has(const Contact& contact, IdentityKind kind) {
  return std::any_of(contact.identities.begin(), contact.identities.end(),
                     [kind](const Identity& identity) { return identity.key.kind == kind; });
}

// Both have an e-mail or both have a phone. Nobody shares an identity, so these differ.
bool HaveDifferentIdentities(const Contact& a, const Contact& b) {
  return (Has(a, IdentityKind::kEmail) && Has(b, IdentityKind::kEmail)) ||
         (Has(a, IdentityKind::kPhone) && Has(b, IdentityKind::kPhone));
}

bool Holds(const std::vector<IdentityKind>& kinds, IdentityKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

Likeness ScoreLikeness(const Contact& a, const Contact& b, const PairEvidence& evidence) {
  Likeness likeness;
  const auto add = [&](double score, const char* reason) {
    likeness.score += score;
    likeness.reasons.emplace_back(reason);
  };
  if (Holds(evidence.open_reviews, IdentityKind::kEmail)) add(0.5, "SAME_EMAIL");
  if (Holds(evidence.open_reviews, IdentityKind::kPhone)) add(0.5, "SAME_PHONE");
  if (!evidence.open_reviews.empty()) add(0.1, "OPEN_REVIEW");
  if (evidence.name_similarity >= kLeastNameSimilarity) add(0.7 * evidence.name_similarity, "SIMILAR_NAME");
  if (SharesAddress(a, b)) add(0.3, "SAME_ADDRESS");
  if (SharesCompany(a, b)) add(0.1, "SAME_COMPANY");
  // Of two people called Ahmet Yılmaz who each have an e-mail of their own, most are two people.
  if (evidence.open_reviews.empty() && HaveDifferentIdentities(a, b)) likeness.score -= 0.2;
  likeness.score = std::clamp(likeness.score, 0.0, 1.0);
  return likeness;
}

}  // namespace esnaf::contacts
