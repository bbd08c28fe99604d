#include "services/segmentation/value/value_standing.h"

#include <algorithm>

namespace esnaf::segmentation {
namespace {

constexpr double kMediumRisk = 0.3;
constexpr double kHighRisk = 0.7;
constexpr double kRiskSlack = 0.05;
constexpr double kBandSlack = 0.1;

// 1, 2 or 3 by two borders, each moved away from where it was before by its slack.
int StepOf(double number, double medium, double high, double medium_slack, double high_slack, int before) {
  const auto is_over = [&](double border, double slack, int step) {
    const double moved = before == 0 ? border : before >= step ? border - slack : border + slack;
    return number >= moved;
  };
  return is_over(high, high_slack, 3) ? 3 : is_over(medium, medium_slack, 2) ? 2 : 1;
}

}  // namespace

ValueBorders BordersOf(std::vector<std::int64_t> clvs_minor) {
  ValueBorders borders;
  if (clvs_minor.empty()) return borders;
  const auto at = [&](std::size_t place) {
    std::nth_element(clvs_minor.begin(), clvs_minor.begin() + static_cast<std::ptrdiff_t>(place), clvs_minor.end());
    return std::max<std::int64_t>(1, clvs_minor[place]);
  };
  borders.medium_minor = at(clvs_minor.size() / 2);
  borders.high_minor = at(clvs_minor.size() - 1 - (clvs_minor.size() - 1) / 5);
  return borders;
}

ChurnRisk RiskOf(ChurnMethod method, double churn_probability, ChurnRisk before) {
  if (method == ChurnMethod::kNone) return ChurnRisk::kUnknown;
  return static_cast<ChurnRisk>(
      StepOf(churn_probability, kMediumRisk, kHighRisk, kRiskSlack, kRiskSlack, static_cast<int>(before)));
}

ValueBand BandOf(std::int64_t clv_minor, const ValueBorders& borders, ValueBand before) {
  const auto medium = static_cast<double>(borders.medium_minor);
  const auto high = static_cast<double>(borders.high_minor);
  return static_cast<ValueBand>(StepOf(static_cast<double>(clv_minor), medium, high, kBandSlack * medium,
                                       kBandSlack * high, static_cast<int>(before)));
}

}  // namespace esnaf::segmentation
