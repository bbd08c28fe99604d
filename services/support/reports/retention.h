#pragma once

// Whether customers who had to do with the help desk come back as often as others who are like them. Pure.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/time.h"

namespace esnaf::support {

// What happened to a requester in a month, as bits.
enum RetentionBits : std::uint8_t { kHadTicket = 1, kHadBreach = 2, kLowCsat = 4, kHighCsat = 8 };

// The numbers are those of esnaf.support.v1.
enum class RetentionExposure { kTicket = 1, kBreach = 2, kLowCsat = 3 };
inline constexpr std::array kRetentionExposures = {RetentionExposure::kTicket, RetentionExposure::kBreach,
                                                   RetentionExposure::kLowCsat};
inline constexpr std::array kRetentionHorizons = {std::chrono::days(30), std::chrono::days(60), std::chrono::days(90)};

// On which side of a comparison people with these bits are.
enum class RetentionSide { kNeither, kExposed, kCompared };
RetentionSide SideOf(RetentionExposure exposure, std::uint8_t bits);

// A fourfold table: the people of one month and label, and how many of them ordered again.
struct RetentionStratum {
  std::int64_t exposed = 0;
  std::int64_t exposed_buyers = 0;
  std::int64_t compared = 0;
  std::int64_t compared_buyers = 0;
  void Add(RetentionSide side, std::int64_t people, std::int64_t buyers);
  bool IsOneSided() const { return exposed == 0 || compared == 0; }
  // One side has fewer than 10 people.
  bool IsSmall() const;
};

struct RiskDifference {
  double exposed_share = 0;
  double compared_share = 0;
  double difference = 0;
  // The 95 % interval, within -1 to 1. None where the data cannot bear one: a side has fewer than 10 people in all, or
  // the variance is estimated as zero, as where all or none ordered again.
  std::optional<double> lower{};
  std::optional<double> upper{};
};

// Mantel and Haenszel's risk difference over strata. With a of n1 exposed and b of n0 others who ordered again, N = n1
// + n0 and the weight w = n1 n0 / N of each stratum it is
//   d = sum(w (a / n1 - b / n0)) / sum(w),
// and its variance, by T. Sato (On the variance estimator for the Mantel-Haenszel risk difference, Biometrics 45, 1989,
// 1323-1324), is (d sum(P) + sum(Q)) / sum(w)^2 with
//   P = (n1^2 b - n0^2 a + n1 n0 (n0 - n1) / 2) / N^2 and Q = (a (n0 - b) + b (n1 - a)) / (2 N).
// None where no stratum has both sides.
std::optional<RiskDifference> CompareStrata(std::span<const RetentionStratum> strata);

// Months by their first days: `2026-03`. The day before the first of the next one is the last of a month.
std::string FormatMonth(Date month);
std::optional<Date> ParseMonth(std::string_view text);
Date AddMonths(Date month, int count);

}  // namespace esnaf::support
