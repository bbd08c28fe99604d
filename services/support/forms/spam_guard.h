#pragma once

// What makes a form that was sent look like spam. Pure.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"

namespace esnaf::support {

struct SpamLimits {
  std::chrono::seconds least_fill_time{3};
  int most_links = 2;
  int most_per_address = 10;  // within an hour
  int most_per_store = 1000;  // within an hour
  std::chrono::minutes duplicate_time{10};
};

// What is known of a form that was sent.
struct SpamSigns {
  bool trap_filled = false;        // a field that people do not see
  std::chrono::seconds fill_time;  // from when it was opened
  int links = 0;
  std::int64_t from_address = 0;  // sent within an hour before, by a known address
  std::int64_t to_store = 0;      // sent within an hour before
  bool said_before = false;       // the same text within the time for duplicates
};

// Why it looks like spam, in this order: `HONEYPOT`, `TOO_FAST`, `LINKS`, `DUPLICATE`, `ADDRESS_RATE`, `STORE_RATE`.
// None where it does not.
std::vector<std::string> SuspicionsOf(const SpamSigns& signs, const SpamLimits& limits);

// The limits of who sends with a publishable key: all of them are one address, and have half of what the store may be
// sent, so that a flood by a key, which anybody can read in a page, leaves the other half to everybody else.
SpamLimits LimitsOfKey(const SpamLimits& limits);

// From how many on an address sends so much that not even spam is kept of it.
std::int64_t FloodFrom(const SpamLimits& limits);

// How often the text begins a link, in plain text, HTML or forum code.
int CountLinks(std::string_view text);

}  // namespace esnaf::support
