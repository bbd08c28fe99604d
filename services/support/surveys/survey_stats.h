#pragma once

// What answers say, and how sure that is.
#include <cstdint>
#include <vector>

#include "services/support/surveys/survey.h"

namespace esnaf::support {

// How often each score of the scale was given, from the least on.
using ScoreCounts = std::vector<std::int64_t>;

struct SurveyValue {
  std::int64_t answers = 0;
  double mean = 0;
  double value = 0;  // by the kind: share of 4 and 5, mean, NPS
  // The 95 % interval of the value; the whole scale without answers.
  double lower = 0;
  double upper = 0;
  bool small_sample = true;  // fewer than 30 answers
};

// CSAT: the share of 4 and 5, with Wilson's score interval (E. B. Wilson, JASA 22, 1927).
// NPS: 100 (p - d), p and d being the shares of 9 to 10 and of 0 to 6. The variance of one answer of a multinomial
// sample is p + d - (p - d)^2 (as `nps.var` of the R package NPS); since that is 0 where all answers are alike, the
// interval is taken with one more answer in each of the three classes, as Agresti and Coull (The American Statistician
// 52, 1998) add answers to a share.
// CES: the mean, with the variance of the scores and, for the same reason, one more answer at each end of the scale.
// `counts` has an entry for each score of the kind's scale.
SurveyValue ReckonSurvey(SurveyKind kind, const ScoreCounts& counts);

}  // namespace esnaf::support
