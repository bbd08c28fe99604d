#include "services/support/reports/retention.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace esnaf::support {
namespace {

constexpr double kZ = 1.959963984540054;  // of the normal distribution, 95 %
constexpr std::int64_t kFewPeople = 10;
// What rounding leaves of a variance of zero.
constexpr double kNoVariance = 1e-15;

}  // namespace

RetentionSide SideOf(RetentionExposure exposure, std::uint8_t bits) {
  const auto side = [](bool exposed, bool compared) {
    return exposed ? RetentionSide::kExposed : compared ? RetentionSide::kCompared : RetentionSide::kNeither;
  };
  switch (exposure) {
    case RetentionExposure::kTicket:
      return side(bits & kHadTicket, true);
    case RetentionExposure::kBreach:
      return side(bits & kHadBreach, bits & kHadTicket);
    case RetentionExposure::kLowCsat:
      return side(bits & kLowCsat, bits & kHighCsat);
  }
  return RetentionSide::kNeither;
}

void RetentionStratum::Add(RetentionSide side, std::int64_t people, std::int64_t buyers) {
  if (side == RetentionSide::kNeither) return;
  const bool is_exposed = side == RetentionSide::kExposed;
  (is_exposed ? exposed : compared) += people;
  (is_exposed ? exposed_buyers : compared_buyers) += buyers;
}

bool RetentionStratum::IsSmall() const { return std::min(exposed, compared) < kFewPeople; }

std::optional<RiskDifference> CompareStrata(std::span<const RetentionStratum> strata) {
  RetentionStratum all;
  double weights = 0, exposed = 0, compared = 0, p = 0, q = 0;
  for (const RetentionStratum& stratum : strata) {
    if (stratum.IsOneSided()) continue;
    all.exposed += stratum.exposed;
    all.compared += stratum.compared;
    const auto a = static_cast<double>(stratum.exposed_buyers), n1 = static_cast<double>(stratum.exposed);
    const auto b = static_cast<double>(stratum.compared_buyers), n0 = static_cast<double>(stratum.compared);
    const double n = n1 + n0, weight = n1 * n0 / n;
    weights += weight;
    exposed += weight * a / n1;
    compared += weight * b / n0;
    p += (n1 * n1 * b - n0 * n0 * a + n1 * n0 * (n0 - n1) / 2) / (n * n);
    q += (a * (n0 - b) + b * (n1 - a)) / (2 * n);
  }
  if (weights == 0) return std::nullopt;
  RiskDifference result{.exposed_share = exposed / weights, .compared_share = compared / weights};
  result.difference = result.exposed_share - result.compared_share;
  const double variance = (result.difference * p + q) / (weights * weights);
  if (all.IsSmall() || variance <= kNoVariance) return result;
  const double half = kZ * std::sqrt(variance);
  result.lower = std::max(-1.0, result.difference - half);
  result.upper = std::min(1.0, result.difference + half);
  return result;
}

std::string FormatMonth(Date month) { return FormatDate(month).substr(0, 7); }

std::optional<Date> ParseMonth(std::string_view text) {
  const absl::StatusOr<Date> date = ParseDate(absl::StrCat(std::string(text), "-01"));
  return date.ok() && text.size() == 7 ? std::optional(*date) : std::nullopt;
}

Date AddMonths(Date month, int count) { return month + std::chrono::months(count); }

}  // namespace esnaf::support
