#pragma once

// Sets spend against credit, row by row. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"

namespace esnaf::attribution {

// The numbers are those of esnaf.attribution.v1.ReportLevel.
enum class Level { kChannel = 1, kCampaign = 2, kAdGroup = 3, kAd = 4, kKeyword = 5, kSearchQuery = 6 };
// The numbers are those of esnaf.attribution.v1.ReportPeriod.
enum class Period { kWhole = 0, kDay = 1, kWeek = 2, kMonth = 3 };
// The numbers are those of esnaf.attribution.v1.SpendMatch.
enum class SpendMatch { kNoAd = 0, kMatched = 1, kNoSpend = 2, kNoCredit = 3 };

inline constexpr char kUnattributed[] = "(unattributed)";

// What a row stands for. Fields of levels below the report's are empty.
struct RowKey {
  std::int32_t period = 0;  // counted from that of the first day
  std::string store_id;
  std::string channel;
  std::string platform;  // the source where it is no ad
  std::string campaign_id, campaign;
  std::string ad_group_id, ad_group;
  std::string ad_id, ad;
  std::string keyword;
  std::string search_query;
  auto operator<=>(const RowKey&) const = default;
};

// Minor units of one currency; shares are millionths of an order.
struct Metrics {
  std::int64_t spend = 0, impressions = 0, clicks = 0;
  std::int64_t conversions = 0, new_customers = 0;
  std::int64_t revenue = 0, net = 0, cost = 0;
  Metrics& operator+=(const Metrics& other);
  bool operator==(const Metrics&) const = default;

  std::int64_t Margin() const { return net - cost; }
  std::int64_t Profit() const { return net - cost - spend; }
  std::optional<double> Roas() const;  // net / spend
  std::optional<double> Cpa() const;   // spend / orders
  std::optional<double> Cac() const;   // spend / new customers
};

struct PeriodMetrics {
  std::int32_t period = 0;
  Metrics metrics;
};

// What ads cost, or what touches of one kind earned, period by period; `key` as it was told, without a period.
struct ReportLine {
  RowKey key;
  bool paid = false;  // of credit: whether an ad brought it
  std::vector<PeriodMetrics> periods;
};

// A campaign that touches named, and the channel that they came by.
struct CampaignChannel {
  std::string platform, campaign_id, campaign, channel;
};

// The rows that remain, and which of them.
struct ReportFilter {
  std::string channel;
  std::string platform;
  std::string campaign;  // its id or, folded, its name
  std::string ad_group;  // likewise
};

struct Row {
  RowKey key;
  SpendMatch match = SpendMatch::kNoAd;
  Metrics metrics;
};

// The rows of a report: by period, then store, then spend and net descending. A row is made when it is asked for: a
// page needs few of them, and keys are many texts.
class Report {
 public:
  Report(Level level, ReportFilter filter) : level_(level), filter_(std::move(filter)) {}
  // Places point at sums, which stay where they are when a report is moved.
  Report(Report&&) = default;
  Report& operator=(Report&&) = default;
  // A line under the key that it is reported by, where it passes the filter. Sort is to be called after the last one.
  void Add(RowKey key, bool is_ad, const std::vector<PeriodMetrics>& periods);
  void Sort();

  std::size_t size() const { return places_.size(); }
  Row operator[](std::size_t index) const;
  const Metrics& totals() const { return totals_; }

 private:
  struct Sum {
    std::int32_t period = 0;
    bool is_ad = false;
    Metrics metrics;
  };
  struct Place {
    std::int32_t period;
    std::int32_t store;  // its number among the stores in their order
    const RowKey* key;
    const Sum* sum;
  };
  static SpendMatch MatchOf(const Sum& sum);

  Level level_;
  ReportFilter filter_;
  std::map<RowKey, std::vector<Sum>> sums_;  // by key without period
  std::vector<Place> places_;
  Metrics totals_;
};

// Finds for each touch the spend that brought it: the campaign by the platform and its id, else by the platform and its
// name without case; the ad group and the ad by their ids within it; the keyword by its text without case. Where the
// touch does not name the ad group, the only one of the campaign that bids on the keyword is taken.
class SpendIndex {
 public:
  SpendIndex(const std::vector<ReportLine>& spend, const std::vector<CampaignChannel>& channels);
  // The key under which credit and spend of one thing meet, with the names that the spend has; nullopt where there is
  // no spend of the campaign.
  std::optional<RowKey> Find(const RowKey& told) const;
  // The channel of spend: that of touches that name the campaign, else what is usual for the platform.
  std::string ChannelOf(const RowKey& spend) const;

 private:
  struct Group {
    std::string name;
    std::map<std::string, std::string> ads;  // names by ids
  };
  struct Campaign {
    std::string id, name;
    std::map<std::string, Group> groups;                                       // by ids
    std::map<std::string, std::map<std::string, std::string>> keyword_groups;  // by folded text: groups, and as written
  };
  const Campaign* FindCampaign(const RowKey& told) const;

  std::map<std::pair<std::string, std::string>, std::size_t> by_id_, by_name_;
  std::vector<Campaign> campaigns_;
  std::map<std::pair<std::string, std::string>, std::string> channel_by_id_, channel_by_name_;
};

// The rows of a report: by period, store, then spend and net descending. Everything is in some row: spend without
// credit, credit without spend, and what no ad brought.
Report MakeReport(const std::vector<ReportLine>& credit, const std::vector<ReportLine>& spend,
                  const std::vector<CampaignChannel>& channels, Level level, const ReportFilter& filter);

// The platform of a touch: whose click id came along, else by the well-known sources; empty where it is none.
std::string PlatformOf(std::string_view ad_platform, std::string_view source);

// How many periods a day is after that of the first day, and the first day of that many after it.
std::int32_t PeriodNumber(Period period, Date first, Date day);
Date PeriodStart(Period period, Date first, std::int32_t number);

}  // namespace esnaf::attribution
