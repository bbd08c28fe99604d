#include "services/support/surveys/survey_stats.h"

#include <cmath>

#include "libs/base/check.h"

namespace esnaf::support {
namespace {

constexpr double kZ = 1.959963984540054;  // of the normal distribution, 95 %
constexpr std::int64_t kFewAnswers = 30;

std::int64_t CountFrom(const ScoreCounts& counts, int least, int from, int to) {
  std::int64_t sum = 0;
  for (int score = from; score <= to; ++score) sum += counts[static_cast<std::size_t>(score - least)];
  return sum;
}

void PutInterval(double center, double half, double least, double most, SurveyValue& value) {
  value.lower = std::max(least, center - half);
  value.upper = std::min(most, center + half);
}

void ReckonShare(double good, SurveyValue& value) {
  const auto n = static_cast<double>(value.answers);
  const double share = good / n, z2 = kZ * kZ;
  value.value = share;
  const double center = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  PutInterval(center, half, 0, 1, value);
}

void ReckonNps(double promoters, double detractors, SurveyValue& value) {
  const auto n = static_cast<double>(value.answers);
  value.value = 100 * (promoters - detractors) / n;
  const double p = (promoters + 1) / (n + 3), d = (detractors + 1) / (n + 3);
  const double deviation = std::sqrt((p + d - (p - d) * (p - d)) / (n + 3));
  PutInterval(100 * (p - d), 100 * kZ * deviation, -100, 100, value);
}

void ReckonMean(const ScoreCounts& counts, ScoreScale scale, SurveyValue& value) {
  double n = 0, sum = 0, squares = 0;
  const auto add = [&](double score, double count) {
    n += count;
    sum += score * count;
    squares += score * score * count;
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    add(scale.least + static_cast<double>(i), static_cast<double>(counts[i]));
  }
  value.value = value.mean;
  add(scale.least, 1);
  add(scale.most, 1);
  const double mean = sum / n;
  const double variance = std::max(0.0, squares / n - mean * mean) * n / (n - 1);
  PutInterval(mean, kZ * std::sqrt(variance / n), scale.least, scale.most, value);
}

}  // namespace

SurveyValue ReckonSurvey(SurveyKind kind, const ScoreCounts& counts) {
  const ScoreScale scale = ScaleOf(kind);
  ESNAF_CHECK(static_cast<int>(counts.size()) == scale.most - scale.least + 1);
  SurveyValue value;
  std::int64_t sum = 0;
  for (int score = scale.least; score <= scale.most; ++score) {
    const std::int64_t count = counts[static_cast<std::size_t>(score - scale.least)];
    value.answers += count;
    sum += count * score;
  }
  value.small_sample = value.answers < kFewAnswers;
  if (value.answers == 0) {
    const bool is_share = kind == SurveyKind::kCsat, is_nps = kind == SurveyKind::kNps;
    value.lower = is_share ? 0 : is_nps ? -100 : scale.least;
    value.upper = is_share ? 1 : is_nps ? 100 : scale.most;
    return value;
  }
  value.mean = static_cast<double>(sum) / static_cast<double>(value.answers);
  switch (kind) {
    case SurveyKind::kCsat:
      ReckonShare(static_cast<double>(CountFrom(counts, scale.least, 4, 5)), value);
      break;
    case SurveyKind::kCes:
      ReckonMean(counts, scale, value);
      break;
    case SurveyKind::kNps:
      ReckonNps(static_cast<double>(CountFrom(counts, scale.least, 9, 10)),
                static_cast<double>(CountFrom(counts, scale.least, 0, 6)), value);
      break;
  }
  return value;
}

}  // namespace esnaf::support
