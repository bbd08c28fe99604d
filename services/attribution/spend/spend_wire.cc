#include "services/attribution/spend/spend_wire.h"

#include <zlib.h>

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

constexpr std::size_t kMaxUnpackedBytes = std::size_t{64} << 20;
constexpr std::size_t kMostLinesTold = 1000;
constexpr int kMostViolations = 100;
constexpr int kMostRates = 1000;
constexpr std::size_t kMaxNameBytes = 200;

absl::StatusOr<std::string> Unpack(const std::string& packed) {
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return absl::InternalError("zlib is not usable");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string unpacked;
  std::string chunk(std::size_t{1} << 16, '\0');
  int result = Z_OK;
  while (result == Z_OK && unpacked.size() <= kMaxUnpackedBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    result = inflate(&stream, Z_NO_FLUSH);
    unpacked.append(chunk, 0, chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (unpacked.size() > kMaxUnpackedBytes) return InvalidField("content", "is larger than 64 MiB");
  if (result != Z_STREAM_END) return InvalidField("content", "is a damaged gzip file");
  return unpacked;
}

bool IsPlatform(std::string_view name) {
  if (name.empty() || name.size() > 40) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

absl::StatusOr<CurrencyRate> ReadRate(const v1::CurrencyRate& wire, const std::string& at) {
  CurrencyRate rate{.source = wire.source()};
  FieldViolations violations;
  const auto take = [&](auto value, const char* field, auto& target) {
    if (value.ok()) {
      target = *value;
    } else {
      violations.Add(at + field, std::string(value.status().message()));
    }
  };
  take(Currency::Parse(wire.from_currency_code()), "from_currency_code", rate.from);
  take(Currency::Parse(wire.to_currency_code()), "to_currency_code", rate.to);
  take(ParseDate(wire.day()), "day", rate.day);
  take(ParseRate(wire.rate()), "rate", rate.nanos);
  if (wire.source().empty() || wire.source().size() > kMaxNameBytes || !IsCleanUtf8(wire.source())) {
    violations.Add(at + "source", "must be 1 to 200 bytes");
  }
  if (rate.from == rate.to && !rate.from.empty()) violations.Add(at + "to_currency_code", "is the same currency");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return rate;
}

}  // namespace

absl::StatusOr<SpendReadOptions> ReadOptions(const v1::ImportAdSpendRequest& request) {
  SpendReadOptions options{.account_id = request.account_id()};
  if (!v1::SpendFormat_IsValid(request.format())) return InvalidField("format", "names no format");
  options.format = static_cast<SpendFormat>(request.format());
  std::erase(options.account_id, '-');
  if (!IsCleanUtf8(options.account_id) || options.account_id.size() > kMaxNameBytes) {
    return InvalidField("account_id", "must be at most 200 bytes of text");
  }
  if (!request.currency_code().empty()) {
    const absl::StatusOr<Currency> currency = Currency::Parse(request.currency_code());
    if (!currency.ok()) return InvalidField("currency_code", std::string(currency.status().message()));
    options.currency = *currency;
  }
  if (!v1::SpendDecimalMark_IsValid(request.decimal_mark())) return InvalidField("decimal_mark", "names no mark");
  if (request.decimal_mark() == v1::SPEND_DECIMAL_MARK_POINT) options.decimal_mark = DecimalMark::kPoint;
  if (request.decimal_mark() == v1::SPEND_DECIMAL_MARK_COMMA) options.decimal_mark = DecimalMark::kComma;
  if (!v1::SpendDateOrder_IsValid(request.date_order())) return InvalidField("date_order", "names no order");
  if (request.date_order() == v1::SPEND_DATE_ORDER_DAY_FIRST) options.date_order = DateOrder::kDayFirst;
  if (request.date_order() == v1::SPEND_DATE_ORDER_MONTH_FIRST) options.date_order = DateOrder::kMonthFirst;
  for (const auto& [name, heading] : request.columns()) {
    const std::optional<SpendColumn> column = SpendColumnOf(name);
    if (!column) return InvalidField("columns", "holds what no column does: " + name);
    options.mapping.emplace(*column, heading);
  }
  return options;
}

absl::StatusOr<std::string> ReadContent(const v1::ImportAdSpendRequest& request) {
  if (!request.text().empty() && !request.content().empty()) return InvalidField("text", "comes beside content");
  const std::string& content = request.text().empty() ? request.content() : request.text();
  if (content.empty()) return InvalidField("content", "is required");
  if (content.starts_with("\x1F\x8B")) return Unpack(content);
  return content;
}

absl::StatusOr<std::string> ReadPlatform(const v1::ImportAdSpendRequest& request, SpendFormat format) {
  if (!request.platform().empty()) {
    if (!IsPlatform(request.platform())) return InvalidField("platform", "must be 1 to 40 of a-z, 0-9 and _");
    return request.platform();
  }
  switch (format) {
    case SpendFormat::kGoogleAdsTable:
    case SpendFormat::kGoogleAdsJson:
      // A table with a mapping says nothing of where it is from.
      if (request.columns().empty()) return "google";
      break;
    case SpendFormat::kMetaTable:
    case SpendFormat::kMetaJson:
      return "meta";
    case SpendFormat::kGenericTable:
    case SpendFormat::kDetect:
      break;
  }
  return InvalidField("platform", "is required where the format names none");
}

absl::Status BadLines(const SpendReading& reading) {
  FieldViolations violations;
  int count = 0;
  for (const SpendSkip& skip : reading.skips) {
    if (!IsMistake(skip.reason) || count++ >= kMostViolations) continue;
    violations.Add(absl::StrCat("content.line[", skip.line, "]"),
                   absl::StrCat(std::string(ReasonOf(skip.reason)), ": ", skip.detail));
  }
  return violations.ToStatus();
}

absl::StatusOr<v1::AdSpendImport> ToWire(const SpendReading& reading) {
  v1::AdSpendImport import;
  import.set_format(static_cast<v1::SpendFormat>(reading.format));
  import.set_encoding(reading.encoding);
  ESNAF_ASSIGN_OR_RETURN(const auto sums, SumByCurrency(reading.rows));
  for (const auto& [code, sum] : sums) {
    v1::SpendTotal& total = *import.add_totals();
    ESNAF_ASSIGN_OR_RETURN(const Currency currency, Currency::Parse(code));
    *total.mutable_cost() = api::ToProto(MoneyOfMicros(sum.cost, currency));
    total.set_row_count(sum.rows);
    total.set_impressions(sum.impressions);
    total.set_clicks(sum.clicks);
    total.set_cost_micros(sum.cost);
  }
  import.set_skipped_count(static_cast<std::int64_t>(reading.skips.size()));
  for (std::size_t i = 0; i < std::min(reading.skips.size(), kMostLinesTold); ++i) {
    v1::SkippedSpendLine& line = *import.add_skipped_lines();
    line.set_line(reading.skips[i].line);
    line.set_reason(std::string(ReasonOf(reading.skips[i].reason)));
    line.set_detail(reading.skips[i].detail);
  }
  for (const std::string& warning : reading.warnings) import.add_warnings(warning);
  return import;
}

absl::StatusOr<std::vector<CurrencyRate>> ReadRates(const v1::BatchUpsertCurrencyRatesRequest& request) {
  if (request.rates().empty() || request.rates_size() > kMostRates) return InvalidField("rates", "must be 1 to 1000");
  std::vector<CurrencyRate> rates;
  for (int i = 0; i < request.rates_size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(rates.emplace_back(), ReadRate(request.rates(i), absl::StrCat("rates[", i, "].")));
  }
  return rates;
}

absl::StatusOr<DayRange> ReadDays(const std::string& first, const std::string& last) {
  using namespace std::chrono_literals;
  DayRange range{.first = 2000y / 1 / 1d, .last = 2100y / 12 / 31d};
  if (!first.empty()) {
    const absl::StatusOr<Date> day = ParseDate(first);
    if (!day.ok()) return InvalidField("first_day", std::string(day.status().message()));
    range.first = *day;
  }
  if (!last.empty()) {
    const absl::StatusOr<Date> day = ParseDate(last);
    if (!day.ok()) return InvalidField("last_day", std::string(day.status().message()));
    range.last = *day;
  }
  if (range.first > range.last) return InvalidField("last_day", "is before the first");
  return range;
}

}  // namespace esnaf::attribution
