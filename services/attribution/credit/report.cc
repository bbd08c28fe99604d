#include "services/attribution/credit/report.h"

#include <algorithm>
#include <tuple>

#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

std::optional<double> Ratio(double part, double whole) {
  if (whole <= 0) return std::nullopt;
  return part / whole;
}

std::chrono::sys_days WeekStart(Date day) {
  const std::chrono::sys_days days(day);
  return days - (std::chrono::weekday(days) - std::chrono::Monday);
}

// Drops what lies below the level.
RowKey Cut(RowKey key, Level level) {
  if (level == Level::kChannel) {
    return {.store_id = std::move(key.store_id), .channel = std::move(key.channel)};
  }
  if (level < Level::kAdGroup) key.ad_group_id = key.ad_group = "";
  if (level != Level::kAd) key.ad_id = key.ad = "";
  if (level < Level::kKeyword) key.keyword = "";
  if (level < Level::kSearchQuery) key.search_query = "";
  return key;
}

bool IsNamed(const std::string& wanted, const std::string& id, const std::string& name) {
  return wanted.empty() || wanted == id || FoldName(wanted) == FoldName(name);
}

bool Passes(const RowKey& key, const ReportFilter& filter) {
  return (filter.channel.empty() || filter.channel == key.channel) &&
         (filter.platform.empty() || filter.platform == key.platform) &&
         IsNamed(filter.campaign, key.campaign_id, key.campaign) &&
         IsNamed(filter.ad_group, key.ad_group_id, key.ad_group);
}

}  // namespace

void Report::Add(RowKey key, bool is_ad, const std::vector<PeriodMetrics>& periods) {
  if (!Passes(key, filter_)) return;
  std::vector<Sum>& sums = sums_[Cut(std::move(key), level_)];
  for (const PeriodMetrics& period : periods) {
    // A line's periods mostly come in their order.
    if (sums.empty() || sums.back().period != period.period) sums.push_back({.period = period.period});
    sums.back().is_ad = sums.back().is_ad || is_ad;
    sums.back().metrics += period.metrics;
    totals_ += period.metrics;
  }
}

void Report::Sort() {
  places_.clear();
  std::int32_t store = 0;
  const std::string* store_id = nullptr;
  for (auto& [key, sums] : sums_) {
    // Keys are in the order of their stores.
    if (store_id != nullptr && *store_id != key.store_id) ++store;
    store_id = &key.store_id;
    std::stable_sort(sums.begin(), sums.end(), [](const Sum& a, const Sum& b) { return a.period < b.period; });
    auto last = sums.begin();
    for (auto next = last == sums.end() ? last : last + 1; next != sums.end(); ++next) {
      if (next->period == last->period) {
        last->is_ad = last->is_ad || next->is_ad;
        last->metrics += next->metrics;
      } else {
        *++last = *next;
      }
    }
    if (!sums.empty()) sums.erase(last + 1, sums.end());
    for (const Sum& sum : sums) places_.push_back({sum.period, store, &key, &sum});
  }
  std::stable_sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
    return std::tie(a.period, a.store, b.sum->metrics.spend, b.sum->metrics.net) <
           std::tie(b.period, b.store, a.sum->metrics.spend, a.sum->metrics.net);
  });
}

Row Report::operator[](std::size_t index) const {
  const Place& place = places_[index];
  Row row{*place.key, MatchOf(*place.sum), place.sum->metrics};
  row.key.period = place.period;
  return row;
}

SpendMatch Report::MatchOf(const Sum& sum) {
  const Metrics& metrics = sum.metrics;
  const bool spent = metrics.spend != 0 || metrics.impressions != 0 || metrics.clicks != 0;
  if (!sum.is_ad && !spent) return SpendMatch::kNoAd;
  if (!spent) return SpendMatch::kNoSpend;
  const bool credited = metrics.conversions != 0 || metrics.net != 0 || metrics.revenue != 0;
  return credited ? SpendMatch::kMatched : SpendMatch::kNoCredit;
}

Metrics& Metrics::operator+=(const Metrics& other) {
  spend += other.spend;
  impressions += other.impressions;
  clicks += other.clicks;
  conversions += other.conversions;
  new_customers += other.new_customers;
  revenue += other.revenue;
  net += other.net;
  cost += other.cost;
  return *this;
}

std::optional<double> Metrics::Roas() const { return Ratio(static_cast<double>(net), static_cast<double>(spend)); }
std::optional<double> Metrics::Cpa() const {
  return Ratio(static_cast<double>(spend), static_cast<double>(conversions) / 1e6);
}
std::optional<double> Metrics::Cac() const {
  return Ratio(static_cast<double>(spend), static_cast<double>(new_customers) / 1e6);
}

SpendIndex::SpendIndex(const std::vector<ReportLine>& spend, const std::vector<CampaignChannel>& channels) {
  for (const ReportLine& line : spend) {
    const RowKey& key = line.key;
    const auto by_name = std::pair(key.platform, FoldName(key.campaign));
    const auto by_id = std::pair(key.platform, key.campaign_id);
    std::size_t index = campaigns_.size();
    if (const auto known = by_id_.find(by_id); !key.campaign_id.empty() && known != by_id_.end()) {
      index = known->second;
    } else if (const auto named = by_name_.find(by_name); key.campaign_id.empty() && named != by_name_.end()) {
      index = named->second;
    } else {
      campaigns_.push_back({key.campaign_id, key.campaign, {}, {}});
    }
    if (!key.campaign_id.empty()) by_id_[by_id] = index;
    by_name_.emplace(by_name, index);
    Campaign& campaign = campaigns_[index];
    Group& group = campaign.groups[key.ad_group_id];
    group.name = key.ad_group;
    group.ads[key.ad_id] = key.ad;
    if (!key.keyword.empty()) campaign.keyword_groups[FoldName(key.keyword)][key.ad_group_id] = key.keyword;
  }
  for (const CampaignChannel& channel : channels) {
    if (!channel.campaign_id.empty()) channel_by_id_[{channel.platform, channel.campaign_id}] = channel.channel;
    if (!channel.campaign.empty()) channel_by_name_[{channel.platform, FoldName(channel.campaign)}] = channel.channel;
  }
}

const SpendIndex::Campaign* SpendIndex::FindCampaign(const RowKey& told) const {
  if (!told.campaign_id.empty()) {
    const auto found = by_id_.find({told.platform, told.campaign_id});
    if (found != by_id_.end()) return &campaigns_[found->second];
  }
  if (told.campaign.empty()) return nullptr;
  const auto found = by_name_.find({told.platform, FoldName(told.campaign)});
  return found == by_name_.end() ? nullptr : &campaigns_[found->second];
}

std::optional<RowKey> SpendIndex::Find(const RowKey& told) const {
  const Campaign* campaign = FindCampaign(told);
  if (campaign == nullptr) return std::nullopt;
  RowKey key = told;
  key.campaign_id = campaign->id;
  key.campaign = campaign->name;
  const auto keyword = campaign->keyword_groups.find(FoldName(told.keyword));
  if (keyword != campaign->keyword_groups.end()) {
    if (key.ad_group_id.empty() && keyword->second.size() == 1) key.ad_group_id = keyword->second.begin()->first;
    const auto written = keyword->second.find(key.ad_group_id);
    if (written != keyword->second.end()) key.keyword = written->second;
  }
  if (const auto group = campaign->groups.find(key.ad_group_id); group != campaign->groups.end()) {
    key.ad_group = group->second.name;
    if (const auto ad = group->second.ads.find(key.ad_id); ad != group->second.ads.end()) key.ad = ad->second;
  }
  return key;
}

std::string SpendIndex::ChannelOf(const RowKey& spend) const {
  if (const auto found = channel_by_id_.find({spend.platform, spend.campaign_id}); found != channel_by_id_.end()) {
    return found->second;
  }
  const auto found = channel_by_name_.find({spend.platform, FoldName(spend.campaign)});
  if (found != channel_by_name_.end()) return found->second;
  if (spend.platform == "google" || spend.platform == "microsoft") return "Paid Search";
  if (spend.platform == "meta" || spend.platform == "tiktok") return "Paid Social";
  return "Paid Other";
}

Report MakeReport(const std::vector<ReportLine>& credit, const std::vector<ReportLine>& spend,
                  const std::vector<CampaignChannel>& channels, Level level, const ReportFilter& filter) {
  const SpendIndex index(spend, channels);
  Report rows(level, filter);
  for (const ReportLine& line : spend) {
    RowKey key = index.Find(line.key).value_or(line.key);
    key.channel = index.ChannelOf(key);
    rows.Add(std::move(key), true, line.periods);
  }
  for (const ReportLine& line : credit) {
    RowKey key = line.key;
    if (line.paid && level != Level::kChannel) {
      if (std::optional<RowKey> found = index.Find(key)) {
        key = *std::move(found);
        key.channel = index.ChannelOf(key);
      }
    }
    rows.Add(std::move(key), line.paid, line.periods);
  }
  rows.Sort();
  return rows;
}

std::string PlatformOf(std::string_view ad_platform, std::string_view source) {
  if (!ad_platform.empty()) return std::string(ad_platform);
  static const std::map<std::string, std::string, std::less<>> kSources{{"google", "google"},
                                                                        {"adwords", "google"},
                                                                        {"youtube", "google"},
                                                                        {"facebook", "meta"},
                                                                        {"fb", "meta"},
                                                                        {"instagram", "meta"},
                                                                        {"ig", "meta"},
                                                                        {"meta", "meta"},
                                                                        {"facebook.com", "meta"},
                                                                        {"instagram.com", "meta"},
                                                                        {"tiktok", "tiktok"},
                                                                        {"bing", "microsoft"},
                                                                        {"microsoft", "microsoft"}};
  const auto found = kSources.find(LowerCase(source));
  return found == kSources.end() ? std::string() : found->second;
}

std::int32_t PeriodNumber(Period period, Date first, Date day) {
  switch (period) {
    case Period::kWhole:
      return 0;
    case Period::kDay:
      return static_cast<std::int32_t>((std::chrono::sys_days(day) - std::chrono::sys_days(first)).count());
    case Period::kWeek:
      return static_cast<std::int32_t>((WeekStart(day) - WeekStart(first)).count() / 7);
    case Period::kMonth:
      return (static_cast<int>(day.year()) - static_cast<int>(first.year())) * 12 +
             static_cast<int>(static_cast<unsigned>(day.month())) -
             static_cast<int>(static_cast<unsigned>(first.month()));
  }
  return 0;
}

Date PeriodStart(Period period, Date first, std::int32_t number) {
  switch (period) {
    case Period::kWhole:
      return first;
    case Period::kDay:
      return Date(std::chrono::sys_days(first) + std::chrono::days(number));
    case Period::kWeek:
      return Date(WeekStart(first) + std::chrono::days(7 * number));
    case Period::kMonth:
      return Date(first.year() / first.month() / 1) + std::chrono::months(number);
  }
  return first;
}

}  // namespace esnaf::attribution
