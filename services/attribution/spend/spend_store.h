#pragma once

// The SQL of spend, its imports and the rates.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/spend.pb.h"
#include "libs/postgres/connection.h"
#include "services/attribution/spend/currency_rate.h"
#include "services/attribution/spend/spend.h"

namespace esnaf::attribution {

// A row with its cost in the store's currency.
struct StoredSpend {
  SpendRow row;
  Money cost;
};

// The days of accounts that an import tells of.
struct SpendDays {
  std::vector<std::string> account_ids;
  std::vector<Date> days;
};
SpendDays DaysOf(const std::vector<SpendRow>& rows);

// How many rows stand for these days.
absl::StatusOr<std::int64_t> CountSpend(postgres::Tx& tx, const std::string& store_id, const std::string& platform,
                                        const SpendDays& days);
// Takes away what stands for the days, keeps it as what was known until now, and answers how many rows that were.
// Imports of one store wait for each other from here to the end of the transaction.
absl::StatusOr<std::int64_t> SupersedeSpend(postgres::Tx& tx, const std::string& store_id, const std::string& platform,
                                            const SpendDays& days, Time now);
absl::Status InsertSpend(postgres::Tx& tx, const v1::AdSpendImport& import, const std::vector<StoredSpend>& rows,
                         Time now);
// Rows of the days that say what was superseded now have been known since then, and were not superseded.
absl::Status KeepKnownSpend(postgres::Tx& tx, const std::string& store_id, const std::string& platform,
                            const SpendDays& days, Time now);
absl::Status InsertSpendImport(postgres::Tx& tx, const v1::AdSpendImport& import, Time now);

// The columns that ReadSpendRow reads.
inline constexpr char kSpendColumns[] =
    "id, store_id, platform, account_id, day, campaign_id, campaign, ad_group_id, ad_group, ad_id, ad, keyword, "
    "search_query, impressions, clicks, cost_units, currency, original_cost_micros, original_currency, "
    "reported_conversions_micros, reported_value_micros";
inline constexpr int kSpendColumnCount = 21;
absl::StatusOr<v1::AdSpend> ReadSpendRow(const postgres::Row& row);

absl::StatusOr<std::vector<v1::AdSpendSum>> SumSpend(postgres::Tx& tx, const std::string& store_id, Date first,
                                                     Date last, v1::SpendGrouping grouping);
absl::StatusOr<std::vector<Money>> TotalSpend(postgres::Tx& tx, const std::string& store_id, Date first, Date last);

// A rate that stands for the same currencies and day is replaced; of two in the list the later counts.
absl::Status UpsertRates(postgres::Tx& tx, const std::vector<CurrencyRate>& rates, Time now);
// The rates to `to` that days from `first` to `last` may need.
absl::StatusOr<RateTable> LoadRates(postgres::Tx& tx, Currency to, Date first, Date last);

}  // namespace esnaf::attribution
