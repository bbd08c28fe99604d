#pragma once

// What the headings of reports mean, in English, Turkish and German.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/money.h"
#include "services/attribution/spend/spend_number.h"

namespace esnaf::attribution {

// What a column holds.
enum class SpendColumn {
  kDay,
  kDayEnd,
  kAccountId,
  kCampaignId,
  kCampaign,
  kAdGroupId,
  kAdGroup,
  kAdId,
  kAd,
  kKeyword,
  kSearchQuery,
  kCurrency,
  kCost,
  kImpressions,
  kClicks,
  kAllClicks,  // clicks of every kind, used where no column tells those on links
  kConversions,
  kConversionValue,
};
// As a mapping names it: `day`, `campaign_id`, …
std::string_view NameOf(SpendColumn column);
std::optional<SpendColumn> SpendColumnOf(std::string_view name);

enum class ReportLanguage { kUnknown, kEnglish, kTurkish, kGerman };

// The columns of a report.
struct SpendHeading {
  std::map<SpendColumn, std::size_t> columns;
  std::size_t cell_count = 0;
  std::optional<Currency> cost_currency;  // of `Amount spent (USD)`
  ReportLanguage language = ReportLanguage::kUnknown;
  bool from_meta = false;
  bool Has(SpendColumn column) const { return columns.contains(column); }
  bool complete() const { return Has(SpendColumn::kDay) && Has(SpendColumn::kCost); }
};

// What these cells would mean as a heading; not complete() where they are none.
SpendHeading ReadHeading(const std::vector<std::string>& cells);
// The same by a mapping of what a column holds to its heading. INVALID_ARGUMENT naming a heading that is not there.
absl::StatusOr<SpendHeading> ReadMappedHeading(const std::vector<std::string>& cells,
                                               const std::map<SpendColumn, std::string>& mapping);

// Whether a row whose first cell reads so sums up others: `Total: Account`, `Toplam`, `Gesamt`.
bool NamesTotal(std::string_view cell);

// The mark that the language of a heading writes decimals with.
std::optional<DecimalMark> DecimalMarkOf(ReportLanguage language);

}  // namespace esnaf::attribution
