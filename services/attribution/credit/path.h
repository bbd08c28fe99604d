#pragma once

// Which touches of a person lie on the path to a conversion, and why the others do not. Pure: no SQL, no clock.
#include <vector>

#include "libs/base/time.h"

namespace esnaf::attribution {

// How long before a conversion a touch still counts. A conversion kind has its own.
struct LookBack {
  int click_days = 30;
  int view_days = 1;
  bool operator==(const LookBack&) const = default;
};
inline constexpr int kMostClickDays = 90;
inline constexpr int kMostViewDays = 30;

// What decides whether a touch counts.
struct PathTouch {
  Time time;
  bool view = false;  // was merely shown something
};

// The numbers are those of esnaf.attribution.v1.TouchExclusion.
enum class Exclusion {
  kNone = 0,
  kAfterConversion = 1,
  kOutsideClickWindow = 2,
  kOutsideViewWindow = 3,
  kPathTooLong = 4,
};

// A path has at most this many touches: the newest.
inline constexpr std::size_t kMostTouches = 200;

// The last moment that a stamp may stand for. Shops and ad platforms often stamp whole seconds, so a stamp without a
// fraction stands for all of its second; one with a fraction for itself.
Time LastMomentOf(Time stamp);

// Why each touch, from the oldest to the newest, does not count; kNone for those on the path. A touch of the very
// moment of the conversion counts, also a touch within the second of a conversion that is stamped by whole seconds, and
// so does one at the very edge of its window.
std::vector<Exclusion> ExclusionsOf(const std::vector<PathTouch>& touches, Time conversion_time,
                                    const LookBack& look_back);

}  // namespace esnaf::attribution
