#pragma once

// The rules of segments as a typed tree. Pure: no SQL, no clock, no protobuf.
//
// Logic is two-valued. A comparison with an absent value is false, whatever its operator: `contact.city != "Izmir"`
// does not hold of a person without a city. NONE (in text NOT) is plain negation, so it holds of that person. Only
// IS_NOT_SET asks for absence. COUNT and QUANTITY over nothing are 0, SUM over nothing is 0; MINIMUM, MAXIMUM, AVERAGE,
// FIRST_TIME and LAST_TIME over nothing are absent. A list without elements is absent and its length is 0.
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::segmentation {

inline constexpr int kMaxRuleDepth = 16;        // groups within groups, the outermost counted
inline constexpr int kMaxRuleConditions = 100;  // filters of aggregates counted too
inline constexpr int kMaxRuleListSize = 500;    // values of IN, HAS_ANY and the like
inline constexpr int kMaxRuleTextBytes = 500;   // of one text value
inline constexpr int kMaxPatternBytes = 250;    // of one regular expression

// ---- Values

enum class TimeUnit { kHour, kDay, kWeek, kMonth, kYear };

// A length of time on the calendar. Where it stands for a moment it is counted from the reference time: -90d is ninety
// days before it. Days, weeks, months and years keep the clock's time in the segment's zone (see rule_time.h).
struct Period {
  std::int32_t count = 0;
  TimeUnit unit = TimeUnit::kDay;
  bool operator==(const Period&) const = default;
};

// What operands are compared with. A decimal is finite. A Period is a moment for `=` to `BETWEEN` of times and dates,
// and a length without a sign for IN_LAST and its kin.
using Value = std::variant<std::string, std::int64_t, double, Money, bool, Date, Time, Period>;

// ---- Operators

// The numbers are those of esnaf.segmentation.v1.RuleOperator.
enum class Operator {
  // Text, numbers, money, times, booleans; one value. Less is before, greater is after.
  kEquals = 1,
  kNotEquals = 2,
  kLess = 3,
  kLessOrEquals = 4,
  kGreater = 5,
  kGreaterOrEquals = 6,
  // Two values, both included.
  kBetween = 7,
  // Any of one or more values.
  kIn = 8,
  kNotIn = 9,
  // No values.
  kIsSet = 10,
  kIsNotSet = 11,
  // Text; one value.
  kContains = 12,
  kNotContains = 13,
  kStartsWith = 14,
  kNotStartsWith = 15,
  kEndsWith = 16,
  kNotEndsWith = 17,
  // RE2, anywhere in the text, letters compared as they are written.
  kMatches = 18,
  kNotMatches = 19,
  // Lists; one or more values.
  kHasAny = 20,
  kHasAll = 21,
  kHasNone = 22,
  // Times and dates against the reference time; one period.
  kInLast = 23,       // after reference - period, not after the reference
  kInNext = 24,       // after the reference, not after reference + period
  kMoreThanAgo = 25,  // not after reference - period
  // Two periods, the nearer first: after reference - second, not after reference - first.
  kBetweenAgo = 26,
  // The day and month alone, in the segment's zone; 29 February counts as 28 February where there is none. One period,
  // at most a year: today and the days after it, the last one included; today and the days before it.
  kAnniversaryInNext = 27,
  kAnniversaryInLast = 28,
  // In the reference time's month, whatever the year. No values.
  kAnniversaryThisMonth = 29,
  // One integer, 1 to 12.
  kInMonth = 30,
  // Of memberships and samples, which are true or false; no values.
  kHolds = 31,
};

// ---- Operands

// A value of the person: a key of the catalogue (attribute.h).
struct AttributeOperand {
  std::string key;
  // Compares how many elements a list has instead of the list.
  bool length = false;
  bool operator==(const AttributeOperand&) const = default;
};

// The numbers are those of esnaf.segmentation.v1.RuleFactSource. Answers are those to surveys.
enum class FactSource { kOrders = 1, kCarts = 2, kTickets = 3, kAnswers = 4 };
inline constexpr std::array<FactSource, 4> kFactSources = {FactSource::kOrders, FactSource::kCarts,
                                                           FactSource::kTickets, FactSource::kAnswers};

// The numbers are those of esnaf.segmentation.v1.RuleFunction.
enum class Function {
  kCount = 1,
  kSum = 2,
  kAverage = 3,
  kMinimum = 4,
  kMaximum = 5,
  kFirstTime = 6,
  kLastTime = 7,
  kQuantity = 8,  // pieces
};

// Which facts count by their time; see Operator::kInLast and its neighbours for the ends. ALL takes whatever time a
// fact has, also the future.
struct Window {
  enum class Kind { kAll = 0, kLast = 1, kBetweenAgo = 2, kBetweenDates = 3 };
  Kind kind = Kind::kAll;
  Period near;  // kLast: the length; kBetweenAgo: the nearer end
  Period far;   // kBetweenAgo: the farther end
  Date from{};  // kBetweenDates: both days included, in the segment's zone
  Date to{};
  bool operator==(const Window&) const = default;
};

// A test of one field of a fact: a key of the source's field catalogue.
struct FactFilter {
  std::string field;
  Operator op = Operator::kEquals;
  std::vector<Value> values;
  bool operator==(const FactFilter&) const = default;
};

// A number, an amount or a time made of the person's facts that pass every filter. Filters on lines (sku, category,
// brand, seller) must hold of one line together: then an order counts where it has such a line, and its value and
// quantity are those of the lines that match. Without a filter on `status` an order counts as in RFM: where it is a
// sale, was not cancelled and is worth something after refunds, and a line where not all of its pieces were returned.
// Amounts take only facts in the currency of the values that they are compared with. A ticket counts by the time it was
// made, one that is spam only with a filter on `status`, one that was merged into another never; an answer by the time
// it was first given, its number is the score.
struct AggregateOperand {
  Function function = Function::kCount;
  FactSource source = FactSource::kOrders;
  Window window;
  std::vector<FactFilter> filters;
  bool operator==(const AggregateOperand&) const = default;
};

// Membership in another segment, of rules or a static list.
struct SegmentOperand {
  std::string segment_id;
  bool operator==(const SegmentOperand&) const = default;
};

// A share of all people, always the same for one seed (see Sampler).
struct SampleOperand {
  std::int32_t basis_points = 0;  // hundredths of a per cent, 1 to 9999
  std::string seed;
  bool operator==(const SampleOperand&) const = default;
};

using Operand = std::variant<AttributeOperand, AggregateOperand, SegmentOperand, SampleOperand>;

// ---- The tree

struct Condition {
  Operand operand;
  Operator op = Operator::kEquals;
  std::vector<Value> values;
  bool operator==(const Condition&) const = default;
};

struct Rule;

// The numbers are those of esnaf.segmentation.v1.RuleCombinator.
enum class Combinator { kAll = 1, kAny = 2, kNone = 3 };

struct Group {
  Combinator combinator = Combinator::kAll;
  std::vector<Rule> rules;  // one or more
  bool operator==(const Group&) const;
};

struct Rule {
  std::variant<Condition, Group> node;

  const Condition* condition() const { return std::get_if<Condition>(&node); }
  const Group* group() const { return std::get_if<Group>(&node); }
  bool operator==(const Rule&) const;
};

// ---- What a rule reads

// What must change for a rule's answer to change.
struct RuleDependencies {
  std::set<std::string> attributes;  // keys of the catalogue
  std::set<FactSource> sources;
  std::set<std::string> segments;
  // Whether time alone can change the answer.
  bool on_time = false;
  bool operator==(const RuleDependencies&) const = default;
};

RuleDependencies DependenciesOf(const Rule& rule);

// Who is in a sample: with s the first eight bytes of the seed's SHA-256 and h and l the first and the last eight of
// the canonical contact's id, all as big-endian numbers, mix(mix(s ^ h) ^ l) modulo 10000 is less than the basis
// points; mix is the finalizer of SplitMix64. So a person is in or out for ever, and a larger share of one seed holds
// the smaller.
class Sampler {
 public:
  explicit Sampler(const SampleOperand& sample);
  bool Takes(const Uuid& contact_id) const;

 private:
  std::uint64_t seed_;
  std::uint64_t basis_points_;
};

// The ids on a cycle that giving `segment_id` the references `to` would close, from it back to itself; empty where
// there is none. `references` holds what every other segment refers to.
std::vector<std::string> FindCycle(const std::string& segment_id, const std::set<std::string>& to,
                                   const std::map<std::string, std::set<std::string>>& references);

}  // namespace esnaf::segmentation
