#include "services/segmentation/rules/rule_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "libs/base/error.h"
#include "libs/base/text.h"
#include "services/segmentation/rules/rule_pattern.h"
#include "services/segmentation/rules/rule_print.h"

namespace esnaf::segmentation {
namespace {

using Type = AttributeType;

constexpr std::size_t kMostMistakes = 100;
constexpr std::int32_t kMostPeriods = 100000;
constexpr std::size_t kMostSeedBytes = 100;

// How many values an operator takes.
struct Arity {
  std::size_t least;
  std::size_t most;
};

Arity ArityOf(Operator op) {
  switch (op) {
    case Operator::kIsSet:
    case Operator::kIsNotSet:
    case Operator::kAnniversaryThisMonth:
    case Operator::kHolds:
      return {0, 0};
    case Operator::kBetween:
    case Operator::kBetweenAgo:
      return {2, 2};
    case Operator::kIn:
    case Operator::kNotIn:
    case Operator::kHasAny:
    case Operator::kHasAll:
    case Operator::kHasNone:
      return {1, static_cast<std::size_t>(kMaxRuleListSize)};
    default:
      return {1, 1};
  }
}

bool TakesLengths(Operator op) {
  return op == Operator::kInLast || op == Operator::kInNext || op == Operator::kMoreThanAgo ||
         op == Operator::kBetweenAgo || op == Operator::kAnniversaryInNext || op == Operator::kAnniversaryInLast;
}

bool IsDay(Date day) { return day.ok() && day.year() >= std::chrono::year(1) && day.year() <= std::chrono::year(9999); }

// Roughly how long it is, to tell which of two is longer.
std::int64_t HoursOf(Period period) {
  switch (period.unit) {
    case TimeUnit::kHour:
      return period.count;
    case TimeUnit::kDay:
      return std::int64_t{period.count} * 24;
    case TimeUnit::kWeek:
      return std::int64_t{period.count} * 24 * 7;
    case TimeUnit::kMonth:
      return std::int64_t{period.count} * 24 * 30;
    case TimeUnit::kYear:
      break;
  }
  return std::int64_t{period.count} * 24 * 365;
}

bool IsAtMostAYear(Period period) {
  switch (period.unit) {
    case TimeUnit::kHour:
      return false;
    case TimeUnit::kDay:
      return period.count <= 366;
    case TimeUnit::kWeek:
      return period.count <= 52;
    case TimeUnit::kMonth:
      return period.count <= 12;
    case TimeUnit::kYear:
      break;
  }
  return period.count <= 1;
}

double NumberOf(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

// Whether the first of two values of one kind is greater than the second; false where they cannot be compared.
bool IsUpsideDown(const Value& low, const Value& high) {
  const auto number = [](const Value& v) {
    return std::holds_alternative<std::int64_t>(v) || std::holds_alternative<double>(v);
  };
  if (number(low) && number(high)) return NumberOf(low) > NumberOf(high);
  if (low.index() != high.index()) return false;
  if (const auto* money = std::get_if<Money>(&low)) return money->minor > std::get<Money>(high).minor;
  if (const auto* date = std::get_if<Date>(&low)) return *date > std::get<Date>(high);
  if (const auto* time = std::get_if<Time>(&low)) return *time > std::get<Time>(high);
  if (const auto* period = std::get_if<Period>(&low)) return HoursOf(*period) > HoursOf(std::get<Period>(high));
  return false;
}

class Checker {
 public:
  explicit Checker(const Catalogue& catalogue) : catalogue_(catalogue) {}

  void CheckNode(const Rule& rule, const std::string& path, int depth) {
    if (const Condition* condition = rule.condition()) return CheckCondition(*condition, path + ".condition");
    const Group& group = *rule.group();
    if (depth > kMaxRuleDepth) {
      return Add(path + ".group", absl::StrCat("is nested more than ", kMaxRuleDepth, " groups deep"));
    }
    if (group.rules.empty()) return Add(path + ".group.rules", "is empty; a group needs a rule");
    for (std::size_t i = 0; i < group.rules.size() && !Full(); ++i) {
      CheckNode(group.rules[i], absl::StrCat(path, ".group.rules[", i, "]"), depth + 1);
    }
  }

  std::vector<RuleMistake> Take() { return std::move(mistakes_); }

 private:
  // What is compared: the type, how it is called in messages, and the names that its text may have.
  struct Subject {
    Type type = Type::kText;
    std::string name;
    std::vector<std::string> options;
  };

  bool Full() const { return mistakes_.size() >= kMostMistakes; }
  void Add(std::string path, std::string message, std::string suggestion = {}) {
    if (!Full()) mistakes_.push_back({std::move(path), std::move(message), std::move(suggestion)});
  }

  void Count(const std::string& path) {
    if (++conditions_ == kMaxRuleConditions + 1) {
      Add(path, absl::StrCat("is one condition more than the ", kMaxRuleConditions, " that a rule may have"));
    }
  }

  void CheckCondition(const Condition& condition, const std::string& path) {
    Count(path);
    if (const auto* attribute = std::get_if<AttributeOperand>(&condition.operand)) {
      if (const auto subject = CheckAttribute(*attribute, path)) CheckComparison(*subject, condition, path);
    } else if (const auto* aggregate = std::get_if<AggregateOperand>(&condition.operand)) {
      if (!CheckAggregate(*aggregate, path + ".aggregate")) return;
      std::string name(NameOf(aggregate->source));
      name.append(".").append(NameOf(aggregate->function));
      CheckComparison({TypeOf(aggregate->function, aggregate->source), std::move(name), {}}, condition, path);
    } else if (const auto* segment = std::get_if<SegmentOperand>(&condition.operand)) {
      if (!IsSegmentId(segment->segment_id)) Add(path + ".membership.segment_id", "is no id of a segment");
      CheckHolds(condition, path);
    } else {
      CheckSample(std::get<SampleOperand>(condition.operand), path + ".sample");
      CheckHolds(condition, path);
    }
  }

  std::optional<Subject> CheckAttribute(const AttributeOperand& operand, const std::string& path) {
    const std::optional<Attribute> attribute = catalogue_.Find(operand.key);
    if (!attribute) {
      const std::string nearest = catalogue_.Nearest(operand.key);
      Add(path + ".attribute.key", "there is no attribute \"" + Shown(operand.key) + "\"" + Hint(nearest), nearest);
      return std::nullopt;
    }
    if (!operand.length) return Subject{attribute->type, attribute->key, attribute->options};
    if (attribute->type == Type::kTextList) return Subject{Type::kNumber, "the length of " + attribute->key, {}};
    Add(path + ".attribute.length", attribute->key + " is no list, so it has no length");
    return std::nullopt;
  }

  // False where the function gives nothing that could be compared.
  bool CheckAggregate(const AggregateOperand& aggregate, const std::string& path) {
    const std::vector<Function> functions = FunctionsOf(aggregate.source);
    const bool goes = std::find(functions.begin(), functions.end(), aggregate.function) != functions.end();
    if (!goes) {
      std::string message(NameOf(aggregate.function));
      message.append(" does not go with ").append(NameOf(aggregate.source)).append("; ").append(ListOf(functions));
      Add(path + ".function", message);
    }
    CheckWindow(aggregate.window, path + ".window");
    for (std::size_t i = 0; i < aggregate.filters.size() && !Full(); ++i) {
      const FactFilter& filter = aggregate.filters[i];
      const std::string filter_path = absl::StrCat(path, ".filters[", i, "]");
      Count(filter_path);
      if (const Attribute* field = Catalogue::FindField(aggregate.source, filter.field)) {
        CheckComparison({field->type, field->key, field->options}, filter, filter_path);
      } else {
        const std::string nearest = Catalogue::NearestField(aggregate.source, filter.field);
        Add(filter_path + ".field", "there is no field \"" + Shown(filter.field) + "\"" + Hint(nearest), nearest);
      }
    }
    return goes;
  }

  void CheckWindow(const Window& window, const std::string& path) {
    switch (window.kind) {
      case Window::Kind::kAll:
        return;
      case Window::Kind::kLast:
        return CheckLength(window.near, 1, path + ".last");
      case Window::Kind::kBetweenAgo:
        CheckLength(window.near, 0, path + ".between_ago.near");
        CheckLength(window.far, 1, path + ".between_ago.far");
        if (HoursOf(window.near) >= HoursOf(window.far)) {
          Add(path + ".between_ago.far", "is not farther than the nearer end");
        }
        return;
      case Window::Kind::kBetweenDates:
        if (!IsDay(window.from)) Add(path + ".between_dates.from_date", "is no day from the year 1 to 9999");
        if (!IsDay(window.to)) Add(path + ".between_dates.to_date", "is no day from the year 1 to 9999");
        if (window.from > window.to) Add(path + ".between_dates.to_date", "is before the first day");
        return;
    }
  }

  void CheckSample(const SampleOperand& sample, const std::string& path) {
    if (sample.basis_points < 1 || sample.basis_points > 9999) {
      Add(path + ".basis_points", "is not between 1 and 9999, which is 0.01% to 99.99%");
    }
    if (sample.seed.size() > kMostSeedBytes) {
      Add(path + ".seed", absl::StrCat("is longer than ", kMostSeedBytes, " bytes"));
    } else if (!IsCleanUtf8(sample.seed)) {
      Add(path + ".seed", "is no clean UTF-8");
    }
  }

  void CheckHolds(const Condition& condition, const std::string& path) {
    if (condition.op != Operator::kHolds) Add(path + ".operator", "is not HOLDS, the only one that goes here");
    if (!condition.values.empty()) Add(path + ".values", "must be empty");
  }

  // Of a condition or a filter.
  template <typename Comparison>
  void CheckComparison(const Subject& subject, const Comparison& comparison, const std::string& path) {
    const std::vector<Operator> operators = OperatorsOf(subject.type);
    if (std::find(operators.begin(), operators.end(), comparison.op) == operators.end()) {
      std::string message(NameOf(comparison.op));
      message.append(" does not go with ").append(subject.name).append(", which is ").append(Describe(subject.type));
      return Add(path + ".operator", message + "; " + ListOf(operators));
    }
    const std::vector<Value>& values = comparison.values;
    const Arity arity = ArityOf(comparison.op);
    if (values.size() < arity.least || values.size() > arity.most) {
      std::string message = "must be " + Describe(arity) + " for ";
      return Add(path + ".values", absl::StrCat(message.append(NameOf(comparison.op)), ", not ", values.size()));
    }
    const std::size_t before = mistakes_.size();
    for (std::size_t i = 0; i < values.size() && !Full(); ++i) {
      CheckValue(subject, comparison.op, values[i], i, absl::StrCat(path, ".values[", i, "]"));
    }
    if (mistakes_.size() == before) CheckTogether(comparison.op, values, path);
  }

  void CheckTogether(Operator op, const std::vector<Value>& values, const std::string& path) {
    if (op != Operator::kBetween && op != Operator::kBetweenAgo) return;
    const auto* first = std::get_if<Money>(&values[0]);
    const auto* second = std::get_if<Money>(&values[1]);
    if (first && second && first->currency != second->currency) {
      return Add(path + ".values[1]", "is in another currency than the first value");
    }
    if (IsUpsideDown(values[0], values[1])) {
      Add(path + ".values[1]", op == Operator::kBetween ? "is less than the first value" : "is nearer than the first");
    }
  }

  void CheckValue(const Subject& subject, Operator op, const Value& value, std::size_t index, const std::string& path) {
    if (TakesLengths(op)) {
      // Only the nearer end of two may be now.
      const bool nearer_end = op == Operator::kBetweenAgo && index == 0;
      return CheckRelative(subject.type, op, value, nearer_end ? 0 : 1, path);
    }
    if (op == Operator::kInMonth) return CheckMonth(value, path);
    switch (subject.type) {
      case Type::kText:
      case Type::kTextList:
      case Type::kEnum:
        return CheckText(subject, op, value, path);
      case Type::kNumber:
        if (std::holds_alternative<std::int64_t>(value)) return;
        if (const auto* number = std::get_if<double>(&value)) {
          if (!std::isfinite(*number)) Add(path, "is no finite number");
          return;
        }
        return Add(path, "is no number, which " + subject.name + " is");
      case Type::kMoney:
        if (const auto* money = std::get_if<Money>(&value); !money || money->currency.empty()) {
          Add(path, "is no amount with a currency, for example 1500.00 TRY");
        } else if (money->minor == std::numeric_limits<std::int64_t>::min()) {
          // It has no positive counterpart, so neither the text of a rule nor a column can hold it.
          Add(path, "is beyond the least amount, -9223372036854775807 minor units");
        }
        return;
      case Type::kBoolean:
        if (!std::holds_alternative<bool>(value)) Add(path, "is neither true nor false");
        return;
      case Type::kDate:
      case Type::kTime:
        return CheckMoment(subject.type, op, value, path);
    }
  }

  void CheckText(const Subject& subject, Operator op, const Value& value, const std::string& path) {
    const auto* text = std::get_if<std::string>(&value);
    if (!text) return Add(path, "is no text, which " + subject.name + " is");
    if (text->empty()) return Add(path, "is empty; IS SET and IS NOT SET ask whether there is a value");
    if (text->size() > static_cast<std::size_t>(kMaxRuleTextBytes)) {
      return Add(path, absl::StrCat("is longer than ", kMaxRuleTextBytes, " bytes"));
    }
    if (!IsCleanUtf8(*text)) return Add(path, "is no clean UTF-8");
    if (op == Operator::kMatches || op == Operator::kNotMatches) {
      const absl::Status status = CompilePattern(*text).status();
      if (!status.ok()) Add(path, std::string(status.message().data(), status.message().size()));
    }
    const std::vector<std::string>& options = subject.options;
    if (options.empty() || std::find(options.begin(), options.end(), *text) != options.end()) return;
    const std::string nearest = NearestWord(*text, options);
    Add(path, "\"" + Shown(*text) + "\" is none of " + subject.name + Hint(nearest),
        nearest.empty() ? "" : QuoteRuleText(nearest));
  }

  void CheckMoment(Type type, Operator op, const Value& value, const std::string& path) {
    if (const auto* day = std::get_if<Date>(&value)) {
      if (!IsDay(*day)) Add(path, "is no day from the year 1 to 9999");
    } else if (const auto* period = std::get_if<Period>(&value)) {
      if (period->count < -kMostPeriods || period->count > kMostPeriods)
        Add(path, "is farther than 100,000 units away");
      if (type == Type::kDate && period->unit == TimeUnit::kHour) Add(path, "counts hours, and a day has none");
      if (type == Type::kTime && (op == Operator::kEquals || op == Operator::kNotEquals)) {
        Add(path, "is a moment relative to now, which is never met exactly; compare with < or >");
      }
    } else if (!std::holds_alternative<Time>(value)) {
      Add(path, "is no time, for example 2026-01-31, 2026-01-31T09:30:00Z or -90d");
    } else if (type == Type::kDate) {
      Add(path, "is a moment, and it is compared with days, for example 2026-01-31");
    } else if (const Time time = std::get<Time>(value); !IsDay(Date(std::chrono::floor<std::chrono::days>(time)))) {
      Add(path, "is outside the years 1 to 9999");
    }
  }

  void CheckRelative(Type type, Operator op, const Value& value, std::int32_t least, const std::string& path) {
    const auto* period = std::get_if<Period>(&value);
    if (!period) return Add(path, "is no length of time, for example 90d");
    CheckLength(*period, least, path);
    if (type == Type::kDate && period->unit == TimeUnit::kHour) Add(path, "counts hours, and a day has none");
    const bool anniversary = op == Operator::kAnniversaryInNext || op == Operator::kAnniversaryInLast;
    if (anniversary && !IsAtMostAYear(*period)) Add(path, "must be days, weeks, months or a year, at most a year");
  }

  void CheckLength(Period period, std::int32_t least, const std::string& path) {
    if (period.count < least || period.count > kMostPeriods) {
      Add(path, absl::StrCat("is no length from ", least, " to ", kMostPeriods, " units"));
    }
  }

  void CheckMonth(const Value& value, const std::string& path) {
    const auto* month = std::get_if<std::int64_t>(&value);
    if (!month || *month < 1 || *month > 12) Add(path, "is no month from 1 to 12");
  }

  static std::string Shown(std::string_view text) { return std::string(Truncate(text, 60)); }
  static std::string Hint(const std::string& nearest) {
    return nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?";
  }

  static std::string Describe(Arity arity) {
    if (arity.most == 0) return "empty";
    if (arity.least == arity.most) return arity.most == 1 ? "one" : "two";
    return absl::StrCat(arity.least, " to ", arity.most);
  }

  static std::string_view Describe(Type type) {
    switch (type) {
      case Type::kText:
        return "text";
      case Type::kNumber:
        return "a number";
      case Type::kMoney:
        return "an amount";
      case Type::kDate:
        return "a day";
      case Type::kTime:
        return "a time";
      case Type::kBoolean:
        return "true or false";
      case Type::kEnum:
        return "one of a few names";
      case Type::kTextList:
        break;
    }
    return "a list";
  }

  template <typename T>
  static std::string ListOf(const std::vector<T>& all) {
    std::string list = "these do: ";
    for (std::size_t i = 0; i < all.size(); ++i) {
      list.append(i == 0 ? "" : ", ").append(NameOf(all[i]));
    }
    return list;
  }

  const Catalogue& catalogue_;
  std::vector<RuleMistake> mistakes_;
  int conditions_ = 0;
};

}  // namespace

bool IsSegmentId(std::string_view text) {
  const auto start = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto rest = [&](char c) { return start(c) || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= 63 && start(text.front()) && std::all_of(text.begin(), text.end(), rest);
}

std::vector<RuleMistake> CheckRule(const Rule& rule, const Catalogue& catalogue) {
  Checker checker(catalogue);
  checker.CheckNode(rule, "rule", 1);
  return checker.Take();
}

absl::Status ValidateRule(const Rule& rule, const Catalogue& catalogue, std::string_view prefix) {
  FieldViolations violations;
  for (const RuleMistake& mistake : CheckRule(rule, catalogue)) {
    violations.Add(std::string(prefix) + mistake.path, mistake.message);
  }
  return violations.ToStatus();
}

}  // namespace esnaf::segmentation
