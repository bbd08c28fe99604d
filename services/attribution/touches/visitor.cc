#include "services/attribution/touches/visitor.h"

#include <algorithm>

namespace esnaf::attribution {
namespace {

enum class Rank { kUndated, kClaimed, kProven };

Rank RankOf(const PersonalLink& link) {
  if (!link.link_time) return Rank::kUndated;
  return link.proven ? Rank::kProven : Rank::kClaimed;
}

}  // namespace

bool IsMine(const std::vector<PersonalLink>& links, Time time) {
  Rank best = Rank::kUndated;
  for (const PersonalLink& link : links) best = std::max(best, RankOf(link));
  const PersonalLink* owner = nullptr;
  for (const PersonalLink& link : links) {
    if (RankOf(link) != best) continue;
    if (owner == nullptr || link.link_time == owner->link_time) {
      if (owner == nullptr || link.mine) owner = &link;
      continue;
    }
    const bool before = *link.link_time <= time, owner_before = *owner->link_time <= time;
    // The latest of those before the touch; where none is, the earliest of all.
    if (before ? (!owner_before || *link.link_time > *owner->link_time)
               : (!owner_before && *link.link_time < *owner->link_time)) {
      owner = &link;
    }
  }
  return owner != nullptr && owner->mine;
}

}  // namespace esnaf::attribution
