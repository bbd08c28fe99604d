// Goal: values are what their names mean, and intervals hold them, shrink with the answers, and never leave the scale.
#include "services/support/surveys/survey_stats.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

ScoreCounts AnyCounts(SurveyKind kind) {
  const ScoreScale scale = ScaleOf(kind);
  ScoreCounts counts;
  for (int score = scale.least; score <= scale.most; ++score) {
    counts.push_back(*rc::gen::weightedOneOf<int>({{1, rc::gen::just(0)}, {2, rc::gen::inRange(0, 400)}}));
  }
  return counts;
}

TEST_CASE("CSAT is the share of 4 and 5 with Wilson's interval") {
  // 8 of 10: (0.8 + 0.19207) / 1.38415 is 0.7167, less and more 0.2266 (Wilson's formula by hand).
  const SurveyValue value = ReckonSurvey(SurveyKind::kCsat, {1, 0, 1, 3, 5});
  CHECK(value.answers == 10);
  CHECK(value.value == Approx(0.8));
  CHECK(value.mean == Approx(4.1));
  CHECK(value.lower == Approx(0.4902).margin(1e-4));
  CHECK(value.upper == Approx(0.9433).margin(1e-4));
  CHECK(value.small_sample);
  CHECK_FALSE(ReckonSurvey(SurveyKind::kCsat, {0, 0, 0, 0, 30}).small_sample);
}

TEST_CASE("NPS is promoters less detractors, and unanimity is not certainty") {
  ScoreCounts counts(11);
  counts[10] = 50;
  counts[9] = 10;
  counts[8] = 15;
  counts[3] = 25;
  const SurveyValue value = ReckonSurvey(SurveyKind::kNps, counts);
  CHECK(value.value == Approx(35));
  // 61 and 26 of 103: centre 33.98, deviation sqrt((0.84466 - 0.11547) / 103) = 0.08414.
  CHECK(value.lower == Approx(33.981 - 16.491).margin(0.01));
  CHECK(value.upper == Approx(33.981 + 16.491).margin(0.01));
  ScoreCounts three(11);
  three[10] = 3;
  const SurveyValue few = ReckonSurvey(SurveyKind::kNps, three);
  CHECK(few.value == 100);
  CHECK(few.upper == 100);
  CHECK(few.lower < 0);
}

TEST_CASE("CES is the mean") {
  const SurveyValue value = ReckonSurvey(SurveyKind::kCes, {0, 0, 0, 10, 0, 0, 10});
  CHECK(value.value == Approx(5.5));
  CHECK(value.lower < 5.5);
  CHECK(value.upper > 5.5);
}

TEST_CASE("without answers an interval is the whole scale") {
  CHECK(ReckonSurvey(SurveyKind::kCsat, ScoreCounts(5)).upper == 1);
  CHECK(ReckonSurvey(SurveyKind::kNps, ScoreCounts(11)).lower == -100);
  CHECK(ReckonSurvey(SurveyKind::kCes, ScoreCounts(7)).lower == 1);
}

TEST_CASE("an interval holds its value within the scale, and four times the answers never widen it") {
  CHECK(rc::check([] {
    const SurveyKind kind = *rc::gen::element(SurveyKind::kCsat, SurveyKind::kCes, SurveyKind::kNps);
    const ScoreCounts counts = AnyCounts(kind);
    const SurveyValue value = ReckonSurvey(kind, counts);
    const SurveyValue none = ReckonSurvey(kind, ScoreCounts(counts.size()));
    RC_ASSERT(value.lower >= none.lower);
    RC_ASSERT(value.upper <= none.upper);
    if (value.answers == 0) return;
    RC_ASSERT(value.lower <= value.value + 1e-9);
    RC_ASSERT(value.upper >= value.value - 1e-9);
    ScoreCounts more = counts;
    for (std::int64_t& count : more) count *= 4;
    const SurveyValue surer = ReckonSurvey(kind, more);
    RC_ASSERT(std::abs(surer.value - value.value) < 1e-9);
    RC_ASSERT(surer.upper - surer.lower <= value.upper - value.lower + 1e-9);
  }));
}

TEST_CASE("one more good answer never lowers a value") {
  CHECK(rc::check([] {
    const SurveyKind kind = *rc::gen::element(SurveyKind::kCsat, SurveyKind::kNps);
    ScoreCounts counts = AnyCounts(kind);
    const SurveyValue before = ReckonSurvey(kind, counts);
    ++counts.back();
    RC_ASSERT(ReckonSurvey(kind, counts).value >= before.value - 1e-9);
  }));
}

}  // namespace
}  // namespace esnaf::support
