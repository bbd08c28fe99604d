#include "services/attribution/credit/path.h"

namespace esnaf::attribution {

Time LastMomentOf(Time stamp) {
  const bool whole_second = stamp == std::chrono::floor<std::chrono::seconds>(stamp);
  return whole_second ? stamp + std::chrono::seconds(1) - Duration(1) : stamp;
}

std::vector<Exclusion> ExclusionsOf(const std::vector<PathTouch>& touches, Time conversion_time,
                                    const LookBack& look_back) {
  std::vector<Exclusion> exclusions(touches.size(), Exclusion::kNone);
  const Time last_moment = LastMomentOf(conversion_time);
  std::size_t kept = 0;
  // From the newest, which are kept where there are too many.
  for (std::size_t i = touches.size(); i > 0; --i) {
    const PathTouch& touch = touches[i - 1];
    Exclusion& exclusion = exclusions[i - 1];
    const auto window = std::chrono::days(touch.view ? look_back.view_days : look_back.click_days);
    if (touch.time > last_moment) {
      exclusion = Exclusion::kAfterConversion;
    } else if (touch.time < conversion_time - window) {
      exclusion = touch.view ? Exclusion::kOutsideViewWindow : Exclusion::kOutsideClickWindow;
    } else if (kept == kMostTouches) {
      exclusion = Exclusion::kPathTooLong;
    } else {
      ++kept;
    }
  }
  return exclusions;
}

}  // namespace esnaf::attribution
