#pragma once

// Recency, frequency and monetary value: how values become scores. Pure: no SQL, no clock, no protobuf.
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace esnaf::segmentation {

enum class Dimension { kRecency, kFrequency, kMonetary };
inline constexpr Dimension kDimensions[] = {Dimension::kRecency, Dimension::kFrequency, Dimension::kMonetary};

// What a person has bought, within a policy's window, store and currency.
struct Values {
  std::int64_t recency_days = 0;
  std::int64_t frequency = 0;       // orders
  std::int64_t monetary_minor = 0;  // in the policy's currency

  std::int64_t Of(Dimension dimension) const;
  auto operator<=>(const Values&) const = default;
};

// From 1, the worst, to the number of buckets.
struct Scores {
  int recency = 1;
  int frequency = 1;
  int monetary = 1;

  int Of(Dimension dimension) const;
  auto operator<=>(const Scores&) const = default;
};

// The cuts of each dimension, ascending, one fewer than there are buckets. A value has the rank k + 1 where k cuts are
// less than it. Frequency and monetary scores are ranks; the recency score counts them backwards, for few days are
// good.
struct Thresholds {
  std::vector<double> recency_days;
  std::vector<double> frequency;
  std::vector<double> monetary_minor;

  const std::vector<double>& Of(Dimension dimension) const;
  int bucket_count() const { return static_cast<int>(frequency.size()) + 1; }
  bool operator==(const Thresholds&) const = default;
};

enum class Method { kCumeDist, kQuantile, kFixed, kPercentRank };

// The cuts by which a value's score is ceil(buckets x cume_dist), where cume_dist is the share of customers who are not
// better than the value: equal values get equal scores, whatever the order of the rows. `values` need not be sorted and
// must not be empty.
std::vector<double> CumeDistCuts(std::vector<std::int64_t> values, int bucket_count, bool fewer_is_better);

// The cuts by which a value's score is 1 + floor(buckets x share of customers who are worse): equal values get equal
// scores, that of the lowest among them.
std::vector<double> PercentRankCuts(std::vector<std::int64_t> values, int bucket_count, bool fewer_is_better);

// The cuts of the R package `rfm`: a value belongs below the type-7 quantile of k / buckets where it is less than that
// quantile and one unit more. Computed in integers, so no rounding decides. `unit` is 1 for days and orders, and for
// money what one whole lira is in minor units.
std::vector<double> QuantileCuts(std::vector<std::int64_t> values, int bucket_count, std::int64_t unit);

// The type-7 quantile of numerator / denominator of ascending values, as R's quantile() gives it.
double Type7Quantile(std::span<const std::int64_t> sorted, int numerator, int denominator);

// The cuts of everybody's values by CUME_DIST, PERCENT_RANK or QUANTILE. Without anybody every cut is zero.
Thresholds ComputeThresholds(std::span<const Values> everybody, Method method, int bucket_count,
                             std::int64_t money_unit);

// How many cuts are less than the value, and one.
int RankOf(double value, std::span<const double> cuts);
Scores Score(const Values& values, const Thresholds& thresholds);
int ScoreOf(Dimension dimension, std::int64_t value, const Thresholds& thresholds);

// The whole values that earn a score, both ends included; absent where there is no end.
struct ValueRange {
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
};
ValueRange RangeOf(Dimension dimension, int score, const Thresholds& thresholds);

}  // namespace esnaf::segmentation
