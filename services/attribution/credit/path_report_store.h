#pragma once

// The paths of a period as sequences of channels, and the customers whom channels acquired.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/cohort.h"
#include "services/attribution/credit/report_store.h"

namespace esnaf::attribution {

// Orders, or visitors who did not order, that share a sequence of channels. Without channels: unattributed.
struct PathGroup {
  std::vector<std::string> channels;
  int days = 0;  // from the first touch to the order, whole ones
  std::int64_t count = 0;
  std::int64_t net_minor = 0;
};

// Orders that were placed on the days of the query.
absl::StatusOr<std::vector<PathGroup>> LoadConvertedPaths(postgres::Tx& tx, const ReportQuery& query);
// Touches of known visitors between two times that lie on the path of no order of the query's days.
absl::StatusOr<std::vector<PathGroup>> LoadLostPaths(postgres::Tx& tx, const ReportQuery& query, Time from, Time until);

// The customers whom sources acquired on days of the query, and what they brought since.
absl::StatusOr<std::vector<CohortLine>> LoadCohorts(postgres::Tx& tx, const ReportQuery& query,
                                                    const std::string& time_zone);

}  // namespace esnaf::attribution
