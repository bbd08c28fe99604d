#include "services/segmentation/rfm/rfm.h"

#include <algorithm>
#include <cmath>

#include "libs/base/check.h"

namespace esnaf::segmentation {
namespace {

// Products of a count and a value do not fit 64 bits for the largest amounts.
__extension__ using Wide = __int128;

Wide CeilDivide(Wide dividend, Wide divisor) { return (dividend + divisor - 1) / divisor; }

std::vector<std::int64_t> Column(std::span<const Values> everybody, Dimension dimension) {
  std::vector<std::int64_t> column;
  column.reserve(everybody.size());
  for (const Values& values : everybody) column.push_back(values.Of(dimension));
  return column;
}

std::vector<double> Cuts(std::span<const Values> everybody, Dimension dimension, Method method, int bucket_count,
                         std::int64_t money_unit) {
  if (everybody.empty()) return std::vector<double>(bucket_count - 1, 0.0);
  std::vector<std::int64_t> column = Column(everybody, dimension);
  if (method == Method::kQuantile) {
    return QuantileCuts(std::move(column), bucket_count, dimension == Dimension::kMonetary ? money_unit : 1);
  }
  const bool fewer_is_better = dimension == Dimension::kRecency;
  return method == Method::kPercentRank ? PercentRankCuts(std::move(column), bucket_count, fewer_is_better)
                                        : CumeDistCuts(std::move(column), bucket_count, fewer_is_better);
}

}  // namespace

std::int64_t Values::Of(Dimension dimension) const {
  switch (dimension) {
    case Dimension::kRecency:
      return recency_days;
    case Dimension::kFrequency:
      return frequency;
    case Dimension::kMonetary:
      break;
  }
  return monetary_minor;
}

int Scores::Of(Dimension dimension) const {
  switch (dimension) {
    case Dimension::kRecency:
      return recency;
    case Dimension::kFrequency:
      return frequency;
    case Dimension::kMonetary:
      break;
  }
  return monetary;
}

const std::vector<double>& Thresholds::Of(Dimension dimension) const {
  switch (dimension) {
    case Dimension::kRecency:
      return recency_days;
    case Dimension::kFrequency:
      return frequency;
    case Dimension::kMonetary:
      break;
  }
  return monetary_minor;
}

std::vector<double> CumeDistCuts(std::vector<std::int64_t> values, int bucket_count, bool fewer_is_better) {
  ESNAF_CHECK(!values.empty() && bucket_count >= 2);
  std::sort(values.begin(), values.end());
  const Wide count = static_cast<Wide>(values.size());
  std::vector<double> cuts;
  for (int k = 1; k < bucket_count; ++k) {
    if (fewer_is_better) {
      // At or below the cut: the values that more than (buckets - k) / buckets of all are not better than.
      const Wide at_least = (bucket_count - k) * count / bucket_count + 1;
      cuts.push_back(static_cast<double>(values[static_cast<std::size_t>(count - at_least)]));
    } else {
      // Above the cut: the values that more than k / buckets of all are not better than. What lies between two
      // values that occur has the share of the lower one, so the cut is just below the higher one.
      const Wide at_least = k * count / bucket_count + 1;
      cuts.push_back(static_cast<double>(values[static_cast<std::size_t>(at_least - 1)] - 1));
    }
  }
  return cuts;
}

std::vector<double> PercentRankCuts(std::vector<std::int64_t> values, int bucket_count, bool fewer_is_better) {
  ESNAF_CHECK(!values.empty() && bucket_count >= 2);
  std::sort(values.begin(), values.end());
  const Wide count = static_cast<Wide>(values.size());
  std::vector<double> cuts;
  for (int k = 1; k < bucket_count; ++k) {
    if (fewer_is_better) {
      // At or below the cut: the values that at least (buckets - k) / buckets of all are worse than.
      const Wide worse = CeilDivide((bucket_count - k) * count, bucket_count);
      cuts.push_back(static_cast<double>(values[static_cast<std::size_t>(count - worse)] - 1));
    } else {
      // Above the cut: the values that at least k / buckets of all are worse than.
      const Wide worse = CeilDivide(k * count, bucket_count);
      cuts.push_back(static_cast<double>(values[static_cast<std::size_t>(worse - 1)]));
    }
  }
  return cuts;
}

std::vector<double> QuantileCuts(std::vector<std::int64_t> values, int bucket_count, std::int64_t unit) {
  ESNAF_CHECK(!values.empty() && bucket_count >= 2 && unit >= 1);
  std::sort(values.begin(), values.end());
  std::vector<double> cuts;
  for (int k = 1; k < bucket_count; ++k) {
    const Wide place = static_cast<Wide>(values.size() - 1) * k;
    const auto index = static_cast<std::size_t>(place / bucket_count);
    const std::int64_t low = values[index];
    const std::int64_t high = values[std::min(index + 1, values.size() - 1)];
    const Wide above_low = CeilDivide(place % bucket_count * (static_cast<Wide>(high) - low), bucket_count);
    // The greatest whole value less than quantile + unit.
    cuts.push_back(static_cast<double>(low + above_low + unit - 1));
  }
  return cuts;
}

double Type7Quantile(std::span<const std::int64_t> sorted, int numerator, int denominator) {
  ESNAF_CHECK(!sorted.empty() && denominator >= 1 && numerator >= 0 && numerator <= denominator);
  const Wide place = static_cast<Wide>(sorted.size() - 1) * numerator;
  const auto index = static_cast<std::size_t>(place / denominator);
  const std::size_t next = std::min(index + 1, sorted.size() - 1);
  const double fraction = static_cast<double>(place % denominator) / denominator;
  return static_cast<double>(sorted[index]) + fraction * static_cast<double>(sorted[next] - sorted[index]);
}

Thresholds ComputeThresholds(std::span<const Values> everybody, Method method, int bucket_count,
                             std::int64_t money_unit) {
  Thresholds thresholds;
  thresholds.recency_days = Cuts(everybody, Dimension::kRecency, method, bucket_count, money_unit);
  thresholds.frequency = Cuts(everybody, Dimension::kFrequency, method, bucket_count, money_unit);
  thresholds.monetary_minor = Cuts(everybody, Dimension::kMonetary, method, bucket_count, money_unit);
  return thresholds;
}

int RankOf(double value, std::span<const double> cuts) {
  return static_cast<int>(std::lower_bound(cuts.begin(), cuts.end(), value) - cuts.begin()) + 1;
}

int ScoreOf(Dimension dimension, std::int64_t value, const Thresholds& thresholds) {
  const std::vector<double>& cuts = thresholds.Of(dimension);
  const int rank = RankOf(static_cast<double>(value), cuts);
  return dimension == Dimension::kRecency ? static_cast<int>(cuts.size()) + 2 - rank : rank;
}

Scores Score(const Values& values, const Thresholds& thresholds) {
  return {.recency = ScoreOf(Dimension::kRecency, values.recency_days, thresholds),
          .frequency = ScoreOf(Dimension::kFrequency, values.frequency, thresholds),
          .monetary = ScoreOf(Dimension::kMonetary, values.monetary_minor, thresholds)};
}

ValueRange RangeOf(Dimension dimension, int score, const Thresholds& thresholds) {
  const std::vector<double>& cuts = thresholds.Of(dimension);
  const int buckets = static_cast<int>(cuts.size()) + 1;
  ESNAF_CHECK(score >= 1 && score <= buckets);
  const int rank = dimension == Dimension::kRecency ? buckets + 1 - score : score;
  ValueRange range;
  if (rank > 1) range.from = static_cast<std::int64_t>(std::floor(cuts[rank - 2])) + 1;
  if (rank < buckets) range.to = static_cast<std::int64_t>(std::floor(cuts[rank - 1]));
  return range;
}

}  // namespace esnaf::segmentation
