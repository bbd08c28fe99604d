#include "services/segmentation/rules/rule_print.h"

#include <array>
#include <charconv>
#include <utility>

#include "libs/base/absl_compat.h"

namespace esnaf::segmentation {
namespace {

void PrintNode(std::string& out, const Rule& rule);

std::string_view NameOf(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kHour:
      return "h";
    case TimeUnit::kDay:
      return "d";
    case TimeUnit::kWeek:
      return "w";
    case TimeUnit::kMonth:
      return "mo";
    case TimeUnit::kYear:
      break;
  }
  return "y";
}

std::string PrintLength(Period period) { return absl::StrCat(period.count, ToAbsl(NameOf(period.unit))); }

std::string PrintDecimal(double number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  std::string text(buffer.data(), end);
  // What tells it from a whole number.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

void PrintList(std::string& out, const std::vector<Value>& values) {
  out += '(';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ", ";
    out += PrintValue(values[i]);
  }
  out += ')';
}

std::string LengthAt(const std::vector<Value>& values, std::size_t index) {
  return PrintLength(std::get<Period>(values[index]));
}

// What stands behind the operand, of a condition or a filter.
void PrintComparison(std::string& out, Operator op, const std::vector<Value>& values) {
  if (op == Operator::kHolds) return;
  out += ' ';
  switch (op) {
    case Operator::kBetween:
      out.append("BETWEEN ").append(PrintValue(values[0])).append(" AND ").append(PrintValue(values[1]));
      return;
    case Operator::kBetweenAgo:
      out.append("BETWEEN ").append(LengthAt(values, 0)).append(" AND ").append(LengthAt(values, 1)).append(" AGO");
      return;
    case Operator::kMoreThanAgo:
      out.append("MORE THAN ").append(LengthAt(values, 0)).append(" AGO");
      return;
    case Operator::kInLast:
    case Operator::kInNext:
    case Operator::kAnniversaryInLast:
    case Operator::kAnniversaryInNext:
      out.append(NameOf(op)).append(" ").append(LengthAt(values, 0));
      return;
    case Operator::kHasAny:
      if (values.size() == 1) {
        out.append("HAS ").append(PrintValue(values[0]));
        return;
      }
      [[fallthrough]];
    case Operator::kIn:
    case Operator::kNotIn:
    case Operator::kHasAll:
    case Operator::kHasNone:
      out.append(NameOf(op)).append(" ");
      return PrintList(out, values);
    default:
      out.append(NameOf(op));
      if (!values.empty()) out.append(" ").append(PrintValue(values[0]));
  }
}

void PrintWindow(std::string& out, const Window& window) {
  switch (window.kind) {
    case Window::Kind::kAll:
      return;
    case Window::Kind::kLast:
      out.append("last ").append(PrintLength(window.near));
      return;
    case Window::Kind::kBetweenAgo:
      out.append("between ").append(PrintLength(window.near)).append(" and ").append(PrintLength(window.far));
      out.append(" ago");
      return;
    case Window::Kind::kBetweenDates:
      out.append("between ").append(FormatDate(window.from)).append(" and ").append(FormatDate(window.to));
      return;
  }
}

void PrintAggregate(std::string& out, const AggregateOperand& aggregate) {
  out.append(NameOf(aggregate.source)).append(".").append(NameOf(aggregate.function));
  if (aggregate.window.kind == Window::Kind::kAll && aggregate.filters.empty()) return;
  out += '(';
  PrintWindow(out, aggregate.window);
  bool first = aggregate.window.kind == Window::Kind::kAll;
  for (const FactFilter& filter : aggregate.filters) {
    if (!first) out += ", ";
    first = false;
    out += filter.field;
    PrintComparison(out, filter.op, filter.values);
  }
  out += ')';
}

// 1250 is 12.5.
std::string PrintPercent(std::int32_t basis_points) {
  std::string text = std::to_string(basis_points / 100);
  if (const std::int32_t rest = basis_points % 100; rest != 0) {
    text += absl::StrFormat(".%02d", rest);
    if (text.back() == '0') text.pop_back();
  }
  return text;
}

// Whether a group is written with AND or OR between its parts, and so needs parentheses within another.
bool IsInfix(const Rule& rule) {
  const Group* group = rule.group();
  return group && group->rules.size() > 1 && group->combinator != Combinator::kNone;
}

void PrintPart(std::string& out, const Rule& rule) {
  if (IsInfix(rule)) out += '(';
  PrintNode(out, rule);
  if (IsInfix(rule)) out += ')';
}

std::string_view NameOf(Combinator combinator) {
  switch (combinator) {
    case Combinator::kAll:
      return "ALL";
    case Combinator::kAny:
      return "ANY";
    case Combinator::kNone:
      break;
  }
  return "NONE";
}

void PrintGroup(std::string& out, const Group& group) {
  const bool negation = group.combinator == Combinator::kNone;
  if (negation && group.rules.size() == 1) {
    out += "NOT ";
    return PrintPart(out, group.rules[0]);
  }
  if (negation || group.rules.size() < 2) {
    out.append(NameOf(group.combinator)).append("(");
    for (std::size_t i = 0; i < group.rules.size(); ++i) {
      if (i > 0) out += ", ";
      PrintNode(out, group.rules[i]);
    }
    out += ')';
    return;
  }
  for (std::size_t i = 0; i < group.rules.size(); ++i) {
    if (i > 0) out += group.combinator == Combinator::kAll ? " AND " : " OR ";
    PrintPart(out, group.rules[i]);
  }
}

void PrintNode(std::string& out, const Rule& rule) {
  if (const Group* group = rule.group()) return PrintGroup(out, *group);
  const Condition& condition = *rule.condition();
  out += PrintOperand(condition.operand);
  PrintComparison(out, condition.op, condition.values);
}

}  // namespace

std::string PrintRule(const Rule& rule) {
  std::string out;
  PrintNode(out, rule);
  return out;
}

std::string PrintOperand(const Operand& operand) {
  std::string out;
  if (const auto* attribute = std::get_if<AttributeOperand>(&operand)) {
    out = attribute->length ? "length(" + attribute->key + ")" : attribute->key;
  } else if (const auto* aggregate = std::get_if<AggregateOperand>(&operand)) {
    PrintAggregate(out, *aggregate);
  } else if (const auto* segment = std::get_if<SegmentOperand>(&operand)) {
    out = "segment(" + QuoteRuleText(segment->segment_id) + ")";
  } else {
    const auto& sample = std::get<SampleOperand>(operand);
    out = "sample(" + PrintPercent(sample.basis_points) + "%";
    if (!sample.seed.empty()) out += ", " + QuoteRuleText(sample.seed);
    out += ')';
  }
  return out;
}

std::string PrintValue(const Value& value) {
  struct Printer {
    std::string operator()(const std::string& text) const { return QuoteRuleText(text); }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return PrintDecimal(number); }
    std::string operator()(const Money& money) const { return FormatMoney(money) + " " + money.currency.code(); }
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(Date date) const { return FormatDate(date); }
    std::string operator()(Time time) const { return FormatRfc3339(time); }
    std::string operator()(Period period) const { return (period.count < 0 ? "" : "+") + PrintLength(period); }
  };
  return std::visit(Printer(), value);
}

std::string QuoteRuleText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out.append("\\").push_back(c);
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  out += '"';
  return out;
}

std::string_view NameOf(Operator op) {
  constexpr std::array<std::string_view, 31> kNames = {"=",
                                                       "!=",
                                                       "<",
                                                       "<=",
                                                       ">",
                                                       ">=",
                                                       "BETWEEN",
                                                       "IN",
                                                       "NOT IN",
                                                       "IS SET",
                                                       "IS NOT SET",
                                                       "CONTAINS",
                                                       "NOT CONTAINS",
                                                       "STARTS WITH",
                                                       "NOT STARTS WITH",
                                                       "ENDS WITH",
                                                       "NOT ENDS WITH",
                                                       "MATCHES",
                                                       "NOT MATCHES",
                                                       "HAS ANY",
                                                       "HAS ALL",
                                                       "HAS NONE",
                                                       "IN LAST",
                                                       "IN NEXT",
                                                       "MORE THAN AGO",
                                                       "BETWEEN AGO",
                                                       "ANNIVERSARY IN NEXT",
                                                       "ANNIVERSARY IN LAST",
                                                       "ANNIVERSARY THIS MONTH",
                                                       "IN MONTH",
                                                       "HOLDS"};
  return kNames[static_cast<std::size_t>(op) - 1];
}

std::string_view NameOf(FactSource source) {
  switch (source) {
    case FactSource::kOrders:
      return "orders";
    case FactSource::kCarts:
      return "carts";
    case FactSource::kTickets:
      return "tickets";
    case FactSource::kAnswers:
      break;
  }
  return "answers";
}

std::string_view NameOf(Function function) {
  constexpr std::array<std::string_view, 8> kNames = {"count",   "sum",        "average",   "minimum",
                                                      "maximum", "first_time", "last_time", "quantity"};
  return kNames[static_cast<std::size_t>(function) - 1];
}

}  // namespace esnaf::segmentation
