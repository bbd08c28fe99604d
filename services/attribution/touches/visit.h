#pragma once

// Which page views are one visit. Pure.
#include <vector>

#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// How long a visit lasts without a touch, as in GA4's sessions.
inline constexpr Duration kVisitGap = std::chrono::minutes(30);

// Leaves out page views that go on with a visit: by the source of the visitor's touch before or by none at all, at most
// half an hour after it, as when a page is loaded again. The touches are in their order; clicks, ad views and touches
// without a visitor stay.
std::vector<Touchpoint> FirstOfEachVisit(std::vector<Touchpoint> touches);

}  // namespace esnaf::attribution
