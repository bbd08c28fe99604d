// Scores: the definitions against naive references, and what must hold for every set of customers.
#include "services/segmentation/rfm/rfm.h"

#include <rapidcheck.h>

#include <cmath>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

// ceil(buckets x cume_dist) in exact arithmetic, as its definition says it: over everybody, sorted by the value.
int NaiveCumeDistScore(const std::vector<std::int64_t>& everybody, std::int64_t value, int buckets,
                       bool fewer_is_better) {
  const auto no_better = std::count_if(everybody.begin(), everybody.end(), [&](std::int64_t other) {
    return fewer_is_better ? other >= value : other <= value;
  });
  const auto count = static_cast<std::int64_t>(everybody.size());
  return static_cast<int>((buckets * no_better + count - 1) / count);
}

// 1 + floor(buckets x share of customers who are worse); the best score for a value that is better than everybody's.
int NaivePercentRankScore(const std::vector<std::int64_t>& everybody, std::int64_t value, int buckets,
                          bool fewer_is_better) {
  const auto worse = std::count_if(everybody.begin(), everybody.end(),
                                   [&](std::int64_t other) { return fewer_is_better ? other > value : other < value; });
  return std::min(buckets, static_cast<int>(1 + buckets * worse / static_cast<std::int64_t>(everybody.size())));
}

// The package's rule: below the quantile where less than it and one unit more.
int NaiveQuantileRank(const std::vector<std::int64_t>& everybody, std::int64_t value, int buckets, std::int64_t unit) {
  std::vector<std::int64_t> sorted = everybody;
  std::sort(sorted.begin(), sorted.end());
  int rank = 1;
  for (int k = 1; k < buckets; ++k) {
    const std::int64_t place = static_cast<std::int64_t>(sorted.size() - 1) * k;
    const std::int64_t low = sorted[place / buckets];
    const std::int64_t high = sorted[std::min<std::size_t>(place / buckets + 1, sorted.size() - 1)];
    // value >= quantile + unit, multiplied by the number of buckets.
    if ((value - unit - low) * buckets >= place % buckets * (high - low)) rank = k + 1;
  }
  return rank;
}

rc::Gen<std::vector<std::int64_t>> SomeValues() {
  // Few different values make many ties, which is where scoring goes wrong.
  const auto tied = rc::gen::inRange<std::int64_t>(0, 6);
  const auto wide = rc::gen::inRange<std::int64_t>(-100000, 100000);
  return rc::gen::nonEmpty(rc::gen::oneOf(rc::gen::container<std::vector<std::int64_t>>(tied),
                                          rc::gen::container<std::vector<std::int64_t>>(wide)));
}

Thresholds AllDimensions(const std::vector<double>& cuts) { return {cuts, cuts, cuts}; }

TEST_CASE("percent_rank scores equal their definition, also for values that nobody has") {
  REQUIRE(rc::check("cuts give 1 + floor(buckets x share who are worse)", [] {
    const auto everybody = *SomeValues();
    const int buckets = *rc::gen::inRange(3, 11);
    const auto value = *rc::gen::oneOf(rc::gen::elementOf(everybody), rc::gen::inRange<std::int64_t>(-10, 20));
    const Thresholds rising = AllDimensions(PercentRankCuts(everybody, buckets, false));
    const Thresholds falling = AllDimensions(PercentRankCuts(everybody, buckets, true));
    RC_ASSERT(ScoreOf(Dimension::kFrequency, value, rising) == NaivePercentRankScore(everybody, value, buckets, false));
    RC_ASSERT(ScoreOf(Dimension::kRecency, value, falling) == NaivePercentRankScore(everybody, value, buckets, true));
  }));
}

TEST_CASE("most customers ordering once score 1 by percent_rank and more by cume_dist") {
  const std::vector<std::int64_t> orders = {1, 1, 1, 1, 1, 1, 2, 2, 3, 9};
  CHECK(ScoreOf(Dimension::kFrequency, 1, AllDimensions(PercentRankCuts(orders, 5, false))) == 1);
  CHECK(ScoreOf(Dimension::kFrequency, 1, AllDimensions(CumeDistCuts(orders, 5, false))) == 3);
}

TEST_CASE("cume_dist scores equal their definition, also for values that nobody has") {
  REQUIRE(rc::check("cuts give ceil(buckets x cume_dist)", [] {
    const auto everybody = *SomeValues();
    const int buckets = *rc::gen::inRange(3, 11);
    const auto value = *rc::gen::oneOf(rc::gen::elementOf(everybody), rc::gen::inRange<std::int64_t>(-10, 20));
    const Thresholds rising = AllDimensions(CumeDistCuts(everybody, buckets, false));
    const Thresholds falling = AllDimensions(CumeDistCuts(everybody, buckets, true));
    // A value worse than everybody's has the share 0, which the worst score stands for.
    RC_ASSERT(ScoreOf(Dimension::kFrequency, value, rising) ==
              std::max(1, NaiveCumeDistScore(everybody, value, buckets, false)));
    RC_ASSERT(ScoreOf(Dimension::kRecency, value, falling) ==
              std::max(1, NaiveCumeDistScore(everybody, value, buckets, true)));
  }));
}

TEST_CASE("quantile scores equal the rule of the R package") {
  REQUIRE(rc::check("cuts give the same rank", [] {
    const auto everybody = *SomeValues();
    const int buckets = *rc::gen::inRange(3, 11);
    const std::int64_t unit = *rc::gen::element<std::int64_t>(1, 100, 1000);
    const auto value = *rc::gen::elementOf(everybody);
    const std::vector<double> cuts = QuantileCuts(everybody, buckets, unit);
    RC_ASSERT(RankOf(static_cast<double>(value), cuts) == NaiveQuantileRank(everybody, value, buckets, unit));
  }));
}

TEST_CASE("equal values score alike, a better value never scores worse, and scores are within the buckets") {
  REQUIRE(rc::check("monotone and bounded", [] {
    const int buckets = *rc::gen::inRange(3, 11);
    const bool quantile = *rc::gen::arbitrary<bool>();
    std::vector<Values> everybody;
    for (const std::int64_t value : *SomeValues()) {
      everybody.push_back({std::abs(value) % 400, 1 + std::abs(value) % 7, value});
    }
    const Thresholds thresholds =
        ComputeThresholds(everybody, quantile ? Method::kQuantile : Method::kCumeDist, buckets, 100);
    RC_ASSERT(thresholds.bucket_count() == buckets);
    for (const Dimension dimension : kDimensions) {
      const bool fewer_is_better = dimension == Dimension::kRecency;
      std::vector<std::pair<std::int64_t, int>> scored;
      for (const Values& values : everybody) {
        const int score = Score(values, thresholds).Of(dimension);
        RC_ASSERT(score >= 1 && score <= buckets);
        scored.emplace_back(values.Of(dimension), score);
      }
      std::sort(scored.begin(), scored.end());
      for (std::size_t i = 1; i < scored.size(); ++i) {
        if (scored[i - 1].first == scored[i].first) RC_ASSERT(scored[i - 1].second == scored[i].second);
        const bool no_worse =
            fewer_is_better ? scored[i - 1].second >= scored[i].second : scored[i - 1].second <= scored[i].second;
        RC_ASSERT(no_worse);
      }
    }
  }));
}

TEST_CASE("the range of a score holds exactly the values that earn it") {
  REQUIRE(rc::check("ranges and scores agree", [] {
    const int buckets = *rc::gen::inRange(3, 11);
    const Thresholds thresholds = AllDimensions(CumeDistCuts(*SomeValues(), buckets, *rc::gen::arbitrary<bool>()));
    const auto value = *rc::gen::inRange<std::int64_t>(-20, 20);
    for (const Dimension dimension : kDimensions) {
      for (int score = 1; score <= buckets; ++score) {
        const ValueRange range = RangeOf(dimension, score, thresholds);
        const bool inside = (!range.from || value >= *range.from) && (!range.to || value <= *range.to);
        RC_ASSERT(inside == (ScoreOf(dimension, value, thresholds) == score));
      }
    }
  }));
}

TEST_CASE("the type-7 quantile is R's") {
  const std::vector<std::int64_t> values = {1, 2, 4, 8, 16};
  // quantile(c(1, 2, 4, 8, 16), c(.2, .4, .5, .6, .8, 1), type = 7) in R.
  CHECK(Type7Quantile(values, 1, 5) == Approx(1.8));
  CHECK(Type7Quantile(values, 2, 5) == Approx(3.2));
  CHECK(Type7Quantile(values, 1, 2) == Approx(4));
  CHECK(Type7Quantile(values, 3, 5) == Approx(5.6));
  CHECK(Type7Quantile(values, 4, 5) == Approx(9.6));
  CHECK(Type7Quantile(values, 1, 1) == Approx(16));
}

TEST_CASE("one-order customers all have one frequency score, however many they are") {
  std::vector<Values> everybody;
  for (int i = 0; i < 90; ++i) everybody.push_back({i, 1, 100 + i});
  for (int i = 0; i < 10; ++i) everybody.push_back({i, 2 + i, 1000 + i});
  const Thresholds thresholds = ComputeThresholds(everybody, Method::kCumeDist, 5, 100);
  // 90 of 100 are not better: ceil(5 x 0.9) = 5, for each of them.
  for (int i = 0; i < 90; ++i) CHECK(Score(everybody[i], thresholds).frequency == 5);
  const Thresholds quantiles = ComputeThresholds(everybody, Method::kQuantile, 5, 100);
  for (int i = 0; i < 90; ++i) CHECK(Score(everybody[i], quantiles).frequency == 1);
}

TEST_CASE("fixed cuts may lie between whole values") {
  const Thresholds thresholds = {{30, 90.5}, {1.5, 4}, {1000, 5000}};
  CHECK(Score({30, 1, 1000}, thresholds) == Scores{3, 1, 1});
  CHECK(Score({90, 2, 1001}, thresholds) == Scores{2, 2, 2});
  CHECK(Score({91, 5, 5001}, thresholds) == Scores{1, 3, 3});
  CHECK(RangeOf(Dimension::kFrequency, 1, thresholds).to == 1);
  CHECK(RangeOf(Dimension::kFrequency, 2, thresholds).from == 2);
  CHECK(RangeOf(Dimension::kRecency, 1, thresholds).from == 91);
  CHECK_FALSE(RangeOf(Dimension::kRecency, 1, thresholds).to.has_value());
}

TEST_CASE("without anybody there are cuts all the same") {
  const Thresholds thresholds = ComputeThresholds({}, Method::kCumeDist, 4, 100);
  CHECK(thresholds.frequency == std::vector<double>{0, 0, 0});
  CHECK(Score({0, 1, 1}, thresholds) == Scores{4, 4, 4});
}

}  // namespace
}  // namespace esnaf::segmentation
