#pragma once

// Why a person has a label, and what is missing for the next one up, in numbers and in Turkish and English sentences.
// Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/money.h"
#include "services/segmentation/rfm/rfm.h"
#include "services/segmentation/rfm/rfm_policy.h"

namespace esnaf::segmentation {

enum class Language { kEnglish, kTurkish };

struct DimensionExplanation {
  Dimension dimension = Dimension::kRecency;
  std::int64_t value = 0;
  int score = 0;
  ValueRange range;  // the values that earn this score
  std::string sentence_en;
  std::string sentence_tr;
};

// One for each dimension.
std::vector<DimensionExplanation> ExplainDimensions(const Values& values, const Thresholds& thresholds,
                                                    Currency currency);

// A way to a better label. It always takes an order now: frequency and money only grow by orders, and so does recency.
struct WayUp {
  Label label;
  std::int64_t orders = 1;
  std::int64_t money_minor = 0;   // what these orders are worth together at least; 0 where any amount does
  std::int64_t days_too_old = 0;  // by how much the last order is too old for the label; 0 where it is not
  Scores target;                  // the scores after that
  std::string sentence_en;
  std::string sentence_tr;
};

// The ways to the label of the least rank above the present one that orders placed now can reach: none of them needs
// both more orders and more money than another, the fewest orders first, at most five. Empty where no order makes it
// better.
std::vector<WayUp> WaysUp(const Policy& policy, const Thresholds& thresholds, const Values& values, Currency currency);

// `1,234.50 TRY` or `1.234,50 TRY`.
std::string FormatAmount(std::int64_t minor, Currency currency, Language language);

}  // namespace esnaf::segmentation
