#pragma once

// For how long a feed lets events come together before it looks for them: each batch costs its consumers a transaction,
// so that many small ones would take more from the machine than the writes that they tell of.
#include <algorithm>
#include <chrono>

namespace esnaf::events {

struct GatheringOptions {
  // For each event that the last look gave, up to `usual`: an event alone keeps nobody waiting.
  std::chrono::milliseconds per_event{4};
  // An order is to be in its customer's score within 20 ms, and the consumer's own transaction needs most of the rest.
  std::chrono::milliseconds usual{12};
  // Under load; a reader that waits for a position ends it after `usual`.
  std::chrono::milliseconds longest{240};
  // From so many events a second on it is load, and the time doubles with each look.
  int busy_events_per_second = 400;
};

class Gathering {
 public:
  using Milliseconds = std::chrono::milliseconds;

  explicit Gathering(const GatheringOptions& options) : options_(options) {}

  // The time after a look that gave `count` events, at least one, which came within `elapsed`.
  Milliseconds Next(int count, std::chrono::nanoseconds elapsed) {
    const Milliseconds first = std::min(options_.per_event * count, options_.usual);
    const double seconds = std::chrono::duration<double>(elapsed).count();
    const bool busy = count >= options_.busy_events_per_second * seconds;
    time_ = busy ? std::clamp(time_ * 2, first, std::max(first, options_.longest)) : first;
    return time_;
  }
  // The part of `time` that nobody may end.
  Milliseconds AtLeast(Milliseconds time) const { return std::min(time, options_.usual); }

 private:
  GatheringOptions options_;
  Milliseconds time_{0};
};

}  // namespace esnaf::events
