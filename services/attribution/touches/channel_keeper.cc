#include "services/attribution/touches/channel_keeper.h"

#include "libs/base/macros.h"
#include "services/attribution/touches/channel_store.h"

namespace esnaf::attribution {
namespace {

// Many, since all touches are read once for as many sources as come at a time.
constexpr int kSourcesAtATime = 20000;

// Answers how many sources there were.
absl::StatusOr<std::size_t> RegroupSome(postgres::Tx& tx, const ReadyRules& rules, Time now) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<TrafficSource> sources, TakeOldSources(tx, rules.version, kSourcesAtATime));
  if (sources.empty()) return std::size_t{0};
  std::vector<Uuid> moved;
  for (TrafficSource& source : sources) {
    const DerivedSource before = source.derived;
    source.derived = rules.grouper->Derive(source.told);
    // SHAPLEY and MARKOV share by channel, LAST_NON_DIRECT by what is direct, and what is internal is on no path.
    if (before.internal != source.derived.internal || before.direct != source.derived.direct ||
        before.channel != source.derived.channel) {
      moved.push_back(source.id);
    }
  }
  ESNAF_RETURN_IF_ERROR(WriteDerived(tx, sources, rules.version));
  if (!moved.empty()) ESNAF_RETURN_IF_ERROR(SourcesChangedPaths(tx, moved, now));
  return sources.size();
}

}  // namespace

ReadyRules ChannelKeeper::Current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

absl::Status ChannelKeeper::Refresh(postgres::Connection& connection) {
  const std::int64_t known = Current().version;
  return connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t newest, NewestChannelRulesVersion(tx));
    if (newest == known) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(const std::optional<ChannelRulesVersion> version, FindChannelRules(tx, newest));
    if (!version) return absl::InternalError("there are no channel rules");
    ESNAF_ASSIGN_OR_RETURN(auto grouper, ChannelGrouper::Make(version->rules));
    std::lock_guard lock(mutex_);
    current_ = {std::move(grouper), version->version};
    return absl::OkStatus();
  });
}

absl::Status ChannelKeeper::Regroup(postgres::Connection& connection, Time now) {
  const ReadyRules rules = Current();
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const std::size_t count,
                           connection.Run({}, [&](postgres::Tx& tx) { return RegroupSome(tx, rules, now); }));
    if (count == 0) return absl::OkStatus();
  }
}

}  // namespace esnaf::attribution
