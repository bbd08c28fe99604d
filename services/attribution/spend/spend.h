#pragma once

// What advertising cost on a day, as platforms report it. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"

namespace esnaf::attribution {

// The numbers are those of esnaf.attribution.v1.SpendFormat.
enum class SpendFormat {
  kDetect = 0,
  kGoogleAdsTable = 1,  // an export of Google Ads' pages, as CSV or tab-separated
  kGoogleAdsJson = 2,   // answers of the Google Ads API's searchStream
  kMetaTable = 3,       // an export of Meta Ads Manager
  kMetaJson = 4,        // answers of Meta's Insights API
  kGenericTable = 5,    // any table, with a mapping of its columns
};

// Millionths of a currency's unit: the exact form in which every platform's cost fits.
using Micros = std::int64_t;

// One line of a report: what one thing cost on one day. What the report does not tell is empty. Ids are the
// platform's, without dashes in account ids.
struct SpendRow {
  Date day;
  std::string account_id;
  std::string campaign_id;
  std::string campaign;
  std::string ad_group_id;  // Meta: the ad set
  std::string ad_group;
  std::string ad_id;
  std::string ad;
  std::string keyword;
  std::string search_query;
  Currency currency;
  Micros cost = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;  // Meta: clicks on links, where they are told
  // What the platform itself claims, in millionths, since it splits conversions.
  Micros reported_conversions = 0;
  Micros reported_value = 0;

  auto operator<=>(const SpendRow&) const = default;
};

enum class SkipReason {
  kTitle,        // stands above the heading
  kTotal,        // sums up other rows
  kNoDay,        // its day cannot be read
  kSeveralDays,  // covers more than one day, so that a day's cost is unknown
  kBadNumber,    // a number cannot be read, is negative, or does not fit
  kBadCells,     // more or fewer cells than the heading, or an open quote
  kBadText,      // characters that are no text
  kBadCurrency,  // no currency, or none of ISO 4217
  kBadRecord,    // JSON of another shape
};
std::string_view ReasonOf(SkipReason reason);  // `TITLE`, …
// Whether the line should have been a row; titles and totals are left out as they should be.
bool IsMistake(SkipReason reason);

struct SpendSkip {
  std::int64_t line = 0;  // of the file, counted from 1; of JSON the number of the record, counted from 1
  SkipReason reason = SkipReason::kBadRecord;
  std::string detail;  // what was found, for example `Cost is no number: "abc"`
};

// What the rows add up to in one currency.
struct SpendTotals {
  std::int64_t rows = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  Micros cost = 0;
  Micros reported_conversions = 0;
  Micros reported_value = 0;
  bool operator==(const SpendTotals&) const = default;
};

// What was read of a report, and what was not.
struct SpendReading {
  SpendFormat format = SpendFormat::kDetect;
  std::string encoding;  // `UTF-8`, `UTF-16LE`, …
  std::vector<SpendRow> rows;
  std::vector<SpendSkip> skips;
  std::vector<std::string> warnings;  // for example that a total row differs from what was read
};

// The sums by currency code. OUT_OF_RANGE where one does not fit 64 bits.
absl::StatusOr<std::map<std::string, SpendTotals>> SumByCurrency(const std::vector<SpendRow>& rows);

// Joins rows that tell of the same thing on the same day (a report split by device has several), in the order of days
// and names. OUT_OF_RANGE where a sum does not fit 64 bits.
absl::StatusOr<std::vector<SpendRow>> JoinSpendRows(std::vector<SpendRow> rows);

// Micros as minor units of the currency, rounded half away from zero.
Money MoneyOfMicros(Micros micros, Currency currency);

}  // namespace esnaf::attribution
