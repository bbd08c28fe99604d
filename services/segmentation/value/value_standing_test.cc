#include "services/segmentation/value/value_standing.h"

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

TEST_CASE("churn risks begin at their borders, and who stands in one stays there within five hundredths") {
  const auto risk = [](double probability, ChurnRisk before) {
    return RiskOf(ChurnMethod::kModel, probability, before);
  };
  CHECK(risk(0.29, ChurnRisk::kUnknown) == ChurnRisk::kLow);
  CHECK(risk(0.3, ChurnRisk::kUnknown) == ChurnRisk::kMedium);
  CHECK(risk(0.7, ChurnRisk::kUnknown) == ChurnRisk::kHigh);
  CHECK(risk(0.34, ChurnRisk::kLow) == ChurnRisk::kLow);
  CHECK(risk(0.36, ChurnRisk::kLow) == ChurnRisk::kMedium);
  CHECK(risk(0.26, ChurnRisk::kMedium) == ChurnRisk::kMedium);
  CHECK(risk(0.24, ChurnRisk::kMedium) == ChurnRisk::kLow);
  CHECK(risk(0.74, ChurnRisk::kMedium) == ChurnRisk::kMedium);
  CHECK(risk(0.66, ChurnRisk::kHigh) == ChurnRisk::kHigh);
  CHECK(risk(0.1, ChurnRisk::kHigh) == ChurnRisk::kLow);
  CHECK(RiskOf(ChurnMethod::kNone, 0.9, ChurnRisk::kHigh) == ChurnRisk::kUnknown);
}

TEST_CASE("one in five is of high value, and the upper half at least of medium") {
  std::vector<std::int64_t> clvs;
  for (std::int64_t i = 1; i <= 100; ++i) clvs.push_back(i * 10);
  const ValueBorders borders = BordersOf(clvs);
  int high = 0, medium = 0;
  for (const std::int64_t clv : clvs) {
    const ValueBand band = BandOf(clv, borders, ValueBand::kUnknown);
    high += band == ValueBand::kHigh;
    medium += band == ValueBand::kMedium;
  }
  CHECK(high == 20);
  CHECK(medium == 30);
  CHECK(BandOf(800, borders, ValueBand::kHigh) == ValueBand::kHigh);
  CHECK(BandOf(700, borders, ValueBand::kHigh) == ValueBand::kMedium);
  CHECK(BandOf(850, borders, ValueBand::kMedium) == ValueBand::kMedium);
  CHECK(BandOf(900, borders, ValueBand::kMedium) == ValueBand::kHigh);
  // Who is worth nothing is worth little, also where nobody is worth anything.
  CHECK(BandOf(0, BordersOf({0, 0, 0}), ValueBand::kUnknown) == ValueBand::kLow);
  CHECK(BandOf(5, BordersOf({}), ValueBand::kUnknown) == ValueBand::kHigh);
}

}  // namespace
}  // namespace esnaf::segmentation
