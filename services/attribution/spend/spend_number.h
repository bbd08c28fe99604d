#pragma once

// Numbers and days as reports write them, in any of the usual languages. Exact: nothing passes through a float.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace esnaf::attribution {

enum class DecimalMark { kPoint, kComma };

// What the numbers of a report say of their decimal mark: `1.234,56` and `0,5` say comma, `1,234.56` and `12.5` point,
// `1,234` alone says nothing.
class DecimalMarkEvidence {
 public:
  void Add(std::string_view number);
  // The mark, where the numbers say one and only one.
  std::optional<DecimalMark> mark() const;
  bool contradicts() const { return points_ && commas_; }

 private:
  bool points_ = false;
  bool commas_ = false;
};

// Whether a cell stands for nothing: empty, `--`, `-`, `–`, `n/a`.
bool IsNoNumber(std::string_view cell);

// A number as millionths. Thousands may be grouped by the other mark, spaces or apostrophes, in threes; currency signs,
// `TL`, a currency code and a percent sign around it are passed over. INVALID_ARGUMENT where it is no such number,
// OUT_OF_RANGE where it does not fit or has more than six digits behind the mark.
absl::StatusOr<std::int64_t> ParseMicros(std::string_view cell, DecimalMark mark);
// A count: a whole number of at least 0, also written `1,234` or `1.234`.
absl::StatusOr<std::int64_t> ParseCount(std::string_view cell, DecimalMark mark);
// Plain decimal text with a point and no grouping, as JSON has it, as millionths.
absl::StatusOr<std::int64_t> ParsePlainMicros(std::string_view text);

enum class DateOrder { kDayFirst, kMonthFirst };

// What days written with slashes say of their order: `31/1/2026` says day first, `1/31/2026` month first.
class DateOrderEvidence {
 public:
  void Add(std::string_view cell);
  std::optional<DateOrder> order() const;
  // Whether a day was seen that can be read both ways.
  bool ambiguous() const { return ambiguous_; }

 private:
  bool day_first_ = false;
  bool month_first_ = false;
  bool ambiguous_ = false;
};

// Reads `2026-01-31`, `20260131`, `2026/01/31`, `31.01.2026`, `31/1/2026` or `1/31/2026` by the order, `Jan 31, 2026`,
// `31 Ocak 2026`, `31. Januar 2026`. INVALID_ARGUMENT otherwise.
absl::StatusOr<Date> ParseReportDay(std::string_view cell, std::optional<DateOrder> order);

}  // namespace esnaf::attribution
