#pragma once

// What a touch becomes when it is taken in. Pure rules.
#include <optional>

#include "libs/base/error.h"
#include "services/attribution/touches/channel.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// A clock that is further off than this is corrected by the difference of send and receive time.
inline constexpr Duration kClockTolerance = std::chrono::seconds(5);
// How far back a browser may date its touches; a back end may load the past.
inline constexpr Duration kOldestFromBrowser = std::chrono::hours(24);

// Bytes of names, campaign parameters and ids of ads, and of click ids.
inline constexpr std::size_t kLongestText = 500;
inline constexpr std::size_t kLongestClickId = 1000;

struct Reception {
  Time receive_time;
  std::optional<Time> send_time;  // by the sender's clock
  bool from_browser = false;      // a publishable key sent it
};

// Adds what is wrong with a touch as it was sent, under `at` (`touchpoints[3].`).
void CheckTouch(const Touchpoint& touch, const Reception& reception, const std::string& at,
                FieldViolations& violations);

// When a touch happened by our clock, whatever the sender's says: moved by the clocks' difference where that is
// above the tolerance, never after the receipt, from a browser at most a day before it.
Time CorrectTime(Time occur_time, const Reception& reception);

// Makes a sent touch what is kept: corrects its time; reads campaign, click ids and ids of ads from the landing page
// where the touch does not name them; derives source and channel; tells bots; and takes away what the visitor did not
// consent to. Without consent to analytics storage that is visitor, contact, click ids, user agent, and of the
// addresses all but the referrer's host; without consent to ad storage the click ids.
void TakeIn(Touchpoint& touch, const Reception& reception, const ChannelGrouper& channels);

// What a visit tells of where it came from.
ToldSource ReadTold(const Touchpoint& sent);

}  // namespace esnaf::attribution
