#pragma once

// How customers are scored and labelled, and what is allowed in a policy. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/segmentation/people/purchase.h"
#include "services/segmentation/rfm/rfm.h"

namespace esnaf::segmentation {

inline constexpr int kDefaultBucketCount = 5;
inline constexpr std::string_view kDefaultPolicyId = "default";
inline constexpr std::string_view kDefaultTimeZone = "Europe/Istanbul";

// Scores from `min` to `max`, both included; 0 and 0 mean any.
struct ScoreRange {
  int min = 0;
  int max = 0;
  bool Contains(int score) const { return (min == 0 && max == 0) || (score >= min && score <= max); }
  bool operator==(const ScoreRange&) const = default;
};

struct Box {
  ScoreRange recency;
  ScoreRange frequency;
  ScoreRange monetary;
  bool Contains(const Scores& scores) const;
  bool operator==(const Box&) const = default;
};

struct Label {
  std::string key;
  std::string name_tr;
  std::string name_en;
  int rank = 0;  // a move to a label of a higher rank is a move up
  std::vector<Box> boxes;
  bool operator==(const Label&) const = default;
};

struct Policy {
  std::string id;
  std::string display_name;
  std::string store_id;       // empty: all stores
  std::string currency_code;  // empty: the customers' most frequent one, fixed at compute
  Method method = Method::kCumeDist;
  int bucket_count = kDefaultBucketCount;
  int window_days = 0;  // 0: all orders
  std::string time_zone = std::string(kDefaultTimeZone);
  ValueBasis value_basis = ValueBasis::kNet;
  Thresholds fixed_thresholds;  // only for kFixed
  std::vector<Label> labels;    // in order: the first that fits wins
  bool operator==(const Policy&) const = default;

  const Label* FindLabel(std::string_view key) const;  // null where there is none
  int RankOf(std::string_view key) const;              // 0 where there is none
};

// The ten labels that are common in the trade, over recency and frequency in five buckets.
std::vector<Label> DefaultLabels();
// What is there from the beginning.
Policy DefaultPolicy();

// INVALID_ARGUMENT naming every field (`policy.labels[2].key`) that is not allowed; also where a combination of scores
// earns no label.
absl::Status ValidatePolicy(const Policy& policy);

// Whether scores under one policy may differ from those under the other. A new name needs no computation.
bool ScoresAlike(const Policy& a, const Policy& b);

// Which label each combination of scores earns, looked up once instead of searched for each customer.
class LabelGrid {
 public:
  // The policy must be valid and outlive the grid.
  explicit LabelGrid(const Policy& policy);
  const Label& LabelOf(const Scores& scores) const { return policy_.labels[IndexOf(scores)]; }
  int IndexOf(const Scores& scores) const;

 private:
  const Policy& policy_;
  std::vector<int> index_;
};

// 1 for a move up, -1 for a move down, 0 where the rank is the same or one of the labels is none.
int DirectionOf(const Policy& policy, std::string_view from_label, std::string_view to_label);

// As of when customers are scored.
struct Reference {
  Time as_of;
  // Orders placed after it do not count.
  Time count_until;

  // As of a moment that the caller names.
  static Reference At(Time as_of) { return {as_of, as_of}; }
  // As of now. Clocks of shops run ahead: what they place within the next minutes counts as placed today.
  static Reference Now(Time now) { return {now, now + std::chrono::minutes(15)}; }
};

// Whole days between the local days of two moments; never negative.
std::int64_t RecencyDays(const TimeZone& zone, Time last_order, Time as_of);
// The first moment of the window; nullopt where the policy has none.
std::optional<Time> WindowStart(const Policy& policy, const TimeZone& zone, Time as_of);

// The policy by which people are scored now: as it was at the last computation, its currency fixed.
struct ActivePolicy {
  Policy policy;
  Thresholds thresholds;
  std::int64_t version = 0;
  Time as_of;
  Time count_until;  // orders placed after it did not count
  Time compute_time;
};

// The numbers are those of esnaf.segmentation.v1.RfmPolicyVersionState.
enum class VersionState { kDraft = 1, kActive = 2, kRetired = 3 };

struct PolicyVersion {
  Policy policy;
  std::int64_t version = 0;
  VersionState state = VersionState::kDraft;
  std::int64_t base_version = 0;  // what was in force when a draft was saved
  Time create_time;
  std::string actor;
};

struct PolicyRecord {
  Policy policy;
  std::int64_t version = 0;
  Time create_time;
  Time update_time;
  std::optional<ActivePolicy> active;
  std::int64_t scored_count = 0;
  std::int64_t touched_count = 0;  // people whose purchases changed since the last computation
  std::int64_t change_count = 0;
  // Scores of contacts behind this one are still to be written by the last computation; none where all are.
  std::optional<Uuid> write_cursor;
};

// Whether thresholds should be made anew: never made, or for nobody while people have come; the policy has changed; a
// new day has begun in its zone, for recency moves on by itself; or many people have changed since, and the last
// computation is two milliseconds ago for each person, at most a minute.
bool NeedsComputation(const PolicyRecord& record, Time now);

// `545`; with more than nine buckets `10-4-5`.
std::string FormatScores(const Scores& scores);

}  // namespace esnaf::segmentation
