#include "services/attribution/spend/spend_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

constexpr int kMicrosDigits = 6;
constexpr std::int64_t kMillion = 1'000'000;
// Longer cells are no numbers.
constexpr std::size_t kMaxNumberBytes = 64;

absl::Status NoNumber() { return absl::InvalidArgumentError("is no number"); }
absl::Status NoDay() { return absl::InvalidArgumentError("is no day"); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Drops each of `pieces` wherever it stands.
void Drop(std::string& text, std::span<const std::string_view> pieces) {
  for (const std::string_view piece : pieces) {
    for (std::size_t at; (at = text.find(piece)) != std::string::npos;) text.erase(at, piece.size());
  }
}

// The digits, marks and sign of a number, without spaces, signs of currencies and percent.
std::string Bare(std::string_view cell) {
  static constexpr std::array<std::string_view, 13> kPassedOver = {
      " ", "\t", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", "'", "\xE2\x80\x99", "%", "₺", "$", "€", "£", "TL"};
  std::string text(cell.substr(0, kMaxNumberBytes + 1));
  Drop(text, kPassedOver);
  // The sign that typographers use.
  if (text.starts_with("\xE2\x88\x92")) text.replace(0, 3, "-");
  const auto is_code = [](std::string_view code) {
    return std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  };
  if (text.size() > 3 && is_code(std::string_view(text).substr(0, 3))) text.erase(0, 3);
  if (text.size() > 3 && is_code(std::string_view(text).substr(text.size() - 3))) text.resize(text.size() - 3);
  return text;
}

// Digits grouped in threes by `separator`; without any they stand alone.
bool DropGrouping(std::string& whole, char separator) {
  const std::size_t first = whole.find(separator);
  if (first == std::string::npos) return true;
  if (first == 0 || first > 3) return false;
  for (std::size_t at = first; at < whole.size(); at += 4) {
    if (whole[at] != separator || at + 4 > whole.size()) return false;
  }
  std::erase(whole, separator);
  return true;
}

absl::StatusOr<std::int64_t> MicrosOf(bool negative, std::string_view whole, std::string_view fraction) {
  const auto digits = [](std::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); };
  if (whole.empty() || !digits(whole) || !digits(fraction)) return NoNumber();
  while (fraction.size() > kMicrosDigits && fraction.back() == '0') fraction.remove_suffix(1);
  if (fraction.size() > kMicrosDigits) return absl::OutOfRangeError("has more than 6 digits behind the point");
  std::string all(whole);
  all += fraction;
  all.append(kMicrosDigits - fraction.size(), '0');
  std::int64_t micros = 0;
  if (negative) all.insert(0, 1, '-');
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), micros);
  if (error != std::errc() || end != all.data() + all.size()) return absl::OutOfRangeError("is too large");
  return micros;
}

bool IsAll(std::string_view text, char c) { return text.find_first_not_of(c) == std::string_view::npos; }

std::optional<int> Number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 4 || !IsDigit(text[0]) || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

absl::StatusOr<Date> DateOf(std::optional<int> year, std::optional<int> month, std::optional<int> day) {
  if (!year || !month || !day || *year < 2000 || *year > 2100) return NoDay();
  // Months and days are kept in one byte, so that 257 would be 1.
  if (*month > 12 || *day > 31) return NoDay();
  const Date date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                  std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return NoDay();
  return date;
}

std::vector<std::string_view> Pieces(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) pieces.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pieces;
}

// The month that a word begins to name in English, Turkish or German, folded.
std::optional<int> MonthOf(std::string_view word) {
  static constexpr std::array<std::array<std::string_view, 3>, 12> kMonths = {{{"jan", "oca", "jan"},
                                                                               {"feb", "sub", "feb"},
                                                                               {"mar", "mar", "mar"},
                                                                               {"apr", "nis", "apr"},
                                                                               {"may", "may", "mai"},
                                                                               {"jun", "haz", "jun"},
                                                                               {"jul", "tem", "jul"},
                                                                               {"aug", "agu", "aug"},
                                                                               {"sep", "eyl", "sep"},
                                                                               {"oct", "eki", "okt"},
                                                                               {"nov", "kas", "nov"},
                                                                               {"dec", "ara", "dez"}}};
  if (word.size() < 3) return std::nullopt;
  for (std::size_t month = 0; month < kMonths.size(); ++month) {
    for (const std::string_view name : kMonths[month]) {
      if (word.starts_with(name)) return static_cast<int>(month) + 1;
    }
  }
  return std::nullopt;
}

// `Jan 31, 2026`, `31 Ocak 2026`, `31. Januar 2026`.
absl::StatusOr<Date> ParseNamedMonth(std::string_view cell) {
  const std::string folded = FoldName(cell);
  const std::vector<std::string_view> pieces = Pieces(folded, " .,");
  if (pieces.size() != 3) return NoDay();
  if (const auto month = MonthOf(pieces[0])) return DateOf(Number(pieces[2]), month, Number(pieces[1]));
  if (const auto month = MonthOf(pieces[1])) return DateOf(Number(pieces[2]), month, Number(pieces[0]));
  return NoDay();
}

// The three numbers of a day with slashes, the year last.
std::optional<std::array<int, 2>> SlashedDay(std::string_view cell) {
  const std::vector<std::string_view> pieces = Pieces(Trim(cell), "/");
  if (pieces.size() != 3 || pieces[2].size() != 4) return std::nullopt;
  const std::optional<int> first = Number(pieces[0]), second = Number(pieces[1]);
  if (!first || !second) return std::nullopt;
  return std::array<int, 2>{*first, *second};
}

}  // namespace

void DecimalMarkEvidence::Add(std::string_view number) {
  if (number.size() > kMaxNumberBytes) return;
  const std::string text = Bare(number);
  const std::size_t last_point = text.rfind('.'), last_comma = text.rfind(',');
  if (last_point == std::string::npos && last_comma == std::string::npos) return;
  if (last_point != std::string::npos && last_comma != std::string::npos) {
    (last_point > last_comma ? points_ : commas_) = true;
    return;
  }
  const bool is_point = last_comma == std::string::npos;
  const char mark = is_point ? '.' : ',';
  const std::size_t first = text.find(mark), last = is_point ? last_point : last_comma;
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  if (first != last) {
    // It stands twice, so it groups.
    (is_point ? commas_ : points_) = true;
    return;
  }
  // A group has three digits behind it, one to three before it, and the first is no zero.
  const bool may_group = text.size() - last - 1 == 3 && first > begin && first - begin <= 3 && text[begin] != '0';
  if (!may_group) (is_point ? points_ : commas_) = true;
}

std::optional<DecimalMark> DecimalMarkEvidence::mark() const {
  if (points_ == commas_) return std::nullopt;
  return points_ ? DecimalMark::kPoint : DecimalMark::kComma;
}

bool IsNoNumber(std::string_view cell) {
  cell = Trim(cell);
  return IsAll(cell, '-') || cell == "\xE2\x80\x93" || cell == "\xE2\x80\x94" || cell == "n/a" || cell == "N/A";
}

absl::StatusOr<std::int64_t> ParseMicros(std::string_view cell, DecimalMark mark) {
  if (cell.size() > kMaxNumberBytes) return NoNumber();
  std::string text = Bare(cell);
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  const char decimal = mark == DecimalMark::kPoint ? '.' : ',';
  const std::size_t at = text.find(decimal);
  std::string whole = text.substr(0, at);
  if (!DropGrouping(whole, mark == DecimalMark::kPoint ? ',' : '.')) return NoNumber();
  if (at == std::string::npos) return MicrosOf(negative, whole, {});
  if (at + 1 == text.size()) return NoNumber();
  return MicrosOf(negative, whole, std::string_view(text).substr(at + 1));
}

absl::StatusOr<std::int64_t> ParseCount(std::string_view cell, DecimalMark mark) {
  // A count has no digits behind its mark, so that one mark with three digits groups, whichever it is.
  absl::StatusOr<std::int64_t> micros = ParseMicros(cell, mark);
  if (!micros.ok() || *micros % kMillion != 0) {
    const DecimalMark other = mark == DecimalMark::kPoint ? DecimalMark::kComma : DecimalMark::kPoint;
    micros = ParseMicros(cell, other);
  }
  ESNAF_RETURN_IF_ERROR(micros.status());
  if (*micros < 0) return absl::InvalidArgumentError("is negative");
  if (*micros % kMillion != 0) return absl::InvalidArgumentError("is no whole number");
  return *micros / kMillion;
}

absl::StatusOr<std::int64_t> ParsePlainMicros(std::string_view text) {
  if (text.size() > kMaxNumberBytes) return NoNumber();
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return MicrosOf(negative, text, {});
  if (point + 1 == text.size()) return NoNumber();
  return MicrosOf(negative, text.substr(0, point), text.substr(point + 1));
}

void DateOrderEvidence::Add(std::string_view cell) {
  const auto day = SlashedDay(cell);
  if (!day) return;
  if ((*day)[0] > 12) day_first_ = true;
  if ((*day)[1] > 12) month_first_ = true;
  if ((*day)[0] <= 12 && (*day)[1] <= 12 && (*day)[0] != (*day)[1]) ambiguous_ = true;
}

std::optional<DateOrder> DateOrderEvidence::order() const {
  if (day_first_ == month_first_) return std::nullopt;
  return day_first_ ? DateOrder::kDayFirst : DateOrder::kMonthFirst;
}

absl::StatusOr<Date> ParseReportDay(std::string_view cell, std::optional<DateOrder> order) {
  cell = Trim(cell);
  if (cell.size() > kMaxNumberBytes) return NoDay();
  if (cell.size() == 8 && std::all_of(cell.begin(), cell.end(), IsDigit)) {
    return DateOf(Number(cell.substr(0, 4)), Number(cell.substr(4, 2)), Number(cell.substr(6, 2)));
  }
  if (const auto slashed = SlashedDay(cell)) {
    const auto [first, second] = *slashed;
    const std::optional<int> year = Number(cell.substr(cell.size() - 4));
    if (!order && first != second && first <= 12 && second <= 12) {
      return absl::InvalidArgumentError("can be read as day/month and as month/day: set date_order");
    }
    const bool day_first = order ? *order == DateOrder::kDayFirst : first > 12;
    return day_first ? DateOf(year, second, first) : DateOf(year, first, second);
  }
  const std::vector<std::string_view> pieces = Pieces(cell, "-./");
  if (pieces.size() == 3 && pieces[0].size() == 4)
    return DateOf(Number(pieces[0]), Number(pieces[1]), Number(pieces[2]));
  if (pieces.size() == 3 && pieces[2].size() == 4 && cell.find('.') != std::string_view::npos) {
    if (const auto date = DateOf(Number(pieces[2]), Number(pieces[1]), Number(pieces[0])); date.ok()) return date;
  }
  return ParseNamedMonth(cell);
}

}  // namespace esnaf::attribution
