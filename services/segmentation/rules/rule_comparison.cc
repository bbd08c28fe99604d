#include "services/segmentation/rules/rule_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libs/base/check.h"
#include "libs/base/text.h"
#include "services/segmentation/rules/rule_pattern.h"
#include "services/segmentation/rules/rule_time.h"

namespace esnaf::segmentation {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();

std::int64_t MicrosOf(Time time) { return time.time_since_epoch().count(); }
std::int64_t DaysOf(Date day) { return std::chrono::sys_days(day).time_since_epoch().count(); }

bool IsRange(Operator op) {
  return op == Operator::kInLast || op == Operator::kInNext || op == Operator::kMoreThanAgo ||
         op == Operator::kBetweenAgo;
}

bool IsAnniversaryOperator(Operator op) {
  return op == Operator::kAnniversaryInNext || op == Operator::kAnniversaryInLast ||
         op == Operator::kAnniversaryThisMonth || op == Operator::kInMonth;
}

double NumberOf(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

std::size_t PlaceInYear(unsigned month, unsigned day) { return month * 32 + day; }

}  // namespace

ScalarComparison::ScalarComparison(AttributeType type, Operator op, const std::vector<Value>& values,
                                   const RuleReference& reference)
    : op_(op), zone_(reference.zone) {
  if (IsAnniversaryOperator(op)) {
    PrepareAnniversaries(values, reference);
  } else if (type == AttributeType::kDate || type == AttributeType::kTime) {
    PrepareMoments(type, values, reference);
  } else {
    PrepareNumbers(values);
  }
}

void ScalarComparison::PrepareNumbers(const std::vector<Value>& values) {
  for (const Value& value : values) {
    if (const auto* money = std::get_if<Money>(&value)) {
      currency_code_ = money->currency.code();
      intervals_.push_back({money->minor, money->minor});
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      intervals_.push_back({*truth, *truth});
    } else {
      numbers_.push_back(NumberOf(value));
    }
  }
}

void ScalarComparison::PrepareMoments(AttributeType type, const std::vector<Value>& values,
                                      const RuleReference& reference) {
  if (!IsRange(op_)) {
    for (const Value& value : values) intervals_.push_back(IntervalOf(type, value, reference));
    return;
  }
  if (type == AttributeType::kTime) {
    const TimeRange range = RangeOf(op_, values, reference.as_of, reference.zone);
    range_ = {range.after == Time::min() ? kFirst : MicrosOf(range.after), MicrosOf(range.until)};
  } else {
    const DayRange range = RangeOf(op_, values, reference.zone.LocalDate(reference.as_of));
    range_ = {DaysOf(range.after), DaysOf(range.until)};
  }
}

void ScalarComparison::PrepareAnniversaries(const std::vector<Value>& values, const RuleReference& reference) {
  const Date today = reference.zone.LocalDate(reference.as_of);
  days_of_year_.resize(PlaceInYear(12, 31) + 1);
  // Only month and day matter, so the days of one leap year are all there are.
  const std::chrono::year leap(2000);
  for (std::chrono::sys_days day = leap / 1 / 1; Date(day).year() == leap; day += std::chrono::days(1)) {
    const Date date(day);
    days_of_year_[PlaceInYear(static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()))] =
        AnniversaryHolds(op_, values, date, today);
  }
}

ScalarComparison::Interval ScalarComparison::IntervalOf(AttributeType type, const Value& value,
                                                        const RuleReference& reference) const {
  const auto* period = std::get_if<Period>(&value);
  if (type == AttributeType::kDate) {
    const Date day = period ? Shift(reference.zone.LocalDate(reference.as_of), *period, 1) : std::get<Date>(value);
    return {DaysOf(day), DaysOf(day)};
  }
  if (const auto* day = std::get_if<Date>(&value)) {
    const Date next(std::chrono::sys_days(*day) + std::chrono::days(1));
    return {MicrosOf(reference.zone.StartOfDay(*day)), MicrosOf(reference.zone.StartOfDay(next)) - 1};
  }
  const std::int64_t micros =
      MicrosOf(period ? Shift(reference.as_of, *period, 1, reference.zone) : std::get<Time>(value));
  return {micros, micros};
}

template <typename Compare>
bool ScalarComparison::HoldsByOrder(const Compare& compare) const {
  const std::size_t count = std::max(numbers_.size(), intervals_.size());
  switch (op_) {
    case Operator::kEquals:
      return compare(0) == 0;
    case Operator::kNotEquals:
      return compare(0) != 0;
    case Operator::kLess:
      return compare(0) < 0;
    case Operator::kLessOrEquals:
      return compare(0) <= 0;
    case Operator::kGreater:
      return compare(0) > 0;
    case Operator::kGreaterOrEquals:
      return compare(0) >= 0;
    case Operator::kBetween:
      return compare(0) >= 0 && compare(1) <= 0;
    case Operator::kIn:
    case Operator::kNotIn:
      for (std::size_t i = 0; i < count; ++i) {
        if (compare(i) == 0) return op_ == Operator::kIn;
      }
      return op_ == Operator::kNotIn;
    case Operator::kIsSet:
      return true;
    default:
      return false;
  }
}

bool ScalarComparison::HoldsOfNumber(double number) const {
  return HoldsByOrder([&](std::size_t i) { return number < numbers_[i] ? -1 : number > numbers_[i] ? 1 : 0; });
}

bool ScalarComparison::HoldsOfInteger(std::int64_t integer) const {
  if (!numbers_.empty()) return HoldsOfNumber(static_cast<double>(integer));
  if (range_) return range_->low < integer && integer <= range_->high;
  if (!days_of_year_.empty()) return IsAnniversary(Date(std::chrono::sys_days(std::chrono::days(integer))));
  return HoldsByOrder([&](std::size_t i) {
    return integer < intervals_[i].low ? -1 : integer > intervals_[i].high ? 1 : 0;
  });
}

bool ScalarComparison::HoldsOfMoment(std::int64_t micros) const {
  if (!days_of_year_.empty()) return IsAnniversary(zone_.LocalDate(Time(Duration(micros))));
  return HoldsOfInteger(micros);
}

bool ScalarComparison::HoldsOfRatio(__int128 sum, std::int64_t count) const {
  if (!numbers_.empty()) return HoldsOfNumber(static_cast<double>(sum) / static_cast<double>(count));
  return HoldsByOrder([&](std::size_t i) {
    const __int128 other = static_cast<__int128>(intervals_[i].low) * count;
    return sum < other ? -1 : sum > other ? 1 : 0;
  });
}

std::optional<ScalarComparison::Interval> ScalarComparison::AcceptedIntegers() const {
  // Beyond these, steps of one are lost in a double, or in adding one.
  constexpr std::int64_t kEnd = std::int64_t{1} << 53;
  if (!days_of_year_.empty()) return std::nullopt;
  if (range_) {
    if (range_->low == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return Interval{range_->low == kFirst ? kFirst + 1 : range_->low + 1, range_->high};
  }
  std::vector<Interval> values = intervals_;
  for (const double number : numbers_) {
    if (!(std::abs(number) < static_cast<double>(kEnd))) return std::nullopt;
    // What lies between two whole numbers is none: the first not below it, the last not above it.
    values.push_back({static_cast<std::int64_t>(std::ceil(number)), static_cast<std::int64_t>(std::floor(number))});
  }
  if (values.empty()) return std::nullopt;
  const auto [low, high] = values[0];
  if (low <= kFirst + 1 || high >= std::numeric_limits<std::int64_t>::max() - 1) return std::nullopt;
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  switch (op_) {
    case Operator::kEquals:
      return Interval{low, high};
    case Operator::kLess:
      return Interval{kFirst, low - 1};
    case Operator::kLessOrEquals:
      return Interval{kFirst, high};
    case Operator::kGreater:
      return Interval{high + 1, kLast};
    case Operator::kGreaterOrEquals:
      return Interval{low, kLast};
    case Operator::kBetween:
      return Interval{low, values[1].high};
    default:
      return std::nullopt;
  }
}

bool ScalarComparison::IsAnniversary(Date day) const {
  return days_of_year_[PlaceInYear(static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()))];
}

TextComparison::TextComparison(Operator op, const std::vector<Value>& values, bool folded) : op_(op) {
  for (const Value& value : values) {
    const std::string& text = std::get<std::string>(value);
    values_.push_back(folded ? FoldName(text) : text);
  }
  if (op == Operator::kMatches || op == Operator::kNotMatches) {
    absl::StatusOr<std::unique_ptr<re2::RE2>> pattern = CompilePattern(std::get<std::string>(values.at(0)));
    // A pattern that was checked when the rule was saved compiles; one that does not matches nothing.
    if (pattern.ok()) pattern_ = *std::move(pattern);
  }
  if (op == Operator::kIn || op == Operator::kNotIn) sorted_.insert(values_.begin(), values_.end());
}

bool TextComparison::Holds(std::string_view compared, std::string_view text) const {
  switch (op_) {
    case Operator::kEquals:
      return compared == values_[0];
    case Operator::kNotEquals:
      return compared != values_[0];
    case Operator::kIn:
      return sorted_.contains(compared);
    case Operator::kNotIn:
      return !sorted_.contains(compared);
    case Operator::kContains:
      return compared.find(values_[0]) != std::string_view::npos;
    case Operator::kNotContains:
      return compared.find(values_[0]) == std::string_view::npos;
    case Operator::kStartsWith:
      return compared.starts_with(values_[0]);
    case Operator::kNotStartsWith:
      return !compared.starts_with(values_[0]);
    case Operator::kEndsWith:
      return compared.ends_with(values_[0]);
    case Operator::kNotEndsWith:
      return !compared.ends_with(values_[0]);
    case Operator::kMatches:
    case Operator::kNotMatches: {
      const bool matches = pattern_ && re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern_);
      return matches == (op_ == Operator::kMatches);
    }
    case Operator::kIsSet:
      return true;
    default:
      return false;
  }
}

}  // namespace esnaf::segmentation
