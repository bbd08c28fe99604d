#include "services/attribution/credit/markov_fitter.h"

#include <map>

#include "libs/base/macros.h"
#include "services/attribution/credit/credit_store.h"
#include "services/attribution/credit/crediter.h"
#include "services/attribution/credit/markov.h"

namespace esnaf::attribution {
namespace {

constexpr std::chrono::days kFitPeriod{7};
constexpr std::chrono::days kFitOver{90};
constexpr double kFewestConversions = 100;

// The lock lets one replica fit, and the others see its fit.
const postgres::Statement kLockFits("attribution", "lock_markov_fits", R"sql(
SELECT pg_advisory_xact_lock(hashtext('attribution.markov_fit'))
)sql");

const postgres::Statement kLastFit("attribution", "last_markov_fit", R"sql(
SELECT max(fit_time) FROM markov_fit
)sql");

const postgres::Statement kInsertFit("attribution", "insert_markov_fit", R"sql(
INSERT INTO markov_fit (fit_time, markov_order, channels, removal_effects)
VALUES ($1::timestamptz, $2::smallint, $3::text[], $4::float8[])
)sql");

void AddPaths(const std::vector<PathGroup>& groups, bool converted, std::map<std::string, ChannelId>& ids,
              NamedChannelPaths& named) {
  std::vector<ChannelId> channels;
  for (const PathGroup& group : groups) {
    if (group.channels.empty()) continue;
    channels.clear();
    for (const std::string& name : group.channels) channels.push_back(ids.at(name));
    const auto count = static_cast<double>(group.count);
    named.paths.Add(channels, converted ? count : 0, static_cast<double>(group.net_minor), converted ? 0 : count);
  }
}

}  // namespace

NamedChannelPaths NameChannels(const std::vector<PathGroup>& converted, const std::vector<PathGroup>& lost) {
  std::map<std::string, ChannelId> ids;
  for (const auto* groups : {&converted, &lost}) {
    for (const PathGroup& group : *groups) {
      for (const std::string& name : group.channels) ids.emplace(name, 0);
    }
  }
  NamedChannelPaths named;
  for (auto& [name, id] : ids) {
    id = static_cast<ChannelId>(named.names.size());
    named.names.push_back(name);
  }
  named.paths = ChannelPaths(named.names.size());
  AddPaths(converted, true, ids, named);
  AddPaths(lost, false, ids, named);
  return named;
}

absl::StatusOr<bool> FitIfNeeded(postgres::Tx& tx, Time now) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockFits).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result last, tx.Execute(kLastFit));
  const auto last_time = last[0].Get<std::optional<Time>>(0);
  if (last_time && now < *last_time + kFitPeriod) return false;
  ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(record.settings.time_zone));
  const ReportQuery query{.from = zone.LocalDate(now - kFitOver), .to = zone.LocalDate(now)};
  ESNAF_ASSIGN_OR_RETURN(const std::vector<PathGroup> converted, LoadConvertedPaths(tx, query));
  double conversions = 0;
  for (const PathGroup& group : converted) {
    if (!group.channels.empty()) conversions += static_cast<double>(group.count);
  }
  if (conversions < kFewestConversions) return false;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<PathGroup> lost, LoadLostPaths(tx, query, now - kFitOver, now));
  const NamedChannelPaths named = NameChannels(converted, lost);
  ESNAF_ASSIGN_OR_RETURN(const MarkovResult markov, FitMarkov(named.paths, record.settings.markov_order));
  ESNAF_RETURN_IF_ERROR(
      tx.Execute(kInsertFit, now, record.settings.markov_order, named.names, markov.removal_effects).status());
  if (!last_time) ESNAF_RETURN_IF_ERROR(RecreditEverybodyLater(tx, now));
  return true;
}

}  // namespace esnaf::attribution
