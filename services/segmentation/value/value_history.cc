#include "services/segmentation/value/value_history.h"

#include <algorithm>
#include <numeric>

namespace esnaf::segmentation {
namespace {

// The purchases up to a day.
std::span<const PurchaseDay> UpTo(std::span<const PurchaseDay> days, DayNumber as_of) {
  const auto end = std::partition_point(days.begin(), days.end(), [=](const PurchaseDay& d) { return d.day <= as_of; });
  return days.first(static_cast<std::size_t>(end - days.begin()));
}

}  // namespace

DayNumber DayNumberOf(Date date) { return std::chrono::sys_days(date).time_since_epoch().count(); }

Date DateOf(DayNumber day) { return std::chrono::sys_days(std::chrono::days(day)); }

std::optional<Pattern> PatternAsOf(std::span<const PurchaseDay> days, DayNumber as_of) {
  days = UpTo(days, as_of);
  if (days.empty()) return std::nullopt;
  return Pattern{.repeats = static_cast<std::int32_t>(days.size() - 1),
                 .recency_days = days.back().day - days.front().day,
                 .age_days = as_of - days.front().day};
}

std::optional<Spend> SpendAsOf(std::span<const PurchaseDay> days, DayNumber as_of, double minor_per_unit) {
  days = UpTo(days, as_of);
  if (days.size() < 2) return std::nullopt;
  double sum = 0;
  for (const PurchaseDay& day : days.subspan(1)) sum += static_cast<double>(day.value_minor);
  if (sum <= 0) return std::nullopt;
  const auto repeats = static_cast<double>(days.size() - 1);
  return Spend{.repeats = repeats, .mean = sum / repeats / minor_per_unit};
}

std::vector<std::int32_t> GapsAsOf(std::span<const PurchaseDay> days, DayNumber as_of) {
  days = UpTo(days, as_of);
  std::vector<std::int32_t> gaps;
  for (std::size_t i = 1; i < days.size(); ++i) gaps.push_back(days[i].day - days[i - 1].day);
  return gaps;
}

std::optional<double> Median(std::vector<std::int32_t> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + static_cast<double>(*std::max_element(values.begin(), middle))) / 2;
}

std::optional<double> Mean(std::span<const std::int32_t> values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace esnaf::segmentation
