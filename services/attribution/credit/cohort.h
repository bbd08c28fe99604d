#pragma once

// The customers whom a campaign acquired in a month, and what they have been worth since. Pure.
#include <optional>
#include <vector>

#include "services/attribution/credit/report.h"

namespace esnaf::attribution {

// What the customers of one source and month brought in one month; minor units.
struct CohortLine {
  RowKey key;  // `period` is the month of the acquisition
  bool paid = false;
  Metrics metrics;          // where `month` is -1 the new customers, else net and cost of their orders
  std::int32_t month = -1;  // after that of the acquisition
};

struct Cohort {
  RowKey key;                  // `period` is the month of the acquisition
  std::int64_t customers = 0;  // millionths
  std::int64_t spend = 0;      // of that month
  // To the end of each month after the acquisition, summed up; up to now.
  std::vector<std::int64_t> net, margin;

  // The first month in which the margin covers the spend; none where it has not yet, or nothing was spent.
  std::optional<int> PaybackMonth() const;
};

// Cohorts by month, then net descending; spend that acquired nobody is a cohort of nobody. `now` is the number of the
// current month.
std::vector<Cohort> MakeCohorts(const std::vector<CohortLine>& lines, const std::vector<ReportLine>& spend,
                                const std::vector<CampaignChannel>& channels, Level level, std::int32_t now);

}  // namespace esnaf::attribution
