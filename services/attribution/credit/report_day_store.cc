#include "services/attribution/credit/report_day_store.h"

#include "libs/base/macros.h"
#include "services/attribution/credit/report_day.h"
#include "services/attribution/credit/report_store.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kChangedDays("attribution", "changed_report_days", R"sql(
SELECT DISTINCT store_id, day FROM report_day_change
 WHERE kind = $1::smallint AND day BETWEEN $2::date AND $3::date
   AND ($4::text[] = '{}' OR store_id = ANY ($4::text[]))
)sql");

const postgres::Statement kReadCreditDays("attribution", "read_credit_days", R"sql(
SELECT d.store_id, d.day, d.sums, CASE WHEN $7::boolean THEN d.new_sums END FROM credit_day_sum d
 WHERE d.model IN (0, $1::smallint) AND d.day BETWEEN $2::date AND $3::date AND d.currency_code = $4::text
   AND ($5::text[] = '{}' OR d.store_id = ANY ($5::text[]))
   AND ($6::timestamptz IS NULL OR d.known_since <= $6::timestamptz)
   AND NOT EXISTS (SELECT FROM report_day_change c WHERE c.kind = 1 AND c.day = d.day AND c.store_id = d.store_id)
 ORDER BY d.day
)sql");

const postgres::Statement kReadSpendDays("attribution", "read_spend_days", R"sql(
SELECT d.store_id, d.day, d.sums FROM spend_day_sum d
 WHERE d.day BETWEEN $1::date AND $2::date AND d.currency = $3::text
   AND ($4::text[] = '{}' OR d.store_id = ANY ($4::text[]))
   AND ($5::timestamptz IS NULL OR d.known_since <= $5::timestamptz)
   AND NOT EXISTS (SELECT FROM report_day_change c WHERE c.kind = 2 AND c.day = d.day AND c.store_id = d.store_id)
 ORDER BY d.day
)sql");

const postgres::Statement kSpendCampaigns("attribution", "spend_campaigns", R"sql(
SELECT id, platform, campaign_id, campaign FROM spend_campaign WHERE id = ANY ($1::uuid[])
)sql");

const postgres::Statement kListChangedDays("attribution", "list_changed_report_days", R"sql(
SELECT kind, store_id, day FROM report_day_change
 GROUP BY 1, 2, 3
HAVING max(change_time) <= now() - $1::bigint * interval '1 microsecond'
    OR min(change_time) <= now() - 10 * $1::bigint * interval '1 microsecond'
 ORDER BY min(id) LIMIT 1000
)sql");

const postgres::Statement kTakeDayChanges("attribution", "take_report_day_changes", R"sql(
DELETE FROM report_day_change WHERE kind = $1::smallint AND store_id = $2::text AND day = $3::date
)sql");

const postgres::Statement kForgetCreditDay("attribution", "forget_credit_day", R"sql(
DELETE FROM credit_day_sum WHERE model BETWEEN 0 AND 10 AND store_id = $1::text AND day = $2::date
)sql");

const postgres::Statement kAddUpCreditDay("attribution", "add_up_credit_day", R"sql(
WITH superseded AS (
  SELECT model, currency_code, max(known_until) AS known_until FROM superseded_credit
   WHERE model BETWEEN 0 AND 10 AND day = $2::date AND store_id = $1::text GROUP BY 1, 2
)
INSERT INTO credit_day_sum (model, day, store_id, currency_code, row_count, known_since, sums, new_sums)
SELECT s.model, $2::date, $1::text, s.currency_code, sum(s.row_count)::bigint,
       greatest(max(s.known_from), max(o.known_until)),
       string_agg(uuid_send(source) || int8send(share) || int8send(new_share) || int8send(revenue) || int8send(net)
                  || int8send(cost), ''::bytea ORDER BY source),
       string_agg(uuid_send(source) || int8send(new_revenue) || int8send(new_net) || int8send(new_cost), ''::bytea
                  ORDER BY source)
  FROM (SELECT model, currency_code, coalesce(traffic_source_id, '00000000-0000-0000-0000-000000000000') AS source,
               count(*) AS row_count, max(known_from) AS known_from, sum(share)::bigint AS share,
               sum(revenue_minor)::bigint AS revenue, sum(net_minor)::bigint AS net, sum(cost_minor)::bigint AS cost,
               coalesce(sum(share) FILTER (WHERE new_customer), 0)::bigint AS new_share,
               coalesce(sum(revenue_minor) FILTER (WHERE new_customer), 0)::bigint AS new_revenue,
               coalesce(sum(net_minor) FILTER (WHERE new_customer), 0)::bigint AS new_net,
               coalesce(sum(cost_minor) FILTER (WHERE new_customer), 0)::bigint AS new_cost
          FROM credit WHERE store_id = $1::text AND day = $2::date
         GROUP BY 1, 2, 3) AS s
  LEFT JOIN superseded o ON o.model = s.model AND o.currency_code = s.currency_code
 GROUP BY s.model, s.currency_code
)sql");

const postgres::Statement kForgetSpendDay("attribution", "forget_spend_day", R"sql(
DELETE FROM spend_day_sum WHERE store_id = $1::text AND day = $2::date
)sql");

const postgres::Statement kNameSpendCampaigns("attribution", "name_spend_campaigns", R"sql(
INSERT INTO spend_campaign (id, platform, campaign_id, campaign)
SELECT DISTINCT md5(ROW(platform, campaign_id, campaign)::text)::uuid, platform, campaign_id, campaign
  FROM ad_spend WHERE store_id = $1::text AND day = $2::date
ON CONFLICT (id) DO NOTHING
)sql");

const postgres::Statement kAddUpSpendDay("attribution", "add_up_spend_day", R"sql(
WITH superseded AS (
  SELECT currency, max(known_until) AS known_until FROM superseded_ad_spend
   WHERE day = $2::date AND store_id = $1::text GROUP BY 1
)
INSERT INTO spend_day_sum (day, store_id, currency, known_since, sums)
SELECT $2::date, $1::text, s.currency, greatest(max(s.known_from), max(o.known_until)),
       string_agg(uuid_send(campaign) || int8send(cost) || int8send(impressions) || int8send(clicks), ''::bytea
                  ORDER BY campaign)
  FROM (SELECT currency, md5(ROW(platform, campaign_id, campaign)::text)::uuid AS campaign,
               max(known_from) AS known_from, sum(cost_units)::bigint AS cost, sum(impressions)::bigint AS impressions,
               sum(clicks)::bigint AS clicks
          FROM ad_spend WHERE store_id = $1::text AND day = $2::date
         GROUP BY 1, 2) AS s
  LEFT JOIN superseded o ON o.currency = s.currency
 GROUP BY s.currency
)sql");

// What a source earned on a day.
struct SourceSum {
  Uuid id;
  Metrics all;
  Metrics fresh;  // of new customers; not filled where nobody asks
};

// Of all customers, or of new or returning ones only.
Metrics MetricsOf(const SourceSum& sum, std::optional<bool> new_customers) {
  if (!new_customers) return sum.all;
  if (*new_customers) return sum.fresh;
  return {.conversions = sum.all.conversions - sum.fresh.conversions,
          .revenue = sum.all.revenue - sum.fresh.revenue,
          .net = sum.all.net - sum.fresh.net,
          .cost = sum.all.cost - sum.fresh.cost};
}

absl::Status BrokenDay() { return absl::InternalError("the sums of a day cannot be read"); }

absl::Status ReadSources(const postgres::Row& row, std::vector<SourceSum>& sources) {
  sources.clear();
  bool whole = ForEachDaySum<5>(row.Get<postgres::Bytes>(2).data, [&sources](const Uuid& id,
                                                                             const std::array<std::int64_t, 5>& sums) {
    sources.push_back(
        {.id = id,
         .all = {
             .conversions = sums[0], .new_customers = sums[1], .revenue = sums[2], .net = sums[3], .cost = sums[4]}});
  });
  if (row.IsNull(3)) return whole ? absl::OkStatus() : BrokenDay();
  std::size_t next = 0;
  whole = ForEachDaySum<3>(row.Get<postgres::Bytes>(3).data,
                           [&](const Uuid& id, const std::array<std::int64_t, 3>& sums) {
                             if (next == sources.size() || sources[next].id != id) return;
                             const Metrics& all = sources[next].all;
                             sources[next++].fresh = {.conversions = all.new_customers,
                                                      .new_customers = all.new_customers,
                                                      .revenue = sums[0],
                                                      .net = sums[1],
                                                      .cost = sums[2]};
                           }) &&
          whole;
  return whole && next == sources.size() ? absl::OkStatus() : BrokenDay();
}

}  // namespace

absl::StatusOr<StoreDays> ChangedDays(postgres::Tx& tx, DayKind kind, const ReportQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kChangedDays, static_cast<int>(kind), query.from, query.to, query.store_ids));
  StoreDays changed;
  for (int i = 0; i < rows.size(); ++i) {
    changed.store_ids.push_back(rows[i].Get<std::string>(0));
    changed.days.push_back(rows[i].Get<Date>(1));
  }
  return changed;
}

absl::Status ReadCreditDays(postgres::Tx& tx, const ReportQuery& query, const VisitDaySum& visit) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kReadCreditDays, static_cast<int>(query.model), query.from, query.to, query.currency_code,
                 query.store_ids, query.as_known_time, query.new_customers.has_value()));
  std::vector<SourceSum> sources;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_RETURN_IF_ERROR(ReadSources(rows[i], sources));
    const auto store_id = rows[i].Get<std::string>(0);
    const Date day = rows[i].Get<Date>(1);
    for (const SourceSum& source : sources) {
      const Metrics metrics = MetricsOf(source, query.new_customers);
      // Those whom the report is not about are no row of it.
      if (metrics != Metrics()) visit(store_id, day, source.id, metrics);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadSpendDays(postgres::Tx& tx, const ReportQuery& query, const VisitDaySum& visit) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kReadSpendDays, query.from, query.to, query.currency_code, query.store_ids, query.as_known_time));
  for (int i = 0; i < rows.size(); ++i) {
    const auto store_id = rows[i].Get<std::string>(0);
    const Date day = rows[i].Get<Date>(1);
    const bool whole = ForEachDaySum<3>(
        rows[i].Get<postgres::Bytes>(2).data, [&](const Uuid& id, const std::array<std::int64_t, 3>& sums) {
          visit(store_id, day, id, {.spend = sums[0], .impressions = sums[1], .clicks = sums[2]});
        });
    if (!whole) return BrokenDay();
  }
  return absl::OkStatus();
}

std::string NotInCreditDays(const std::string& table, const std::string& time) {
  return absl::StrCat("NOT EXISTS (SELECT FROM credit_day_sum d WHERE d.model = ", table, ".model AND d.day = ", table,
                      ".day AND d.store_id = ", table, ".store_id AND d.currency_code = ", table,
                      ".currency_code AND d.known_since <= ", time,
                      " AND NOT EXISTS (SELECT FROM report_day_change c WHERE c.kind = 1 AND c.day = d.day AND "
                      "c.store_id = d.store_id))");
}

std::string NotInSpendDays(const std::string& table, const std::string& time) {
  return absl::StrCat("NOT EXISTS (SELECT FROM spend_day_sum d WHERE d.day = ", table, ".day AND d.store_id = ", table,
                      ".store_id AND d.currency = ", table, ".currency AND d.known_since <= ", time,
                      " AND NOT EXISTS (SELECT FROM report_day_change c WHERE c.kind = 2 AND c.day = d.day AND "
                      "c.store_id = d.store_id))");
}

absl::StatusOr<std::vector<std::pair<Uuid, RowKey>>> LoadSpendCampaigns(postgres::Tx& tx,
                                                                        const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSpendCampaigns, ids));
  std::vector<std::pair<Uuid, RowKey>> campaigns;
  for (int i = 0; i < rows.size(); ++i) {
    campaigns.emplace_back(rows[i].Get<Uuid>(0), RowKey{.platform = rows[i].Get<std::string>(1),
                                                        .campaign_id = rows[i].Get<std::string>(2),
                                                        .campaign = rows[i].Get<std::string>(3)});
  }
  return campaigns;
}

absl::StatusOr<std::vector<ChangedDay>> ListChangedDays(postgres::Tx& tx, Duration quiet) {
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.Execute(kListChangedDays, std::chrono::duration_cast<std::chrono::microseconds>(quiet).count()));
  std::vector<ChangedDay> days;
  for (int i = 0; i < rows.size(); ++i) {
    days.push_back({static_cast<DayKind>(rows[i].Get<int>(0)), rows[i].Get<std::string>(1), rows[i].Get<Date>(2)});
  }
  return days;
}

absl::Status AddUpDay(postgres::Tx& tx, const ChangedDay& day) {
  // First, so that who comes second to a day fails here, and not with a row that both add.
  ESNAF_RETURN_IF_ERROR(tx.Execute(kTakeDayChanges, static_cast<int>(day.kind), day.store_id, day.day).status());
  if (day.kind == DayKind::kCredit) {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kForgetCreditDay, day.store_id, day.day).status());
    return tx.Execute(kAddUpCreditDay, day.store_id, day.day).status();
  }
  ESNAF_RETURN_IF_ERROR(tx.Execute(kForgetSpendDay, day.store_id, day.day).status());
  ESNAF_RETURN_IF_ERROR(tx.Execute(kNameSpendCampaigns, day.store_id, day.day).status());
  return tx.Execute(kAddUpSpendDay, day.store_id, day.day).status();
}

}  // namespace esnaf::attribution
