#include "services/contacts/alias_map.h"

#include "libs/base/error.h"

namespace esnaf::contacts {

Uuid AliasMap::CanonicalOf(const Uuid& contact) const {
  Uuid current = contact;
  // Links only ever join two roots, so there is no circle to be caught in.
  for (auto link = canonical_of_.find(current); link != canonical_of_.end(); link = canonical_of_.find(current)) {
    current = link->second;
  }
  return current;
}

std::vector<Uuid> AliasMap::ClusterOf(const Uuid& contact) const {
  const Uuid root = CanonicalOf(contact);
  std::vector<Uuid> cluster = {root};
  for (const auto& [original, canonical] : canonical_of_) {
    if (CanonicalOf(original) == root) cluster.push_back(original);
  }
  return cluster;
}

absl::StatusOr<AliasChange> AliasMap::Merge(const Uuid& survivor, const Uuid& other) {
  const AliasChange change{CanonicalOf(other), CanonicalOf(survivor)};
  if (change.original == change.canonical) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SAME_PERSON", "the two contacts are one person already",
                     {{"canonical_id", change.original.ToString()}});
  }
  canonical_of_.emplace(change.original, *change.canonical);
  return change;
}

absl::StatusOr<AliasChange> AliasMap::Unmerge(const Uuid& original) {
  if (canonical_of_.erase(original) == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_MERGED", "the contact is not merged into another",
                     {{"contact_id", original.ToString()}});
  }
  return AliasChange{original, std::nullopt};
}

}  // namespace esnaf::contacts
