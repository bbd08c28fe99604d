// Any bytes are a spend report or a mistake; what is read of one is whole: texts are text, numbers are not negative,
// and the same bytes are read alike twice. libFuzzer calls this. The first byte says how the caller takes the report.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "libs/base/text.h"
#include "services/attribution/spend/spend_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esnaf;
  using namespace esnaf::attribution;
  if (size == 0) return 0;
  SpendReadOptions options{.format = static_cast<SpendFormat>(data[0] % 6)};
  if (data[0] & 8) options.currency = Currency::Parse("TRY").value();
  if (data[0] & 16) options.decimal_mark = data[0] & 32 ? DecimalMark::kComma : DecimalMark::kPoint;
  if (data[0] & 64) options.date_order = data[0] & 128 ? DateOrder::kDayFirst : DateOrder::kMonthFirst;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto reading = ReadSpend(bytes, options);
  const auto again = ReadSpend(bytes, options);
  if (reading.ok() != again.ok()) std::abort();
  if (!reading.ok()) {
    if (reading.status().message().empty()) std::abort();
    return 0;
  }
  if (reading->rows != again->rows || reading->skips.size() != again->skips.size()) std::abort();
  for (const SpendRow& row : reading->rows) {
    for (const std::string* text : {&row.account_id, &row.campaign_id, &row.campaign, &row.ad_group_id, &row.ad_group,
                                    &row.ad_id, &row.ad, &row.keyword, &row.search_query}) {
      if (!IsCleanUtf8(*text)) std::abort();
    }
    if (row.cost < 0 || row.impressions < 0 || row.clicks < 0 || !row.day.ok()) std::abort();
  }
  for (const SpendSkip& skip : reading->skips) {
    if (skip.line < 1) std::abort();
  }
  return 0;
}
