#pragma once

// How a model of value sees a person, coarsely: what has to change for it to be news. Pure: no SQL, no clock, no
// protobuf.
#include <cstdint>
#include <vector>

#include "services/segmentation/value/value_prediction.h"

namespace esnaf::segmentation {

// The numbers are those of esnaf.segmentation.v1.ChurnRisk and ValueBand.
enum class ChurnRisk { kUnknown = 0, kLow = 1, kMedium = 2, kHigh = 3 };
enum class ValueBand { kUnknown = 0, kLow = 1, kMedium = 2, kHigh = 3 };

struct ValueStanding {
  ChurnRisk churn_risk = ChurnRisk::kUnknown;
  ValueBand value_band = ValueBand::kUnknown;
  bool operator==(const ValueStanding&) const = default;
};

// The predicted CLVs that divide everybody: who is not below the first is worth more than half of all, who is not below
// the second is one of five. At least 1 each, so that who is worth nothing is in the lowest band.
struct ValueBorders {
  std::int64_t medium_minor = 1;
  std::int64_t high_minor = 1;
};
ValueBorders BordersOf(std::vector<std::int64_t> clvs_minor);

// LOW below 0.3, HIGH from 0.7 on. Who stood in another before leaves it only 0.05 beyond the border. kUnknown where
// the method says that nothing tells it.
ChurnRisk RiskOf(ChurnMethod method, double churn_probability, ChurnRisk before);
// Who stood in another band before leaves it only a tenth beyond the border.
ValueBand BandOf(std::int64_t clv_minor, const ValueBorders& borders, ValueBand before);

}  // namespace esnaf::segmentation
