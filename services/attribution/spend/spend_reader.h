#pragma once

// Reads what advertising cost from what platforms hand out.
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/attribution/spend/spend.h"
#include "services/attribution/spend/spend_headings.h"

namespace esnaf::attribution {

struct SpendReadOptions {
  SpendFormat format = SpendFormat::kDetect;
  // For rows that do not tell their own.
  std::optional<Currency> currency;
  std::string account_id;
  // Where the report itself leaves it open.
  std::optional<DecimalMark> decimal_mark;
  std::optional<DateOrder> date_order;
  // Which heading holds what; for kGenericTable, whose usual headings are known without it.
  std::map<SpendColumn, std::string> mapping;
};

// Reads a report. What could not be read is told line by line in `skips`. INVALID_ARGUMENT where it is no report at
// all, or not a single row of it could be read although there are some.
absl::StatusOr<SpendReading> ReadSpend(std::string_view bytes, const SpendReadOptions& options);

}  // namespace esnaf::attribution
