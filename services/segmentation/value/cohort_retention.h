#pragma once

// Who comes back, by the month of the first purchase, and how many leave and are won back each month. Pure: no SQL, no
// clock, no protobuf.
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "services/segmentation/value/value_history.h"

namespace esnaf::segmentation {

// Months since January 1970.
using MonthNumber = std::int32_t;
MonthNumber MonthOf(DayNumber day);
std::chrono::year_month YearMonthOf(MonthNumber month);

// The customers whose first purchase fell in one month.
struct Cohort {
  MonthNumber month = 0;
  std::int64_t customers = 0;
  std::int64_t repeat_customers = 0;  // who have bought on a second day
  // Of each month, the first included: who bought in it, and for how much.
  std::vector<std::int64_t> active;
  std::vector<std::int64_t> value_minor;
  bool operator==(const Cohort&) const = default;
};

// A month of everybody. A customer lapses on the day on which the last purchase is more than the lapse days ago, and is
// won back by the next purchase after that.
struct RetentionMonth {
  MonthNumber month = 0;
  std::int64_t buyers = 0;
  std::int64_t new_customers = 0;
  std::int64_t active_at_start = 0;  // had bought and not lapsed
  std::int64_t lapsed_at_start = 0;
  std::int64_t lapsed = 0;
  std::int64_t won_back = 0;
  // lapsed / active at start, and won back / lapsed at start; none where nobody was.
  std::optional<double> ChurnRate() const;
  std::optional<double> WinBackRate() const;
  bool operator==(const RetentionMonth&) const = default;
};

struct Retention {
  int lapse_days = 0;
  std::int64_t customers = 0;
  std::int64_t repeat_customers = 0;
  std::optional<double> mean_gap_days;
  std::optional<double> median_gap_days;
  std::vector<Cohort> cohorts;         // every month from the first to the last, also without customers
  std::vector<RetentionMonth> months;  // likewise
};

// Takes everybody's purchases one by one. Keeps 16 bytes a purchase day.
class RetentionBuilder {
 public:
  // Purchases after `as_of` do not count, and nobody lapses after it.
  explicit RetentionBuilder(DayNumber as_of) : as_of_(as_of) {}
  void Add(std::span<const PurchaseDay> days);
  // Cohorts and months from `from` to `to`; the counts at the start of months know what was before. `lapse_days` 0:
  // `gap_multiple` times the median gap between purchases, rounded up, at least 30.
  Retention Build(MonthNumber from, MonthNumber to, int lapse_days, double gap_multiple) const;

 private:
  struct DayValue {
    DayNumber day;
    std::int64_t value_minor;
  };
  void AddCohort(std::span<const DayValue> days, Retention& retention) const;
  void AddMonths(std::span<const DayValue> days, Retention& retention) const;

  DayNumber as_of_;
  std::vector<DayValue> days_;
  std::vector<std::size_t> ends_;  // where each person's days end
};

}  // namespace esnaf::segmentation
