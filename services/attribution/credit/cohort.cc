#include "services/attribution/credit/cohort.h"

#include <algorithm>
#include <map>

namespace esnaf::attribution {
namespace {

RowKey KeyAt(Level level, const RowKey& key) {
  if (level == Level::kChannel) return {.period = key.period, .channel = key.channel};
  return {.period = key.period,
          .channel = key.channel,
          .platform = key.platform,
          .campaign_id = key.campaign_id,
          .campaign = key.campaign};
}

}  // namespace

std::optional<int> Cohort::PaybackMonth() const {
  if (spend <= 0) return std::nullopt;
  for (std::size_t month = 0; month < margin.size(); ++month) {
    if (margin[month] >= spend) return static_cast<int>(month);
  }
  return std::nullopt;
}

std::vector<Cohort> MakeCohorts(const std::vector<CohortLine>& lines, const std::vector<ReportLine>& spend,
                                const std::vector<CampaignChannel>& channels, Level level, std::int32_t now) {
  const SpendIndex index(spend, channels);
  std::map<RowKey, Cohort> cohorts;
  const auto cohort_of = [&](const RowKey& key) -> Cohort& {
    Cohort& cohort = cohorts[key];
    if (cohort.net.empty()) {
      cohort.key = key;
      cohort.net.assign(static_cast<std::size_t>(std::max(now - key.period, 0) + 1), 0);
      cohort.margin = cohort.net;
    }
    return cohort;
  };
  for (const ReportLine& line : spend) {
    RowKey key = index.Find(line.key).value_or(line.key);
    key.channel = index.ChannelOf(key);
    for (const PeriodMetrics& month : line.periods) {
      key.period = month.period;
      cohort_of(KeyAt(level, key)).spend += month.metrics.spend;
    }
  }
  for (const CohortLine& told : lines) {
    RowKey key = told.key;
    if (told.paid && level != Level::kChannel) {
      if (const std::optional<RowKey> found = index.Find(key)) {
        key = *found;
        key.channel = index.ChannelOf(key);
      }
    }
    Cohort& cohort = cohort_of(KeyAt(level, key));
    if (told.month < 0) {
      cohort.customers += told.metrics.new_customers;
      continue;
    }
    for (auto month = static_cast<std::size_t>(told.month); month < cohort.net.size(); ++month) {
      cohort.net[month] += told.metrics.net;
      cohort.margin[month] += told.metrics.Margin();
    }
  }
  std::vector<Cohort> sorted;
  for (auto& [key, cohort] : cohorts) sorted.push_back(std::move(cohort));
  std::stable_sort(sorted.begin(), sorted.end(), [](const Cohort& a, const Cohort& b) {
    return a.key.period != b.key.period ? a.key.period < b.key.period : a.net.back() > b.net.back();
  });
  return sorted;
}

}  // namespace esnaf::attribution
