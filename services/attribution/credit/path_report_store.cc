#include "services/attribution/credit/path_report_store.h"

#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

// LINEAR has a row for each touch of a path.
const postgres::Statement kConvertedPaths("attribution", "converted_paths", R"sql(
SELECT channels, days, count(*), sum(net)::bigint FROM (
  SELECT array_agg(s.channel ORDER BY c.position) FILTER (WHERE s.channel IS NOT NULL) AS channels,
         coalesce(floor(extract(epoch FROM max(v.place_time) - min(t.occur_time)) / 86400), 0)::int AS days,
         sum(c.net_minor) AS net
    FROM credit c JOIN conversion v ON v.order_id = c.order_id
    LEFT JOIN traffic_source s ON s.id = c.traffic_source_id
    LEFT JOIN touchpoint t ON t.id = c.touchpoint_id
   WHERE c.model IN (0, 4) AND c.share > 0 AND c.day BETWEEN $1::date AND $2::date
     AND ($3::text[] = '{}' OR c.store_id = ANY ($3::text[])) AND ($4::text = '' OR c.currency_code = $4::text)
   GROUP BY c.order_id) AS paths
 GROUP BY 1, 2
)sql");

const postgres::Statement kLostPaths("attribution", "lost_paths", R"sql(
SELECT channels, count(*) FROM (
  SELECT array_agg(s.channel ORDER BY t.occur_time, t.event_id) AS channels
    FROM touchpoint t JOIN traffic_source s ON s.id = t.traffic_source_id
   WHERE t.occur_time >= $4::timestamptz AND t.occur_time < $5::timestamptz
     AND ($3::text[] = '{}' OR t.store_id = ANY ($3::text[]))
     AND NOT t.bot AND NOT s.internal AND t.kind IN (1, 2, 3)
     AND (t.visitor_id IS NOT NULL OR t.contact_id IS NOT NULL)
     AND NOT EXISTS (SELECT FROM credit c
                      WHERE c.model = 4 AND c.touchpoint_id = t.id AND c.day BETWEEN $1::date AND $2::date)
   GROUP BY coalesce(t.visitor_id, t.contact_id::text)) AS paths
 GROUP BY 1
)sql");

// Walks along the aliases end after 64 links, so that a circle, which swapped events can leave for a moment, ends too.
constexpr char kAcquired[] = R"sql(
WITH RECURSIVE walk (original, canonical, depth) AS (
  SELECT original, canonical, 0 FROM contact_alias
  UNION ALL
  SELECT w.original, a.canonical, w.depth + 1
    FROM walk w JOIN contact_alias a ON a.original = w.canonical WHERE w.depth < 64
), root AS (
  SELECT w.original, w.canonical FROM walk w
   WHERE NOT EXISTS (SELECT 1 FROM contact_alias a WHERE a.original = w.canonical)
), acquired AS (
  SELECT date_trunc('month', c.day)::date AS month, c.traffic_source_id,
         coalesce(r.canonical, v.contact_id) AS person, c.share
    FROM credit c JOIN conversion v ON v.order_id = c.order_id LEFT JOIN root r ON r.original = v.contact_id
   WHERE c.model IN (0, $1::smallint) AND c.new_customer AND c.day BETWEEN $2::date AND $3::date
     AND c.currency_code = $4::text AND ($5::text[] = '{}' OR c.store_id = ANY ($5::text[]))
), bought AS (
  SELECT coalesce(r.canonical, v.contact_id) AS person, v.net_minor, v.cost_minor,
         date_trunc('month', v.place_time AT TIME ZONE $6::text)::date AS month
    FROM conversion v LEFT JOIN root r ON r.original = v.contact_id
   WHERE v.contact_id IS NOT NULL AND v.currency_code = $4::text
     AND ($5::text[] = '{}' OR v.store_id = ANY ($5::text[]))
), sums AS (
  SELECT month, traffic_source_id, -1 AS months, sum(share)::bigint AS customers, 0::bigint AS net, 0::bigint AS cost
    FROM acquired GROUP BY 1, 2
  UNION ALL
  SELECT a.month, a.traffic_source_id,
         (12 * (extract(year FROM b.month) - extract(year FROM a.month))
          + extract(month FROM b.month) - extract(month FROM a.month))::int,
         0, round(sum(a.share::numeric * b.net_minor) / 1000000)::bigint,
         round(sum(a.share::numeric * b.cost_minor) / 1000000)::bigint
    FROM acquired a JOIN bought b ON b.person = a.person AND b.month >= a.month
   GROUP BY 1, 2, 3
)
SELECT a.month, a.months, coalesce(s.channel, ''), coalesce(s.ad_platform, ''), coalesce(s.source, ''),
       coalesce(s.campaign_id, ''), coalesce(s.campaign, ''), coalesce(s.paid, false), a.customers, a.net, a.cost
  FROM sums a LEFT JOIN traffic_source s ON s.id = a.traffic_source_id
)sql";
const postgres::Statement kCohorts("attribution", "cohorts", kAcquired);

}  // namespace

absl::StatusOr<std::vector<PathGroup>> LoadConvertedPaths(postgres::Tx& tx, const ReportQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kConvertedPaths, query.from, query.to, query.store_ids, query.currency_code));
  std::vector<PathGroup> groups;
  for (int i = 0; i < rows.size(); ++i) {
    groups.push_back({rows[i].Get<std::optional<std::vector<std::string>>>(0).value_or(std::vector<std::string>()),
                      rows[i].Get<int>(1), rows[i].Get<std::int64_t>(2), rows[i].Get<std::int64_t>(3)});
  }
  return groups;
}

absl::StatusOr<std::vector<PathGroup>> LoadLostPaths(postgres::Tx& tx, const ReportQuery& query, Time from,
                                                     Time until) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kLostPaths, query.from, query.to, query.store_ids, from, until));
  std::vector<PathGroup> groups;
  for (int i = 0; i < rows.size(); ++i) {
    groups.push_back({.channels = rows[i].Get<std::vector<std::string>>(0), .count = rows[i].Get<std::int64_t>(1)});
  }
  return groups;
}

absl::StatusOr<std::vector<CohortLine>> LoadCohorts(postgres::Tx& tx, const ReportQuery& query,
                                                    const std::string& time_zone) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCohorts, static_cast<int>(query.model), query.from, query.to, query.currency_code,
                                    query.store_ids, time_zone));
  std::vector<CohortLine> lines;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    CohortLine cohort{.paid = row.Get<bool>(7), .month = row.Get<int>(1)};
    RowKey& key = cohort.key;
    key.period = PeriodNumber(Period::kMonth, query.from, row.Get<Date>(0));
    key.channel = row.Text(2).empty() ? kUnattributed : row.Get<std::string>(2);
    const std::string platform = PlatformOf(row.Text(3), row.Text(4));
    key.platform = cohort.paid && !platform.empty() ? platform : row.Get<std::string>(4);
    key.campaign_id = row.Get<std::string>(5);
    key.campaign = row.Get<std::string>(6);
    cohort.metrics.new_customers = row.Get<std::int64_t>(8);
    cohort.metrics.net = row.Get<std::int64_t>(9);
    cohort.metrics.cost = row.Get<std::int64_t>(10);
    lines.push_back(std::move(cohort));
  }
  return lines;
}

}  // namespace esnaf::attribution
