#include "services/attribution/spend/spend_store.h"

#include <set>

#include "libs/api/convert.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kCountSpend("attribution", "count_spend", R"sql(
SELECT count(*) FROM ad_spend s JOIN unnest($3::text[], $4::date[]) AS given (account_id, day)
    ON s.account_id = given.account_id AND s.day = given.day
 WHERE s.store_id = $1 AND s.platform = $2
)sql");

// The number names this lock among the schema's advisory locks; the schema's own number keeps it from other schemas'.
const postgres::Statement kLockSpend("attribution", "lock_spend", R"sql(
SELECT pg_advisory_xact_lock(20, hashtext(current_schema() || '/' || $1))
)sql");

const postgres::Statement kSupersedeSpend("attribution", "supersede_spend", R"sql(
WITH old AS (
  DELETE FROM ad_spend s USING unnest($3::text[], $4::date[]) AS given (account_id, day)
   WHERE s.store_id = $1 AND s.platform = $2 AND s.account_id = given.account_id AND s.day = given.day
  RETURNING s.*
)
INSERT INTO superseded_ad_spend SELECT old.*, $5::timestamptz FROM old
)sql");

// What an import says as it was before was known before: such rows pair off, also where several are alike.
const postgres::Statement kKeepKnownSpend("attribution", "keep_known_spend", R"sql(
WITH old AS (
  SELECT id, known_from, content, row_number() OVER (PARTITION BY content) AS number
    FROM (SELECT id, known_from, ROW(account_id, day, campaign_id, campaign, ad_group_id, ad_group, ad_id, ad, keyword,
                                     search_query, impressions, clicks, cost_units, currency, original_cost_micros,
                                     original_currency, reported_conversions_micros, reported_value_micros)::text AS content
            FROM superseded_ad_spend WHERE store_id = $1 AND platform = $2 AND known_until = $3) AS o
), new AS (
  SELECT id, content, row_number() OVER (PARTITION BY content) AS number
    FROM (SELECT s.id, ROW(s.account_id, s.day, campaign_id, campaign, ad_group_id, ad_group, ad_id, ad, keyword,
                           search_query, impressions, clicks, cost_units, currency, original_cost_micros,
                           original_currency, reported_conversions_micros, reported_value_micros)::text AS content
            FROM ad_spend s JOIN unnest($4::text[], $5::date[]) AS given (account_id, day)
              ON s.account_id = given.account_id AND s.day = given.day
           WHERE s.store_id = $1 AND s.platform = $2) AS n
), same AS (
  SELECT new.id, old.id AS old_id, old.known_from FROM old JOIN new USING (content, number)
), gone AS (
  DELETE FROM superseded_ad_spend o USING same
   WHERE o.id = same.old_id AND o.store_id = $1 AND o.known_until = $3
)
UPDATE ad_spend s SET known_from = same.known_from FROM same WHERE s.id = same.id
)sql");

const postgres::Statement kInsertImport("attribution", "insert_spend_import", R"sql(
INSERT INTO ad_spend_import (id, store_id, import_time, summary) VALUES ($1, $2, $3, $4)
)sql");

const postgres::Statement kSumSpend("attribution", "sum_spend", R"sql(
SELECT CASE WHEN $4 = 2 THEN '' ELSE platform END AS platform_key,
       CASE WHEN $4 = 1 THEN campaign_id ELSE '' END AS campaign_key,
       CASE WHEN $4 = 1 THEN campaign ELSE '' END AS name_key,
       CASE WHEN $4 = 2 THEN day END AS day_key,
       currency, sum(cost_units)::bigint AS cost, sum(impressions)::bigint, sum(clicks)::bigint
  FROM ad_spend WHERE store_id = $1 AND day BETWEEN $2 AND $3
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY day_key, cost DESC, platform_key, campaign_key, name_key LIMIT 1000
)sql");

const postgres::Statement kTotalSpend("attribution", "total_spend", R"sql(
SELECT currency, sum(cost_units)::bigint FROM ad_spend
 WHERE store_id = $1 AND day BETWEEN $2 AND $3 GROUP BY currency ORDER BY currency
)sql");

const postgres::Statement kUpsertRates("attribution", "upsert_rates", R"sql(
INSERT INTO currency_rate (from_currency, to_currency, day, rate_nanos, source, update_time)
SELECT given.*, $6 FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[], $5::text[]) AS given
    ON CONFLICT (from_currency, to_currency, day)
    DO UPDATE SET rate_nanos = EXCLUDED.rate_nanos, source = EXCLUDED.source, update_time = EXCLUDED.update_time
)sql");

const postgres::Statement kLoadRates("attribution", "load_rates", R"sql(
SELECT from_currency, day, rate_nanos FROM currency_rate
 WHERE to_currency = $1 AND day BETWEEN $2::date - $4::int AND $3
)sql");

absl::StatusOr<Currency> CurrencyAt(const postgres::Row& row, int column) { return Currency::Parse(row.Text(column)); }

}  // namespace

SpendDays DaysOf(const std::vector<SpendRow>& rows) {
  std::set<std::pair<std::string, Date>> distinct;
  for (const SpendRow& row : rows) distinct.emplace(row.account_id, row.day);
  SpendDays days;
  for (const auto& [account_id, day] : distinct) {
    days.account_ids.push_back(account_id);
    days.days.push_back(day);
  }
  return days;
}

absl::StatusOr<std::int64_t> CountSpend(postgres::Tx& tx, const std::string& store_id, const std::string& platform,
                                        const SpendDays& days) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCountSpend, store_id, platform, days.account_ids, days.days));
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<std::int64_t> SupersedeSpend(postgres::Tx& tx, const std::string& store_id, const std::string& platform,
                                            const SpendDays& days, Time now) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockSpend, store_id).status());
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kSupersedeSpend, store_id, platform, days.account_ids, days.days, now));
  return rows.affected_rows();
}

absl::Status KeepKnownSpend(postgres::Tx& tx, const std::string& store_id, const std::string& platform,
                            const SpendDays& days, Time now) {
  return tx.Execute(kKeepKnownSpend, store_id, platform, now, days.account_ids, days.days).status();
}

absl::Status InsertSpend(postgres::Tx& tx, const v1::AdSpendImport& import, const std::vector<StoredSpend>& rows,
                         Time now) {
  static const std::vector<std::string> kColumns = {"store_id",
                                                    "platform",
                                                    "account_id",
                                                    "day",
                                                    "campaign_id",
                                                    "campaign",
                                                    "ad_group_id",
                                                    "ad_group",
                                                    "ad_id",
                                                    "ad",
                                                    "keyword",
                                                    "search_query",
                                                    "impressions",
                                                    "clicks",
                                                    "cost_units",
                                                    "currency",
                                                    "original_cost_micros",
                                                    "original_currency",
                                                    "reported_conversions_micros",
                                                    "reported_value_micros",
                                                    "import_id",
                                                    "known_from"};
  std::vector<std::vector<postgres::Param>> cells;
  cells.reserve(rows.size());
  for (const auto& [row, cost] : rows) {
    cells.push_back({import.store_id(),
                     import.platform(),
                     row.account_id,
                     row.day,
                     row.campaign_id,
                     row.campaign,
                     row.ad_group_id,
                     row.ad_group,
                     row.ad_id,
                     row.ad,
                     row.keyword,
                     row.search_query,
                     row.impressions,
                     row.clicks,
                     cost.minor,
                     cost.currency.code(),
                     row.cost,
                     row.currency.code(),
                     row.reported_conversions,
                     row.reported_value,
                     import.id(),
                     now});
  }
  return tx.Copy("ad_spend", kColumns, cells);
}

absl::Status InsertSpendImport(postgres::Tx& tx, const v1::AdSpendImport& import, Time now) {
  v1::AdSpendImport summary = import;
  summary.clear_skipped_lines();
  return tx.Execute(kInsertImport, import.id(), import.store_id(), now, postgres::Bytes{summary.SerializeAsString()})
      .status();
}

absl::StatusOr<v1::AdSpend> ReadSpendRow(const postgres::Row& row) {
  v1::AdSpend spend;
  spend.set_id(row.Get<std::string>(0));
  spend.set_store_id(row.Get<std::string>(1));
  spend.set_platform(row.Get<std::string>(2));
  spend.set_account_id(row.Get<std::string>(3));
  spend.set_day(FormatDate(row.Get<Date>(4)));
  spend.set_campaign_id(row.Get<std::string>(5));
  spend.set_campaign(row.Get<std::string>(6));
  spend.set_ad_group_id(row.Get<std::string>(7));
  spend.set_ad_group(row.Get<std::string>(8));
  spend.set_ad_id(row.Get<std::string>(9));
  spend.set_ad(row.Get<std::string>(10));
  spend.set_keyword(row.Get<std::string>(11));
  spend.set_search_query(row.Get<std::string>(12));
  spend.set_impressions(row.Get<std::int64_t>(13));
  spend.set_clicks(row.Get<std::int64_t>(14));
  ESNAF_ASSIGN_OR_RETURN(const Currency currency, CurrencyAt(row, 16));
  *spend.mutable_cost() = api::ToProto(Money{row.Get<std::int64_t>(15), currency});
  spend.set_original_cost_micros(row.Get<std::int64_t>(17));
  spend.set_original_currency_code(row.Get<std::string>(18));
  spend.set_reported_conversions_micros(row.Get<std::int64_t>(19));
  spend.set_reported_value_micros(row.Get<std::int64_t>(20));
  return spend;
}

absl::StatusOr<std::vector<v1::AdSpendSum>> SumSpend(postgres::Tx& tx, const std::string& store_id, Date first,
                                                     Date last, v1::SpendGrouping grouping) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kSumSpend, store_id, first, last, static_cast<int>(grouping)));
  std::vector<v1::AdSpendSum> sums;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    v1::AdSpendSum& sum = sums.emplace_back();
    sum.set_platform(row.Get<std::string>(0));
    sum.set_campaign_id(row.Get<std::string>(1));
    sum.set_campaign(row.Get<std::string>(2));
    if (!row.IsNull(3)) sum.set_day(FormatDate(row.Get<Date>(3)));
    ESNAF_ASSIGN_OR_RETURN(const Currency currency, CurrencyAt(row, 4));
    *sum.mutable_cost() = api::ToProto(Money{row.Get<std::int64_t>(5), currency});
    sum.set_impressions(row.Get<std::int64_t>(6));
    sum.set_clicks(row.Get<std::int64_t>(7));
  }
  return sums;
}

absl::StatusOr<std::vector<Money>> TotalSpend(postgres::Tx& tx, const std::string& store_id, Date first, Date last) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTotalSpend, store_id, first, last));
  std::vector<Money> totals;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const Currency currency, CurrencyAt(rows[i], 0));
    totals.push_back({rows[i].Get<std::int64_t>(1), currency});
  }
  return totals;
}

absl::Status UpsertRates(postgres::Tx& tx, const std::vector<CurrencyRate>& rates, Time now) {
  std::map<std::tuple<Currency, Currency, Date>, const CurrencyRate*> last;
  for (const CurrencyRate& rate : rates) last[{rate.from, rate.to, rate.day}] = &rate;
  std::vector<std::string> from, to, sources;
  std::vector<Date> days;
  std::vector<std::int64_t> nanos;
  for (const auto& [key, rate] : last) {
    from.push_back(rate->from.code());
    to.push_back(rate->to.code());
    days.push_back(rate->day);
    nanos.push_back(rate->nanos);
    sources.push_back(rate->source);
  }
  return tx.Execute(kUpsertRates, from, to, days, nanos, sources, now).status();
}

absl::StatusOr<RateTable> LoadRates(postgres::Tx& tx, Currency to, Date first, Date last) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLoadRates, to.code(), first, last, kRateDays));
  RateTable table;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const Currency from, CurrencyAt(rows[i], 0));
    table.Add({from, to, rows[i].Get<Date>(1), rows[i].Get<std::int64_t>(2), {}});
  }
  return table;
}

}  // namespace esnaf::attribution
