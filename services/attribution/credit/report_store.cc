#include "services/attribution/credit/report_store.h"

#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kCampaignChannels("attribution", "campaign_channels", R"sql(
SELECT DISTINCT ad_platform, source, campaign_id, campaign, channel FROM traffic_source
 WHERE paid AND (campaign_id <> '' OR campaign <> '')
 ORDER BY channel DESC
)sql");

const postgres::Statement kCountCurrencies("attribution", "count_currencies", R"sql(
SELECT currency_code, sum(orders)::bigint FROM (
  SELECT currency_code, count(*) AS orders FROM credit
   WHERE model IN (0, 1) AND day BETWEEN $1::date AND $2::date
     AND ($3::text[] = '{}' OR store_id = ANY ($3::text[])) GROUP BY 1
  UNION ALL
  SELECT currency, 0 FROM ad_spend
   WHERE day BETWEEN $1::date AND $2::date AND ($3::text[] = '{}' OR store_id = ANY ($3::text[])) GROUP BY 1
) AS counted GROUP BY 1 ORDER BY 2 DESC, 1
)sql");

const postgres::Statement kCountPending("attribution", "count_pending", R"sql(
SELECT count(*) FROM (
  SELECT FROM path_change p WHERE EXISTS (SELECT FROM conversion c WHERE c.contact_id = p.contact_id) LIMIT 10000) AS p
)sql");

// The first day of the row's period.
std::string BucketSql(Period period, std::string_view day) {
  switch (period) {
    case Period::kWhole:
      return "$2::date";
    case Period::kDay:
      return std::string(day);
    case Period::kWeek:
      return absl::StrCat("date_trunc('week', ", std::string(day), ")::date");
    case Period::kMonth:
      return absl::StrCat("date_trunc('month', ", std::string(day), ")::date");
  }
  return "$2::date";
}

// A column that is grouped by from a level on.
std::string Column(Level level, Level from, const std::string& column) { return level >= from ? column : "''"; }

// Rows of `credit` as of now, or those that were known at a time.
std::string CreditSource(const ReportQuery& query) {
  const std::string where = absl::StrCat(
      " WHERE model IN (0, $1::smallint) AND day BETWEEN $2::date AND $3::date AND currency_code = $4::text"
      " AND ($5::text[] = '{}' OR store_id = ANY ($5::text[]))"
      " AND ($6::boolean IS NULL OR new_customer = $6)");
  const std::string columns =
      "SELECT day, store_id, traffic_source_id, new_customer, share, revenue_minor, net_minor, "
      "cost_minor FROM ";
  if (!query.as_known_time) return absl::StrCat(columns, "credit", where, " AND $7::timestamptz IS NULL");
  return absl::StrCat(columns, "credit", where, " AND known_from <= $7::timestamptz UNION ALL ", columns,
                      "superseded_credit", where, " AND known_from <= $7 AND known_until > $7");
}

}  // namespace

absl::StatusOr<std::vector<ReportLine>> LoadCredit(postgres::Tx& tx, const ReportQuery& query) {
  const Level level = query.level;
  // Sums of sources first, which are few, then of what the sources have in common.
  const std::string sql = absl::StrCat(
      "SELECT c.bucket, c.store_id, coalesce(s.channel, ''), ",
      Column(level, Level::kCampaign, "coalesce(s.ad_platform, '')"), ", ",
      Column(level, Level::kCampaign, "coalesce(s.source, '')"), ", ",
      Column(level, Level::kCampaign, "coalesce(s.campaign_id, '')"), ", ",
      Column(level, Level::kCampaign, "coalesce(s.campaign, '')"), ", ",
      Column(level, Level::kAdGroup, "coalesce(s.ad_group_id, '')"), ", ",
      Column(level, Level::kAd, "coalesce(s.ad_id, '')"), ", ", Column(level, Level::kKeyword, "coalesce(s.term, '')"),
      ", coalesce(s.paid, false), sum(c.share)::bigint, sum(c.new_share)::bigint, sum(c.revenue)::bigint, "
      "sum(c.net)::bigint, sum(c.cost)::bigint FROM (SELECT ",
      BucketSql(query.period, "day"), " AS bucket, ", query.by_store ? "store_id" : "''",
      " AS store_id, traffic_source_id, sum(share) AS share, coalesce(sum(share) FILTER (WHERE new_customer), 0) AS "
      "new_share, sum(revenue_minor) AS revenue, sum(net_minor) AS net, sum(cost_minor) AS cost FROM (",
      CreditSource(query),
      ") AS rows GROUP BY 1, 2, 3) AS c LEFT JOIN traffic_source s ON s.id = c.traffic_source_id "
      "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11");
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteDynamic(sql, {static_cast<int>(query.model), query.from, query.to, query.currency_code, query.store_ids,
                              query.new_customers, query.as_known_time}));
  std::vector<ReportLine> lines;
  lines.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    ReportLine line{.paid = row.Get<bool>(10)};
    RowKey& key = line.key;
    key.period = PeriodNumber(query.period, query.from, row.Get<Date>(0));
    key.store_id = row.Get<std::string>(1);
    key.channel = row.Text(2).empty() ? kUnattributed : row.Get<std::string>(2);
    const std::string platform = PlatformOf(row.Text(3), row.Text(4));
    key.platform = line.paid && !platform.empty() ? platform : row.Get<std::string>(4);
    key.campaign_id = row.Get<std::string>(5);
    key.campaign = row.Get<std::string>(6);
    key.ad_group_id = row.Get<std::string>(7);
    key.ad_id = row.Get<std::string>(8);
    key.keyword = row.Get<std::string>(9);
    line.metrics.conversions = row.Get<std::int64_t>(11);
    line.metrics.new_customers = row.Get<std::int64_t>(12);
    line.metrics.revenue = row.Get<std::int64_t>(13);
    line.metrics.net = row.Get<std::int64_t>(14);
    line.metrics.cost = row.Get<std::int64_t>(15);
    lines.push_back(std::move(line));
  }
  return lines;
}

absl::StatusOr<std::vector<ReportLine>> LoadSpend(postgres::Tx& tx, const ReportQuery& query) {
  const Level level = query.level;
  const std::string sql =
      absl::StrCat("SELECT ", BucketSql(query.period, "day"), ", ", query.by_store ? "store_id" : "''",
                   ", platform, campaign_id, campaign, ", Column(level, Level::kAdGroup, "ad_group_id"), ", ",
                   Column(level, Level::kAdGroup, "ad_group"), ", ", level == Level::kAd ? "ad_id" : "''", ", ",
                   level == Level::kAd ? "ad" : "''", ", ", Column(level, Level::kKeyword, "keyword"), ", ",
                   Column(level, Level::kSearchQuery, "search_query"),
                   ", sum(cost_units)::bigint, sum(impressions)::bigint, sum(clicks)::bigint FROM ad_spend "
                   "WHERE currency = $1::text AND day BETWEEN $2::date AND $3::date "
                   "AND ($4::text[] = '{}' OR store_id = ANY ($4::text[])) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11");
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.ExecuteDynamic(sql, {query.currency_code, query.from, query.to, query.store_ids}));
  std::vector<ReportLine> lines;
  lines.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    ReportLine line{.paid = true};
    RowKey& key = line.key;
    key.period = PeriodNumber(query.period, query.from, row.Get<Date>(0));
    std::string* const texts[] = {&key.store_id, &key.platform, &key.campaign_id, &key.campaign, &key.ad_group_id,
                                  &key.ad_group, &key.ad_id,    &key.ad,          &key.keyword,  &key.search_query};
    for (int column = 0; column < 10; ++column) *texts[column] = row.Get<std::string>(column + 1);
    line.metrics.spend = row.Get<std::int64_t>(11);
    line.metrics.impressions = row.Get<std::int64_t>(12);
    line.metrics.clicks = row.Get<std::int64_t>(13);
    lines.push_back(std::move(line));
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
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCountCurrencies, query.from, query.to, query.store_ids));
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
