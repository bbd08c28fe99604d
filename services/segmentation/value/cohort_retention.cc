#include "services/segmentation/value/cohort_retention.h"

#include <algorithm>
#include <cmath>

namespace esnaf::segmentation {
namespace {

constexpr int kLeastLapseDays = 30;

std::optional<double> Share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// The month of a range that a month is, or null.
template <typename Row>
Row* Find(std::vector<Row>& rows, MonthNumber month) {
  if (rows.empty() || month < rows.front().month || month > rows.back().month) return nullptr;
  return &rows[static_cast<std::size_t>(month - rows.front().month)];
}

}  // namespace

MonthNumber MonthOf(DayNumber day) {
  const Date date = DateOf(day);
  return (static_cast<int>(date.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

std::chrono::year_month YearMonthOf(MonthNumber month) {
  return std::chrono::year(1970) / std::chrono::January + std::chrono::months(month);
}

std::optional<double> RetentionMonth::ChurnRate() const { return Share(lapsed, active_at_start); }
std::optional<double> RetentionMonth::WinBackRate() const { return Share(won_back, lapsed_at_start); }

void RetentionBuilder::Add(std::span<const PurchaseDay> days) {
  for (const PurchaseDay& day : days) {
    if (day.day <= as_of_) days_.push_back({day.day, day.value_minor});
  }
  if (days_.size() > (ends_.empty() ? 0 : ends_.back())) ends_.push_back(days_.size());
}

Retention RetentionBuilder::Build(MonthNumber from, MonthNumber to, int lapse_days, double gap_multiple) const {
  Retention retention;
  retention.customers = static_cast<std::int64_t>(ends_.size());
  std::vector<std::int32_t> gaps;
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    if (end - begin > 1) ++retention.repeat_customers;
    for (std::size_t i = begin + 1; i < end; ++i) gaps.push_back(days_[i].day - days_[i - 1].day);
    begin = end;
  }
  retention.mean_gap_days = Mean(gaps);
  retention.median_gap_days = Median(std::move(gaps));
  retention.lapse_days =
      lapse_days > 0 ? lapse_days
                     : std::max(kLeastLapseDays,
                                static_cast<int>(std::ceil(gap_multiple * retention.median_gap_days.value_or(0))));
  for (MonthNumber month = from; month <= to; ++month) {
    const auto offsets = static_cast<std::size_t>(to - month + 1);
    retention.cohorts.push_back({.month = month,
                                 .active = std::vector<std::int64_t>(offsets),
                                 .value_minor = std::vector<std::int64_t>(offsets)});
    retention.months.push_back({.month = month});
  }
  begin = 0;
  for (const std::size_t end : ends_) {
    const std::span<const DayValue> days(days_.data() + begin, end - begin);
    AddCohort(days, retention);
    AddMonths(days, retention);
    begin = end;
  }
  return retention;
}

void RetentionBuilder::AddCohort(std::span<const DayValue> days, Retention& retention) const {
  const MonthNumber first = MonthOf(days.front().day);
  Cohort* cohort = Find(retention.cohorts, first);
  if (cohort == nullptr) return;
  ++cohort->customers;
  if (days.size() > 1) ++cohort->repeat_customers;
  MonthNumber counted = first - 1;
  for (const DayValue& day : days) {
    const MonthNumber month = MonthOf(day.day);
    const auto offset = static_cast<std::size_t>(month - first);
    if (offset >= cohort->active.size()) break;
    if (month != counted) ++cohort->active[offset];
    counted = month;
    cohort->value_minor[offset] += day.value_minor;
  }
}

void RetentionBuilder::AddMonths(std::span<const DayValue> days, Retention& retention) const {
  // From which day on the customer is active, until he lapses or to the end.
  DayNumber since = days.front().day;
  bool was_won_back = false;
  MonthNumber bought = MonthOf(since) - 1;
  const auto end_stretch = [&](std::optional<DayNumber> lapse, std::optional<DayNumber> back) {
    const MonthNumber begun = MonthOf(since);
    for (RetentionMonth& month : retention.months) {
      const bool lapsed_before = lapse && MonthOf(*lapse) < month.month;
      if (begun < month.month && !lapsed_before) ++month.active_at_start;
      if (lapsed_before && (!back || MonthOf(*back) >= month.month)) ++month.lapsed_at_start;
    }
    if (RetentionMonth* month = Find(retention.months, begun))
      ++(was_won_back ? month->won_back : month->new_customers);
    if (!lapse) return;
    if (RetentionMonth* month = Find(retention.months, MonthOf(*lapse))) ++month->lapsed;
  };
  for (std::size_t i = 0; i < days.size(); ++i) {
    const MonthNumber month = MonthOf(days[i].day);
    if (month != bought) {
      if (RetentionMonth* row = Find(retention.months, month)) ++row->buyers;
      bought = month;
    }
    const DayNumber lapse = days[i].day + retention.lapse_days + 1;
    if (i + 1 < days.size() && days[i + 1].day >= lapse) {
      end_stretch(lapse, days[i + 1].day);
      since = days[i + 1].day;
      was_won_back = true;
    } else if (i + 1 == days.size()) {
      end_stretch(lapse <= as_of_ ? std::optional(lapse) : std::nullopt, std::nullopt);
    }
  }
}

}  // namespace esnaf::segmentation
