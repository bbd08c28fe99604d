#pragma once

// A comparison of a rule, prepared once for one reference time and then made millions of times. Pure.
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "re2/re2.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// As of when and where rules hold.
struct RuleReference {
  Time as_of;
  TimeZone zone = TimeZone::Utc();
};

// Compares numbers, amounts, truths, days and moments. A day is one value among days; among moments it is all of its
// local moments: `= 2026-01-31` holds of each of them, `> 2026-01-31` only of later ones.
class ScalarComparison {
 public:
  // `type` is what is compared: neither text nor a list. The operator and the values must go with it (CheckRule).
  ScalarComparison(AttributeType type, Operator op, const std::vector<Value>& values, const RuleReference& reference);

  bool HoldsOfNumber(double number) const;
  // Minor units, 0 or 1, days since 1970, or a whole number.
  bool HoldsOfInteger(std::int64_t integer) const;
  // Microseconds since 1970.
  bool HoldsOfMoment(std::int64_t micros) const;
  // Of sum / count, without rounding; count is not zero.
  bool HoldsOfRatio(__int128 sum, std::int64_t count) const;

  // The whole numbers of which it holds, both ends included, where these are all from one to another; nullopt where
  // they are not, or are not known. Low above high where it holds of none.
  struct Interval {
    std::int64_t low;
    std::int64_t high;
  };
  std::optional<Interval> AcceptedIntegers() const;

  // Whether it asks for absence alone, which is then all that holds of somebody without a value.
  bool asks_absence() const { return op_ == Operator::kIsNotSet; }
  // Of the amounts that it compares with; empty where there are none.
  const std::string& currency_code() const { return currency_code_; }

 private:
  void PrepareNumbers(const std::vector<Value>& values);
  void PrepareMoments(AttributeType type, const std::vector<Value>& values, const RuleReference& reference);
  void PrepareAnniversaries(const std::vector<Value>& values, const RuleReference& reference);
  Interval IntervalOf(AttributeType type, const Value& value, const RuleReference& reference) const;
  bool IsAnniversary(Date day) const;
  // `compare(i)` is negative, zero or positive where what is compared is less than, equal to or greater than value i.
  template <typename Compare>
  bool HoldsByOrder(const Compare& compare) const;

  Operator op_;
  TimeZone zone_;
  std::string currency_code_;
  std::vector<double> numbers_;
  std::vector<Interval> intervals_;  // all from low to high are the value
  // Of kInLast and its kin: after the first, up to the second.
  std::optional<Interval> range_;
  // Of anniversaries: whether it holds, by month and day.
  std::vector<bool> days_of_year_;
};

// Compares texts.
class TextComparison {
 public:
  // `folded`: texts and values are compared as FoldName makes them; MATCHES never is.
  TextComparison(Operator op, const std::vector<Value>& values, bool folded);

  // `compared` is the text as it is compared, `text` as it is written. Never of an absent text.
  bool Holds(std::string_view compared, std::string_view text) const;
  bool asks_absence() const { return op_ == Operator::kIsNotSet; }

 private:
  Operator op_;
  std::vector<std::string> values_;
  std::set<std::string, std::less<>> sorted_;
  std::unique_ptr<re2::RE2> pattern_;
};

}  // namespace esnaf::segmentation
