#pragma once

// Fits the Markov chain to the paths of the last weeks, so that orders can be credited by it.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/channel_paths.h"
#include "services/attribution/credit/path_report_store.h"

namespace esnaf::attribution {

// Paths with the names of their channels.
struct NamedChannelPaths {
  std::vector<std::string> names;
  ChannelPaths paths{0};
};
// Unattributed orders have no path and are left out.
NamedChannelPaths NameChannels(const std::vector<PathGroup>& converted, const std::vector<PathGroup>& lost);

// Fits where there is no fit, or the last one is a week old, and at least 100 orders of the last 90 days have a path; a
// worker's step. Orders from the first fit on are credited by the last fit before them; those before it by the first,
// and are credited again. Answers whether it fitted.
absl::StatusOr<bool> FitIfNeeded(postgres::Tx& tx, Time now);

}  // namespace esnaf::attribution
