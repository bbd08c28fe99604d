#include "services/attribution/touches/visit.h"

#include <unordered_map>

namespace esnaf::attribution {
namespace {

// A visitor's touch before.
struct Before {
  Time time;
  Uuid source;
};

}  // namespace

std::vector<Touchpoint> FirstOfEachVisit(std::vector<Touchpoint> touches) {
  std::unordered_map<std::string, Before> before;
  std::erase_if(touches, [&before](const Touchpoint& touch) {
    if (touch.visitor_id.empty()) return false;
    const auto [known, fresh] = before.try_emplace(touch.visitor_id, Before{touch.occur_time, touch.traffic.id});
    if (fresh) return false;
    const bool goes_on = touch.kind == TouchKind::kPageView && touch.occur_time - known->second.time <= kVisitGap &&
                         (touch.traffic.derived.direct || touch.traffic.id == known->second.source);
    known->second.time = touch.occur_time;
    if (!goes_on) known->second.source = touch.traffic.id;
    return goes_on;
  });
  return touches;
}

}  // namespace esnaf::attribution
