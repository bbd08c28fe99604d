#include "services/attribution/credit/report_store.h"

#include <map>
#include <unordered_map>

#include "absl/strings/str_join.h"
#include "libs/base/macros.h"
#include "services/attribution/credit/report_day_store.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kCampaignChannels("attribution", "campaign_channels", R"sql(
SELECT DISTINCT ad_platform, source, campaign_id, campaign, channel FROM traffic_source
 WHERE paid AND (campaign_id <> '' OR campaign <> '')
 ORDER BY channel DESC
)sql");

// Of the days that stand still from their sums; $4 to $7 are those whose credit, and whose spend, changed.
const postgres::Statement kCountCurrencies("attribution", "count_currencies", R"sql(
SELECT currency_code, sum(orders)::bigint FROM (
  SELECT d.currency_code, sum(d.row_count) AS orders FROM credit_day_sum d
   WHERE d.model IN (0, 1) AND d.day BETWEEN $1::date AND $2::date
     AND ($3::text[] = '{}' OR d.store_id = ANY ($3::text[]))
     AND NOT EXISTS (SELECT FROM report_day_change c WHERE c.kind = 1 AND c.day = d.day AND c.store_id = d.store_id)
   GROUP BY 1
  UNION ALL
  SELECT currency_code, count(*) FROM credit
   WHERE model IN (0, 1) AND (store_id, day) IN (SELECT * FROM unnest($4::text[], $5::date[])) GROUP BY 1
  UNION ALL
  SELECT d.currency, 0 FROM spend_day_sum d
   WHERE d.day BETWEEN $1::date AND $2::date AND ($3::text[] = '{}' OR d.store_id = ANY ($3::text[]))
     AND NOT EXISTS (SELECT FROM report_day_change c WHERE c.kind = 2 AND c.day = d.day AND c.store_id = d.store_id)
   GROUP BY 1
  UNION ALL
  SELECT currency, 0 FROM ad_spend WHERE (store_id, day) IN (SELECT * FROM unnest($6::text[], $7::date[])) GROUP BY 1
) AS counted GROUP BY 1 ORDER BY 2 DESC, 1
)sql");

const postgres::Statement kCountPending("attribution", "count_pending", R"sql(
SELECT count(*) FROM (
  SELECT FROM path_change p WHERE EXISTS (SELECT FROM conversion c WHERE c.contact_id = p.contact_id) LIMIT 10000) AS p
)sql");

// The first day of the row's period.
std::string BucketStartSql(Period period) {
  switch (period) {
    case Period::kWhole:
      break;
    case Period::kDay:
      return "day";
    case Period::kWeek:
      return "date_trunc('week', day)::date";
    case Period::kMonth:
      return "date_trunc('month', day)::date";
  }
  return "$2::date";
}

// The row's period, as the days from that of the report's first day to its first.
std::string BucketSql(Period period) { return absl::StrCat("(", BucketStartSql(period), " - $2::date)"); }

// Of which rows a sum is made: those of now, those of now of some days, or, as they were known at a time, those of now
// and of a second table. Times and days are the parameters $n and $n + 1.
struct DetailScope {
  const ReportQuery& query;
  const StoreDays* days = nullptr;  // null: all; not looked at where the query is for what was known
  // Where the query is for what was known: the condition that a row is in no sums of days; null where no sums are used.
  std::string (*not_in_days)(const std::string& table, const std::string& time) = nullptr;
};

std::string DetailRows(const char* columns, const char* table, const char* superseded, const std::string& where,
                       const DetailScope& scope, int parameter) {
  const std::string from = absl::StrCat("SELECT ", columns, " FROM ");
  if (scope.query.as_known_time) {
    const std::string time = absl::StrCat("$", parameter, "::timestamptz");
    const auto known = [&](const char* rows) {
      const std::string others = scope.not_in_days == nullptr ? "" : " AND " + scope.not_in_days(rows, time);
      return absl::StrCat(from, rows, where, others, " AND known_from <= ", time);
    };
    return absl::StrCat(known(table), " UNION ALL ", known(superseded), " AND known_until > ", time);
  }
  if (scope.days == nullptr) return absl::StrCat(from, table, where);
  return absl::StrCat(from, table, where, " AND (store_id, day) IN (SELECT * FROM unnest($", parameter, "::text[], $",
                      parameter + 1, "::date[]))");
}

void AddDetailParams(const DetailScope& scope, std::vector<postgres::Param>& params) {
  if (scope.query.as_known_time) {
    params.emplace_back(*scope.query.as_known_time);
  } else if (scope.days != nullptr) {
    params.emplace_back(scope.days->store_ids);
    params.emplace_back(scope.days->days);
  }
}

// Sums of each source and period, a source's in one row: there are many periods and few sources, and rows cost more
// than numbers.
std::string CreditSql(const DetailScope& scope) {
  const ReportQuery& query = scope.query;
  const std::string where =
      " WHERE model IN (0, $1::smallint) AND day BETWEEN $2::date AND $3::date AND currency_code = $4::text"
      " AND ($5::text[] = '{}' OR store_id = ANY ($5::text[])) AND ($6::boolean IS NULL OR new_customer = $6)";
  const std::string rows =
      DetailRows("day, store_id, traffic_source_id, new_customer, share, revenue_minor, net_minor, cost_minor",
                 "credit", "superseded_credit", where, scope, 7);
  return absl::StrCat(
      "SELECT store, traffic_source_id, array_agg(bucket), array_agg(share), array_agg(new_share), array_agg(revenue), "
      "array_agg(net), array_agg(cost) FROM (SELECT ",
      BucketSql(query.period), " AS bucket, ", query.by_store ? "store_id" : "''",
      " AS store, traffic_source_id, sum(share) AS share, coalesce(sum(share) FILTER (WHERE new_customer), 0) AS "
      "new_share, sum(revenue_minor)::bigint AS revenue, sum(net_minor)::bigint AS net, "
      "sum(cost_minor)::bigint AS cost FROM (",
      rows, ") AS rows GROUP BY 1, ", query.by_store ? "2, " : "", "3) AS sums GROUP BY 1, 2");
}

// A year has more sums than the usual 4 MiB hold; to the end of the transaction.
const postgres::Statement kAllowManySums("attribution", "allow_many_sums", R"sql(
SELECT set_config('work_mem', '64MB', true)
)sql");

const postgres::Statement kSources("attribution", "report_sources", R"sql(
SELECT id, channel, ad_platform, source, campaign_id, campaign, ad_group_id, ad_id, term, paid
  FROM traffic_source WHERE id = ANY ($1::uuid[])
)sql");

// What a touch from a source told, as deep as the level; and whether an ad brought it.
struct SourceKey {
  RowKey key;
  bool paid = false;
};

SourceKey ReadSource(const postgres::Row& row, Level level) {
  SourceKey source{.paid = row.Get<bool>(9)};
  RowKey& key = source.key;
  key.channel = row.Get<std::string>(1);
  if (level < Level::kCampaign) return source;
  const std::string platform = PlatformOf(row.Text(2), row.Text(3));
  key.platform = source.paid && !platform.empty() ? platform : row.Get<std::string>(3);
  key.campaign_id = row.Get<std::string>(4);
  key.campaign = row.Get<std::string>(5);
  if (level >= Level::kAdGroup) key.ad_group_id = row.Get<std::string>(6);
  if (level >= Level::kAd) key.ad_id = row.Get<std::string>(7);
  if (level >= Level::kKeyword) key.keyword = row.Get<std::string>(8);
  return source;
}

// The sums of a report by store, where stores have rows of their own, and by source or campaign.
class DaySums {
 public:
  explicit DaySums(const ReportQuery& query) : query_(query) {}
  using ById = std::map<Uuid, std::vector<PeriodMetrics>>;

  void Add(const std::string& store_id, Date day, const Uuid& id, const Metrics& metrics) {
    if (day != day_) {
      day_ = day;
      period_ = PeriodNumber(query_.period, query_.from, day);
    }
    std::vector<PeriodMetrics>& periods = PeriodsOf(store_id, id);
    // Days come in their order, so those of one period one behind the other.
    if (periods.empty() || periods.back().period != period_) periods.push_back({period_, {}});
    periods.back().metrics += metrics;
  }
  void Add(const std::string& store_id, const Uuid& id, const std::vector<PeriodMetrics>& added) {
    std::vector<PeriodMetrics>& periods = PeriodsOf(store_id, id);
    periods.insert(periods.end(), added.begin(), added.end());
  }
  std::vector<Uuid> Ids() const {
    std::vector<Uuid> ids;
    for (const auto& [store_id, sums] : stores_) {
      for (const auto& [id, periods] : sums) ids.push_back(id);
    }
    return ids;
  }
  std::map<std::string, ById> Take() { return std::move(stores_); }

 private:
  std::vector<PeriodMetrics>& PeriodsOf(const std::string& store_id, const Uuid& id) {
    return stores_[query_.by_store ? store_id : std::string()][id];
  }

  const ReportQuery& query_;
  std::map<std::string, ById> stores_;
  Date day_{};  // that of `period_`
  std::int32_t period_ = 0;
};

absl::StatusOr<std::unordered_map<Uuid, SourceKey>> LoadSources(postgres::Tx& tx, const std::vector<Uuid>& ids,
                                                                Level level) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSources, ids));
  std::unordered_map<Uuid, SourceKey> sources;
  for (int i = 0; i < rows.size(); ++i) sources[rows[i].Get<Uuid>(0)] = ReadSource(rows[i], level);
  return sources;
}

// The periods of a row, whose columns from `first` on are arrays: the buckets, then each of the metrics.
std::vector<PeriodMetrics> ReadPeriods(const postgres::Row& row, int first, const ReportQuery& query,
                                       std::initializer_list<std::int64_t Metrics::*> metrics) {
  std::vector<PeriodMetrics> periods;
  for (const std::int64_t days : row.Get<std::vector<std::int64_t>>(first)) {
    const Date day(std::chrono::sys_days(query.from) + std::chrono::days(days));
    periods.push_back({PeriodNumber(query.period, query.from, day), {}});
  }
  for (const auto metric : metrics) {
    std::size_t i = 0;
    for (const std::int64_t value : row.Get<std::vector<std::int64_t>>(++first)) periods[i++].metrics.*metric = value;
  }
  return periods;
}

// A column that rows are told apart by from a level on.
struct SpendColumn {
  const char* name;
  Level from, to;
  std::string RowKey::*field;
};
constexpr SpendColumn kSpendColumns[] = {
    {"platform", Level::kChannel, Level::kSearchQuery, &RowKey::platform},
    {"campaign_id", Level::kChannel, Level::kSearchQuery, &RowKey::campaign_id},
    {"campaign", Level::kChannel, Level::kSearchQuery, &RowKey::campaign},
    {"ad_group_id", Level::kAdGroup, Level::kSearchQuery, &RowKey::ad_group_id},
    {"ad_group", Level::kAdGroup, Level::kSearchQuery, &RowKey::ad_group},
    {"ad_id", Level::kAd, Level::kAd, &RowKey::ad_id},
    {"ad", Level::kAd, Level::kAd, &RowKey::ad},
    {"keyword", Level::kKeyword, Level::kSearchQuery, &RowKey::keyword},
    {"search_query", Level::kSearchQuery, Level::kSearchQuery, &RowKey::search_query}};

// The columns that are told apart at the query's level, and the fields that they fill.
struct SpendKey {
  std::vector<std::string> columns;
  std::vector<std::string RowKey::*> fields;
};

SpendKey SpendKeyOf(const ReportQuery& query) {
  SpendKey key;
  const auto add = [&key](const char* column, std::string RowKey::*field) {
    key.columns.push_back(column);
    key.fields.push_back(field);
  };
  if (query.by_store) add("store_id", &RowKey::store_id);
  for (const SpendColumn& column : kSpendColumns) {
    if (query.level >= column.from && query.level <= column.to) add(column.name, column.field);
  }
  return key;
}

// Adds up credit itself.
absl::Status AddCreditDetail(postgres::Tx& tx, const DetailScope& scope, DaySums& sums) {
  const ReportQuery& query = scope.query;
  ESNAF_RETURN_IF_ERROR(tx.Execute(kAllowManySums).status());
  std::vector<postgres::Param> params{static_cast<int>(query.model), query.from,      query.to,
                                      query.currency_code,           query.store_ids, query.new_customers};
  AddDetailParams(scope, params);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(CreditSql(scope), params));
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    sums.Add(row.Get<std::string>(0), row.Get<std::optional<Uuid>>(1).value_or(Uuid()),
             ReadPeriods(
                 row, 2, query,
                 {&Metrics::conversions, &Metrics::new_customers, &Metrics::revenue, &Metrics::net, &Metrics::cost}));
  }
  return absl::OkStatus();
}

// Likewise of spend.
absl::Status AddSpendDetail(postgres::Tx& tx, const DetailScope& scope, std::vector<ReportLine>& lines) {
  const ReportQuery& query = scope.query;
  ESNAF_RETURN_IF_ERROR(tx.Execute(kAllowManySums).status());
  const SpendKey key = SpendKeyOf(query);
  const std::string columns = absl::StrJoin(key.columns, ", ");
  const std::string rows = DetailRows(
      "day, store_id, platform, campaign_id, campaign, ad_group_id, ad_group, ad_id, ad, keyword, search_query, "
      "cost_units, impressions, clicks",
      "ad_spend", "superseded_ad_spend",
      " WHERE currency = $1::text AND day BETWEEN $2::date AND $3::date"
      " AND ($4::text[] = '{}' OR store_id = ANY ($4::text[]))",
      scope, 5);
  const std::string sql = absl::StrCat(
      "SELECT ", columns,
      ", array_agg(bucket), array_agg(cost), array_agg(impressions), array_agg(clicks) FROM (SELECT ", columns, ", ",
      BucketSql(query.period),
      " AS bucket, sum(cost_units)::bigint AS cost, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS "
      "clicks FROM (",
      rows, ") AS rows GROUP BY ", columns, ", bucket) AS sums GROUP BY ", columns);
  std::vector<postgres::Param> params{query.currency_code, query.from, query.to, query.store_ids};
  AddDetailParams(scope, params);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result result, tx.ExecuteDynamic(sql, params));
  const int key_columns = static_cast<int>(key.fields.size());
  for (int i = 0; i < result.size(); ++i) {
    ReportLine line{.paid = true};
    for (int column = 0; column < key_columns; ++column) {
      line.key.*key.fields[static_cast<std::size_t>(column)] = result[i].Get<std::string>(column);
    }
    line.periods =
        ReadPeriods(result[i], key_columns, query, {&Metrics::spend, &Metrics::impressions, &Metrics::clicks});
    lines.push_back(std::move(line));
  }
  return absl::OkStatus();
}

// What campaigns cost on days that stand still.
absl::StatusOr<std::vector<ReportLine>> LoadSpendOfDays(postgres::Tx& tx, const ReportQuery& query) {
  DaySums sums(query);
  ESNAF_RETURN_IF_ERROR(
      ReadSpendDays(tx, query, [&](const std::string& store_id, Date day, const Uuid& id, const Metrics& metrics) {
        sums.Add(store_id, day, id, metrics);
      }));
  ESNAF_ASSIGN_OR_RETURN(const auto named, LoadSpendCampaigns(tx, sums.Ids()));
  const std::unordered_map<Uuid, RowKey> campaigns(named.begin(), named.end());
  std::vector<ReportLine> lines;
  for (auto& [store_id, by_campaign] : sums.Take()) {
    for (auto& [id, periods] : by_campaign) {
      const auto campaign = campaigns.find(id);
      if (campaign == campaigns.end()) return absl::InternalError("a campaign of spend has no name");
      lines.push_back({.key = campaign->second, .paid = true, .periods = std::move(periods)});
      lines.back().key.store_id = store_id;
    }
  }
  return lines;
}

}  // namespace

absl::StatusOr<std::vector<ReportLine>> LoadCredit(postgres::Tx& tx, const ReportQuery& query) {
  DaySums sums(query);
  ESNAF_RETURN_IF_ERROR(
      ReadCreditDays(tx, query, [&](const std::string& store_id, Date day, const Uuid& id, const Metrics& metrics) {
        sums.Add(store_id, day, id, metrics);
      }));
  StoreDays changed;
  if (!query.as_known_time) {
    ESNAF_ASSIGN_OR_RETURN(changed, ChangedDays(tx, DayKind::kCredit, query));
  }
  if (query.as_known_time || !changed.empty()) {
    ESNAF_RETURN_IF_ERROR(AddCreditDetail(tx, {query, &changed, &NotInCreditDays}, sums));
  }
  ESNAF_ASSIGN_OR_RETURN(const auto sources, LoadSources(tx, sums.Ids(), query.level));
  std::vector<ReportLine> lines;
  for (auto& [store_id, by_source] : sums.Take()) {
    for (auto& [id, periods] : by_source) {
      const auto source = sources.find(id);
      ReportLine line{.periods = std::move(periods)};
      if (source == sources.end()) {
        line.key.channel = kUnattributed;
      } else {
        line.key = source->second.key;
        line.paid = source->second.paid;
      }
      line.key.store_id = store_id;
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

absl::StatusOr<std::vector<ReportLine>> LoadSpend(postgres::Tx& tx, const ReportQuery& query) {
  std::vector<ReportLine> lines;
  // What lies below campaigns is in no sums of days.
  if (query.level > Level::kCampaign) {
    ESNAF_RETURN_IF_ERROR(AddSpendDetail(tx, {query}, lines));
    return lines;
  }
  ESNAF_ASSIGN_OR_RETURN(lines, LoadSpendOfDays(tx, query));
  StoreDays changed;
  if (!query.as_known_time) {
    ESNAF_ASSIGN_OR_RETURN(changed, ChangedDays(tx, DayKind::kSpend, query));
  }
  if (query.as_known_time || !changed.empty()) {
    ESNAF_RETURN_IF_ERROR(AddSpendDetail(tx, {query, &changed, &NotInSpendDays}, lines));
  }
  return lines;
}

absl::StatusOr<std::vector<CampaignChannel>> LoadCampaignChannels(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCampaignChannels));
  std::vector<CampaignChannel> channels;
  for (int i = 0; i < rows.size(); ++i) {
    channels.push_back({PlatformOf(rows[i].Text(0), rows[i].Text(1)), rows[i].Get<std::string>(2),
                        rows[i].Get<std::string>(3), rows[i].Get<std::string>(4)});
  }
  return channels;
}

absl::StatusOr<std::vector<CurrencyCount>> CountCurrencies(postgres::Tx& tx, const ReportQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const StoreDays credit, ChangedDays(tx, DayKind::kCredit, query));
  ESNAF_ASSIGN_OR_RETURN(const StoreDays spend, ChangedDays(tx, DayKind::kSpend, query));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCountCurrencies, query.from, query.to, query.store_ids, credit.store_ids,
                                    credit.days, spend.store_ids, spend.days));
  std::vector<CurrencyCount> counts;
  for (int i = 0; i < rows.size(); ++i) {
    counts.push_back({rows[i].Get<std::string>(0), rows[i].Get<std::int64_t>(1)});
  }
  return counts;
}

absl::StatusOr<std::int64_t> CountPending(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountPending));
  return rows[0].Get<std::int64_t>(0);
}

}  // namespace esnaf::attribution
