#pragma once

// What happened with a person, whoever tells it.
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::contacts {

// The numbers are those of esnaf.contacts.v1.TimelineKind.
enum class TimelineKind { kInteraction = 1, kConsent = 2, kIdentity = 3, kOrder = 4, kSegment = 5, kTicket = 6 };

struct TimelineEntry {
  Uuid id;
  Uuid contact_id;  // unmerged
  TimelineKind kind = TimelineKind::kInteraction;
  int channel = 0;  // of esnaf.contacts.v1.Channel, for interactions
  Time occur_time;
  std::string summary;
  std::string subject_id;
  // The version of the order or other thing that it was made from; 0 for our own facts, which never change.
  std::int64_t subject_version = 0;
  std::string store_id{};      // whose order, label or ticket it tells; empty: of no store, or of all
  std::string label_before{};  // of a label's line: the one that held before the line's day
};

inline constexpr std::size_t kMaxSummaryBytes = 200;

}  // namespace esnaf::contacts
