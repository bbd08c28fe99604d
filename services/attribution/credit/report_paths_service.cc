// Which paths orders came by, and what the models make of them.
#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/attribution/credit/credit_wire.h"
#include "services/attribution/credit/markov.h"
#include "services/attribution/credit/markov_fitter.h"
#include "services/attribution/credit/path_report_store.h"
#include "services/attribution/credit/report_request.h"
#include "services/attribution/credit/report_service.h"
#include "services/attribution/credit/shapley.h"

namespace esnaf::attribution {
namespace {

constexpr int kMostDays = 400;
constexpr int kDefaultPaths = 20;
constexpr int kMostPaths = 1000;
constexpr int kMostShownDays = 90;
constexpr int kMostShownTouches = 20;

// The days, stores and currency of a request, and the settings that hold.
struct Scope {
  ReportQuery query;
  CreditSettings settings;
  Time from, until;  // of touches
};

template <typename Request>
absl::StatusOr<Scope> ScopeOf(runtime::Call& call, postgres::Tx& tx, const Request& request) {
  Scope scope;
  ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
  scope.settings = record.settings;
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(record.settings.time_zone));
  ESNAF_ASSIGN_OR_RETURN(const Days days,
                         DaysOf(request.from_date(), request.to_date(), zone.LocalDate(call.now()), kMostDays));
  scope.query.from = days.from;
  scope.query.to = days.to;
  scope.query.currency_code = request.currency_code();
  ESNAF_ASSIGN_OR_RETURN(scope.query.store_ids, StoresOf(call, request.store_id()));
  ESNAF_RETURN_IF_ERROR(ChooseCurrency(tx, scope.query).status());
  scope.from = zone.StartOfDay(days.from);
  scope.until = zone.StartOfDay(Date(std::chrono::sys_days(days.to) + std::chrono::days(1)));
  return scope;
}

// Channel by channel, every model's share as orders were credited.
absl::StatusOr<std::map<std::string, v1::ChannelComparison>> SharesOf(postgres::Tx& tx, ReportQuery query) {
  std::map<std::string, v1::ChannelComparison> channels;
  query.level = Level::kChannel;
  for (const Model model : kAllModels) {
    query.model = model;
    ESNAF_ASSIGN_OR_RETURN(const std::vector<ReportLine> credit, LoadCredit(tx, query));
    std::map<std::string, Metrics> sums;
    for (const ReportLine& line : credit) {
      for (const PeriodMetrics& period : line.periods) sums[line.key.channel] += period.metrics;
    }
    for (const auto& [channel, sum] : sums) {
      v1::ModelShare& share = *channels[channel].add_shares();
      share.set_model(ToProto(model));
      share.set_conversions(static_cast<double>(sum.conversions) / 1e6);
      share.set_net_minor(sum.net);
    }
  }
  return channels;
}

// How far the models are apart; one that gives nothing has no share.
double SpreadOf(const v1::ChannelComparison& channel) {
  double least = channel.shares_size() == kModelCount ? channel.shares(0).conversions() : 0, most = 0;
  for (const v1::ModelShare& share : channel.shares()) {
    least = std::min(least, share.conversions());
    most = std::max(most, share.conversions());
  }
  return most - least;
}

// Counts by a number, in its order.
void CountsTo(google::protobuf::RepeatedPtrField<v1::ConversionCount>& wire,
              const std::map<int, std::int64_t>& counts) {
  for (const auto& [value, count] : counts) {
    v1::ConversionCount& added = *wire.Add();
    added.set_value(value);
    added.set_conversions(count);
  }
}

void AssistsTo(v1::ConversionPaths& answer, const std::vector<PathGroup>& groups) {
  std::map<std::string, v1::ChannelAssist> assists;
  for (const PathGroup& group : groups) {
    if (group.channels.empty()) continue;
    const std::string& last = group.channels.back();
    assists[last].set_last_conversions(assists[last].last_conversions() + group.count);
    std::vector<std::string> before(group.channels.begin(), group.channels.end() - 1);
    std::sort(before.begin(), before.end());
    before.erase(std::unique(before.begin(), before.end()), before.end());
    for (const std::string& channel : before) {
      if (channel == last) continue;
      v1::ChannelAssist& assist = assists[channel];
      assist.set_assisted_conversions(assist.assisted_conversions() + group.count);
      assist.set_assisted_net_minor(assist.assisted_net_minor() + group.net_minor);
    }
  }
  for (auto& [channel, assist] : assists) {
    assist.set_channel(channel);
    *answer.add_assists() = assist;
  }
  std::stable_sort(answer.mutable_assists()->begin(), answer.mutable_assists()->end(),
                   [](const auto& a, const auto& b) { return a.assisted_conversions() > b.assisted_conversions(); });
}

void PathsTo(v1::ConversionPaths& answer, const std::vector<PathGroup>& groups, int most) {
  std::map<std::vector<std::string>, std::pair<std::int64_t, std::int64_t>> sums;
  for (const PathGroup& group : groups) {
    std::vector<std::string> channels = group.channels;
    channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
    auto& [count, net] = sums[std::move(channels)];
    count += group.count;
    net += group.net_minor;
  }
  std::vector<v1::ConversionPath> paths;
  for (const auto& [channels, sum] : sums) {
    v1::ConversionPath& path = paths.emplace_back();
    path.mutable_channels()->Add(channels.begin(), channels.end());
    path.set_conversions(sum.first);
    path.set_net_minor(sum.second);
  }
  std::stable_sort(paths.begin(), paths.end(),
                   [](const auto& a, const auto& b) { return a.conversions() > b.conversions(); });
  if (paths.size() > static_cast<std::size_t>(most)) paths.resize(static_cast<std::size_t>(most));
  answer.mutable_paths()->Add(paths.begin(), paths.end());
}

}  // namespace

absl::StatusOr<v1::ModelComparison> ReportService::CompareModels(runtime::Call& call,
                                                                 const v1::CompareModelsRequest& request) {
  if (request.markov_order() < 0 || request.markov_order() > 4) {
    return InvalidField("markov_order", "must be 1 to 4, or 0 for the settings'");
  }
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ModelComparison> {
    ESNAF_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(call, tx, request));
    ESNAF_ASSIGN_OR_RETURN(auto channels, SharesOf(tx, scope.query));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<PathGroup> converted, LoadConvertedPaths(tx, scope.query));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<PathGroup> lost, LoadLostPaths(tx, scope.query, scope.from, scope.until));
    v1::ModelComparison answer;
    const NamedChannelPaths named = NameChannels(converted, lost);
    answer.set_markov_order(request.markov_order() > 0 ? request.markov_order() : scope.settings.markov_order);
    ESNAF_ASSIGN_OR_RETURN(const MarkovResult markov, FitMarkov(named.paths, answer.markov_order()));
    const ChannelCredits shapley = ShapleyOfPaths(named.paths);
    for (std::size_t i = 0; i < named.names.size(); ++i) {
      v1::ChannelComparison& channel = channels[named.names[i]];
      channel.set_removal_effect(markov.removal_effects[i]);
      channel.set_markov_conversions(markov.credits.conversions[i]);
      channel.set_shapley_conversions(shapley.conversions[i]);
    }
    for (auto& [name, channel] : channels) {
      channel.set_channel(name);
      channel.set_spread(SpreadOf(channel));
      *answer.add_channels() = channel;
    }
    std::stable_sort(answer.mutable_channels()->begin(), answer.mutable_channels()->end(),
                     [](const auto& a, const auto& b) { return a.spread() > b.spread(); });
    answer.set_from_date(FormatDate(scope.query.from));
    answer.set_to_date(FormatDate(scope.query.to));
    answer.set_currency_code(scope.query.currency_code);
    answer.set_converted_path_count(static_cast<std::int64_t>(named.paths.total_conversions()));
    answer.set_lost_path_count(static_cast<std::int64_t>(named.paths.total_nulls()));
    answer.set_conversion_probability(markov.conversion_probability);
    return answer;
  });
}

absl::StatusOr<v1::ConversionPaths> ReportService::GetConversionPaths(runtime::Call& call,
                                                                      const v1::GetConversionPathsRequest& request) {
  if (request.path_count() < 0) return InvalidField("path_count", "is negative");
  const int most = request.path_count() == 0 ? kDefaultPaths : std::min(request.path_count(), kMostPaths);
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ConversionPaths> {
    ESNAF_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(call, tx, request));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<PathGroup> groups, LoadConvertedPaths(tx, scope.query));
    v1::ConversionPaths answer;
    std::map<int, std::int64_t> days, touches;
    std::int64_t conversions = 0;
    for (const PathGroup& group : groups) {
      conversions += group.count;
      if (group.channels.empty()) continue;
      days[std::min(group.days, kMostShownDays)] += group.count;
      touches[std::min(static_cast<int>(group.channels.size()), kMostShownTouches)] += group.count;
    }
    CountsTo(*answer.mutable_days_to_conversion(), days);
    CountsTo(*answer.mutable_touches_to_conversion(), touches);
    AssistsTo(answer, groups);
    PathsTo(answer, groups, most);
    answer.set_conversions(conversions);
    answer.set_from_date(FormatDate(scope.query.from));
    answer.set_to_date(FormatDate(scope.query.to));
    answer.set_currency_code(scope.query.currency_code);
    return answer;
  });
}

}  // namespace esnaf::attribution
