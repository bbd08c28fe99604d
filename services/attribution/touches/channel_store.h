#pragma once

// The versions of the channel rules, and the sources that follow them.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/touches/channel.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

struct ChannelRulesVersion {
  ChannelRules rules;
  std::int64_t version = 0;
  Time create_time;
  std::string actor;
};

// Puts the default rules in their place where there are none yet.
absl::Status EnsureDefaultChannelRules(postgres::Tx& tx, Time now);
// A version, the newest where it is 0; nullopt where there is none.
absl::StatusOr<std::optional<ChannelRulesVersion>> FindChannelRules(postgres::Tx& tx, std::int64_t version);
absl::StatusOr<std::int64_t> NewestChannelRulesVersion(postgres::Tx& tx);
// Holds off other changes until the transaction ends; answers the newest version.
absl::StatusOr<std::int64_t> LockChannelRules(postgres::Tx& tx);
absl::Status InsertChannelRules(postgres::Tx& tx, const ChannelRulesVersion& version);

// Up to `limit` sources that were derived by a version before this one, locked. Of what was derived they have the
// channel, and whether they are direct or internal.
absl::StatusOr<std::vector<TrafficSource>> TakeOldSources(postgres::Tx& tx, std::int64_t version, int limit);
// Writes what the rules of that version make of sources.
absl::Status WriteDerived(postgres::Tx& tx, const std::vector<TrafficSource>& sources, std::int64_t version);
// Marks the paths of everybody who ever came by one of these sources as changed.
absl::Status SourcesChangedPaths(postgres::Tx& tx, const std::vector<Uuid>& sources, Time now);

}  // namespace esnaf::attribution
