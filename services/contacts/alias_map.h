#pragma once

// Which contacts are one person. A merge is one link between two roots and an unmerge removes it, so a merge costs one
// row however large the clusters are, and merge then unmerge changes nothing.
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"

namespace esnaf::contacts {

// `original` is merged into `canonical`, or stands alone again where that is absent.
struct AliasChange {
  Uuid original;
  std::optional<Uuid> canonical;
  bool operator==(const AliasChange&) const = default;
};

class AliasMap {
 public:
  AliasMap() = default;
  // Takes a link as it is stored.
  void Add(const Uuid& original, const Uuid& canonical) { canonical_of_.emplace(original, canonical); }

  // The contact that this one now is, following merges of merges; itself where it is not merged.
  Uuid CanonicalOf(const Uuid& contact) const;
  // Every contact that is one person with this one, it included; the canonical one first, the others by their ids.
  std::vector<Uuid> ClusterOf(const Uuid& contact) const;

  // Joins the person of `other` to the person of `survivor`. FAILED_PRECONDITION, reason `SAME_PERSON`, where they are
  // one.
  absl::StatusOr<AliasChange> Merge(const Uuid& survivor, const Uuid& other);
  // Releases `original` with whatever was merged into it. FAILED_PRECONDITION, reason `NOT_MERGED`, where it is not
  // merged.
  absl::StatusOr<AliasChange> Unmerge(const Uuid& original);

 private:
  std::map<Uuid, Uuid> canonical_of_;
};

}  // namespace esnaf::contacts
