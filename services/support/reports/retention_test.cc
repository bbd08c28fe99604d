// Goal: the comparison says what its formula says, and nothing where there is nothing to compare.
#include "services/support/reports/retention.h"

#include <cmath>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

RetentionStratum Of(std::int64_t exposed_buyers, std::int64_t exposed, std::int64_t compared_buyers,
                    std::int64_t compared) {
  return {exposed, exposed_buyers, compared, compared_buyers};
}

double HalfWidth(const RiskDifference& result) { return (*result.upper - *result.lower) / 2; }

// Another estimator of the same variance, by S. Greenland and J. Robins (Biometrics 41, 1985), for few large strata.
double VarianceOfGreenlandAndRobins(const std::vector<RetentionStratum>& strata) {
  double weights = 0, sum = 0;
  for (const RetentionStratum& stratum : strata) {
    const auto a = static_cast<double>(stratum.exposed_buyers), n1 = static_cast<double>(stratum.exposed);
    const auto b = static_cast<double>(stratum.compared_buyers), n0 = static_cast<double>(stratum.compared);
    weights += n1 * n0 / (n1 + n0);
    sum += (a * (n1 - a) * std::pow(n0, 3) + b * (n0 - b) * std::pow(n1, 3)) / (n1 * n0 * std::pow(n1 + n0, 2));
  }
  return sum / (weights * weights);
}

TEST_CASE("two strata by hand") {
  // Weights 40 x 60 / 100 = 24 and 20 x 80 / 100 = 16. d = (24 (0.3 - 0.5) + 16 (0.25 - 0.1125)) / 40 = -0.065.
  // P1 = (1600 x 30 - 3600 x 12 + 2400 x 10) / 10000 = 2.88, P2 = (400 x 9 - 6400 x 5 + 1600 x 30) / 10000 = 1.96;
  // Q1 = (12 x 30 + 30 x 28) / 200 = 6, Q2 = (5 x 71 + 9 x 15) / 200 = 2.45.
  // Variance (-0.065 x 4.84 + 8.45) / 1600 = 0.005084625.
  const auto result = CompareStrata(std::vector{Of(12, 40, 30, 60), Of(5, 20, 9, 80)});
  REQUIRE(result);
  CHECK(result->exposed_share == Approx((24 * 0.3 + 16 * 0.25) / 40));
  CHECK(result->compared_share == Approx((24 * 0.5 + 16 * 0.1125) / 40));
  CHECK(result->difference == Approx(-0.065));
  const double half = 1.959963984540054 * std::sqrt(0.005084625);
  CHECK(*result->lower == Approx(-0.065 - half));
  CHECK(*result->upper == Approx(-0.065 + half));
}

TEST_CASE("one stratum is the usual difference of two shares, with its usual interval") {
  const auto result = CompareStrata(std::vector{Of(30, 120, 80, 200)});
  REQUIRE(result);
  CHECK(result->difference == Approx(30.0 / 120 - 80.0 / 200));
  const double variance = 0.25 * 0.75 / 120 + 0.4 * 0.6 / 200;
  CHECK(HalfWidth(*result) == Approx(1.959963984540054 * std::sqrt(variance)));
}

TEST_CASE("with large strata the interval is that of Greenland and Robins") {
  const std::vector strata = {Of(1200, 4000, 3000, 6000), Of(500, 2000, 900, 8000), Of(70, 300, 8100, 30'000)};
  const auto result = CompareStrata(strata);
  REQUIRE(result);
  const double half = 1.959963984540054 * std::sqrt(VarianceOfGreenlandAndRobins(strata));
  CHECK(HalfWidth(*result) == Approx(half).epsilon(0.01));
}

TEST_CASE("the other way round the difference changes its sign alone") {
  const auto one = CompareStrata(std::vector{Of(12, 40, 30, 60), Of(5, 20, 9, 80)});
  const auto other = CompareStrata(std::vector{Of(30, 60, 12, 40), Of(9, 80, 5, 20)});
  CHECK(other->difference == Approx(-one->difference));
  CHECK(*other->lower == Approx(-*one->upper));
  CHECK(*other->upper == Approx(-*one->lower));
}

TEST_CASE("strata of one side count in nothing, and bounds stay within what can be") {
  CHECK_FALSE(CompareStrata({}));
  CHECK_FALSE(CompareStrata(std::vector{Of(1, 2, 0, 0), Of(0, 0, 3, 9)}));
  const auto with = CompareStrata(std::vector{Of(12, 40, 30, 60), Of(7, 7, 0, 0)});
  const auto without = CompareStrata(std::vector{Of(12, 40, 30, 60)});
  CHECK(with->difference == without->difference);
  CHECK(with->lower == without->lower);
  const auto far = CompareStrata(std::vector{Of(10, 10, 1, 10)});
  CHECK(*far->lower < 0.9);
  CHECK(*far->upper == 1);
  CHECK(Of(1, 9, 5, 500).IsSmall());
  CHECK_FALSE(Of(1, 10, 5, 10).IsSmall());
}

TEST_CASE("where the data say least there is a difference without an interval") {
  for (const RetentionStratum& stratum : {Of(1, 1, 0, 1), Of(1, 1, 1, 2), Of(3, 9, 400, 900), Of(400, 900, 3, 9)}) {
    const auto few = CompareStrata(std::vector{stratum});
    REQUIRE(few);
    CHECK_FALSE(few->lower);
    CHECK_FALSE(few->upper);
  }
  // Nobody on either side, all on both, all against nobody.
  for (const RetentionStratum& stratum : {Of(0, 40, 0, 60), Of(40, 40, 60, 60), Of(40, 40, 0, 60)}) {
    const auto sure = CompareStrata(std::vector{stratum, stratum});
    REQUIRE(sure);
    CHECK_FALSE(sure->lower);
    CHECK_FALSE(sure->upper);
  }
  CHECK(CompareStrata(std::vector{Of(40, 40, 0, 60)})->difference == 1);
  // Ten in all are enough, in however many strata.
  CHECK(CompareStrata(std::vector{Of(1, 5, 3, 60), Of(2, 5, 9, 60)})->lower);
}

TEST_CASE("who is on which side") {
  using enum RetentionExposure;
  using enum RetentionSide;
  CHECK(SideOf(kTicket, kHadTicket) == kExposed);
  CHECK(SideOf(kTicket, 0) == kCompared);
  CHECK(SideOf(kBreach, kHadTicket | kHadBreach) == kExposed);
  CHECK(SideOf(kBreach, kHadTicket) == kCompared);
  CHECK(SideOf(kBreach, 0) == kNeither);
  CHECK(SideOf(RetentionExposure::kLowCsat, kHadTicket | RetentionBits::kLowCsat | kHighCsat) == kExposed);
  CHECK(SideOf(RetentionExposure::kLowCsat, kHadTicket | kHighCsat) == kCompared);
  CHECK(SideOf(RetentionExposure::kLowCsat, kHadTicket) == kNeither);
}

TEST_CASE("months are read and counted on") {
  CHECK(FormatMonth(*ParseMonth("2026-03")) == "2026-03");
  CHECK(FormatMonth(AddMonths(*ParseMonth("2026-03"), -4)) == "2025-11");
  for (const char* text : {"", "2026", "2026-13", "2026-3", "26-03", "2026-03-01"}) CHECK_FALSE(ParseMonth(text));
}

}  // namespace
}  // namespace esnaf::support
