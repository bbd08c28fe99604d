#include "services/attribution/spend/spend_reader.h"

#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/attribution/spend/spend_json.h"
#include "services/attribution/spend/spend_sheet.h"
#include "services/attribution/spend/spend_table.h"

namespace esnaf::attribution {
namespace {

bool IsJson(SpendFormat format, std::string_view text) {
  if (format == SpendFormat::kDetect) return text.starts_with('{') || text.starts_with('[');
  return format == SpendFormat::kGoogleAdsJson || format == SpendFormat::kMetaJson;
}

// The first mistakes, for an error that says why nothing could be read.
absl::Status NothingRead(const SpendReading& reading) {
  constexpr int kMostNamed = 5;
  std::string message = "no row could be read";
  int named = 0;
  for (const SpendSkip& skip : reading.skips) {
    if (!IsMistake(skip.reason) || named++ == kMostNamed) continue;
    message += absl::StrCat("; line ", skip.line, ": ", skip.detail);
    if (named == kMostNamed) break;
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace

absl::StatusOr<SpendReading> ReadSpend(std::string_view bytes, const SpendReadOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(const DecodedText decoded, DecodeText(bytes));
  const std::string_view text = decoded.text;
  if (Trim(text).empty()) return absl::InvalidArgumentError("is empty");
  ESNAF_ASSIGN_OR_RETURN(SpendReading reading, IsJson(options.format, Trim(text)) ? ReadSpendJson(text, options)
                                                                                  : ReadSpendTable(text, options));
  reading.encoding = decoded.encoding;
  if (decoded.guessed) reading.warnings.push_back("the encoding was guessed: " + decoded.encoding);
  const bool any_mistake = std::any_of(reading.skips.begin(), reading.skips.end(),
                                       [](const SpendSkip& skip) { return IsMistake(skip.reason); });
  if (reading.rows.empty() && any_mistake) return NothingRead(reading);
  return reading;
}

}  // namespace esnaf::attribution
