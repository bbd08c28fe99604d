#pragma once

// A segment: a group of people by a rule, or by hand. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

inline constexpr std::size_t kMaxSegmentNameBytes = 200;

// The numbers are those of esnaf.segmentation.v1.SegmentKind.
enum class SegmentKind { kRule = 1, kStatic = 2 };

struct Segment {
  std::string id;
  std::string display_name;
  SegmentKind kind = SegmentKind::kRule;
  std::optional<Rule> rule;  // of kRule alone
  std::string store_id;      // only facts of this store; empty: of all
  std::string time_zone = "Europe/Istanbul";
  bool operator==(const Segment&) const = default;
};

// As it is stored.
struct SegmentRecord {
  Segment segment;
  std::int64_t version = 0;
  Time create_time;
  Time update_time;
  std::int64_t member_count = 0;
  std::optional<Time> as_of;  // of the members; none until they were counted once
  std::int64_t change_count = 0;
};

// INVALID_ARGUMENT naming every field (`segment.id`, `segment.rule.condition.values[0]`) that is not allowed.
absl::Status ValidateSegment(const Segment& segment, const Catalogue& catalogue);

// Whether both take in the same people whatever the facts: all but the name is equal.
bool SelectsAlike(const Segment& a, const Segment& b);

// The segments that its rule names.
std::set<std::string> ReferencesOf(const Segment& segment);

// INVALID_ARGUMENT naming `segment.rule` where the segment refers to one that is not among `references`, or back to
// itself. `references` holds what every stored segment refers to.
absl::Status ValidateReferences(const Segment& segment, const std::map<std::string, std::set<std::string>>& references);

// The stable id of a person's membership, for events.
Uuid MembershipId(const std::string& segment_id, const Uuid& contact_id);

// A person in a segment.
struct Membership {
  std::string segment_id;
  Uuid contact_id;
  Time enter_time;
};

// Who was in a segment at a time.
struct SegmentSnapshot {
  Uuid id;
  std::string segment_id;
  std::int64_t segment_version = 0;
  std::string display_name;
  std::int64_t member_count = 0;
  Time as_of;
  Time create_time;
  bool pending = false;  // members are still being copied
};

}  // namespace esnaf::segmentation
