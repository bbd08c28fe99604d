#pragma once

// Whose touches a visitor's are. Pure rules.
#include <optional>
#include <vector>

#include "libs/base/time.h"

namespace esnaf::attribution {

// A link of one visitor as one person sees it.
struct PersonalLink {
  std::optional<Time> link_time;  // nullopt: contacts says so, but not since when
  bool proven = false;
  bool mine = false;  // the link leads to this person; else to somebody else, or to nobody known yet
};

// Whether a touch of `time` is this person's, by all links of its visitor. A device may be shared, so a touch belongs
// to whom the last link before it names; touches before the first link belong to whom that one names, which is how what
// was made before a log-in counts from then on. Claims of a browser count only where nothing is proven, and what
// contacts says without a time only where there is no link at all. Of links of one time that which is mine counts.
bool IsMine(const std::vector<PersonalLink>& links, Time time);

}  // namespace esnaf::attribution
