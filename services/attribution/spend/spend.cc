#include "services/attribution/spend/spend.h"

#include <tuple>

#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

constexpr int kMicrosDigits = 6;

absl::Status AddTo(std::int64_t& sum, std::int64_t value) {
  ESNAF_ASSIGN_OR_RETURN(sum, CheckedAdd(sum, value));
  return absl::OkStatus();
}

// What tells one row from another.
auto KeyOf(const SpendRow& row) {
  return std::tie(row.day, row.account_id, row.campaign_id, row.campaign, row.ad_group_id, row.ad_group, row.ad_id,
                  row.ad, row.keyword, row.search_query, row.currency);
}

template <typename Sums>
absl::Status Add(Sums& sums, const SpendRow& row) {
  ESNAF_RETURN_IF_ERROR(AddTo(sums.impressions, row.impressions));
  ESNAF_RETURN_IF_ERROR(AddTo(sums.clicks, row.clicks));
  ESNAF_RETURN_IF_ERROR(AddTo(sums.cost, row.cost));
  ESNAF_RETURN_IF_ERROR(AddTo(sums.reported_conversions, row.reported_conversions));
  return AddTo(sums.reported_value, row.reported_value);
}

}  // namespace

std::string_view ReasonOf(SkipReason reason) {
  switch (reason) {
    case SkipReason::kTitle:
      return "TITLE";
    case SkipReason::kTotal:
      return "TOTAL";
    case SkipReason::kNoDay:
      return "NO_DAY";
    case SkipReason::kSeveralDays:
      return "SEVERAL_DAYS";
    case SkipReason::kBadNumber:
      return "BAD_NUMBER";
    case SkipReason::kBadCells:
      return "BAD_CELLS";
    case SkipReason::kBadText:
      return "BAD_TEXT";
    case SkipReason::kBadCurrency:
      return "BAD_CURRENCY";
    case SkipReason::kBadRecord:
      break;
  }
  return "BAD_RECORD";
}

bool IsMistake(SkipReason reason) { return reason != SkipReason::kTitle && reason != SkipReason::kTotal; }

absl::StatusOr<std::map<std::string, SpendTotals>> SumByCurrency(const std::vector<SpendRow>& rows) {
  std::map<std::string, SpendTotals> sums;
  for (const SpendRow& row : rows) {
    SpendTotals& total = sums[row.currency.code()];
    ++total.rows;
    ESNAF_RETURN_IF_ERROR(Add(total, row));
  }
  return sums;
}

absl::StatusOr<std::vector<SpendRow>> JoinSpendRows(std::vector<SpendRow> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const SpendRow& a, const SpendRow& b) { return KeyOf(a) < KeyOf(b); });
  std::vector<SpendRow> joined;
  joined.reserve(rows.size());
  for (SpendRow& row : rows) {
    if (!joined.empty() && KeyOf(joined.back()) == KeyOf(row)) {
      ESNAF_RETURN_IF_ERROR(Add(joined.back(), row));
    } else {
      joined.push_back(std::move(row));
    }
  }
  return joined;
}

Money MoneyOfMicros(Micros micros, Currency currency) {
  std::int64_t divisor = 1;
  for (int digit = currency.exponent(); digit < kMicrosDigits; ++digit) divisor *= 10;
  const std::int64_t remainder = micros % divisor;
  std::int64_t minor = micros / divisor;
  // The divisor is at most a million, so that doubling the remainder cannot overflow.
  if (2 * (remainder < 0 ? -remainder : remainder) >= divisor && remainder != 0) minor += micros < 0 ? -1 : 1;
  return Money{minor, currency};
}

}  // namespace esnaf::attribution
