#include "services/segmentation/rules/rule_parser.h"

#include <array>
#include <utility>

#include "services/segmentation/rules/rule_print.h"

namespace esnaf::segmentation {
namespace {

using Kind = Token::Kind;

// How deep parentheses, NOT and the like may nest. More than a rule may have, which CheckRule then says; few enough for
// the stack.
constexpr int kMostNested = 100;

constexpr std::array<Function, 8> kFunctions = {Function::kCount,    Function::kSum,     Function::kAverage,
                                                Function::kMinimum,  Function::kMaximum, Function::kFirstTime,
                                                Function::kLastTime, Function::kQuantity};
// What people write instead.
constexpr std::array<std::pair<std::string_view, Function>, 5> kShortFunctions = {{{"avg", Function::kAverage},
                                                                                   {"min", Function::kMinimum},
                                                                                   {"max", Function::kMaximum},
                                                                                   {"first", Function::kFirstTime},
                                                                                   {"last", Function::kLastTime}}};

std::optional<Function> FunctionNamed(std::string_view name) {
  for (const Function function : kFunctions) {
    if (SameWord(name, NameOf(function))) return function;
  }
  for (const auto& [word, function] : kShortFunctions) {
    if (SameWord(name, word)) return function;
  }
  return std::nullopt;
}

std::string NearestFunction(std::string_view name) {
  std::vector<std::string> names;
  for (const Function function : kFunctions) names.emplace_back(NameOf(function));
  return NearestWord(name, names);
}

// `orders.count` is a function of orders.
std::optional<FactSource> SourceOf(std::string_view name) {
  const std::string_view source = name.substr(0, name.find('.'));
  for (const FactSource known : kFactSources) {
    if (SameWord(source, NameOf(known))) return known;
  }
  return std::nullopt;
}

}  // namespace

RuleParser::RuleParser(std::string_view text, const Catalogue& catalogue) : catalogue_(catalogue), lexer_(text) {
  token_ = lexer_.Next();
  next_ = lexer_.Next();
}

std::optional<Rule> RuleParser::ParseAll(RuleSpans& spans) {
  Rule rule;
  if (!ParseExpression(rule, spans)) return std::nullopt;
  if (token_.kind != Kind::kEnd) {
    (void)Expected("AND, OR or the end");
    return std::nullopt;
  }
  return rule;
}

// One term, or several joined by AND or by OR.
bool RuleParser::ParseExpression(Rule& rule, RuleSpans& spans) {
  Rule first;
  RuleSpans first_spans;
  if (!ParseTerm(first, first_spans)) return false;
  const bool all = IsWord("AND");
  if (!all && !IsWord("OR")) {
    rule = std::move(first);
    spans = std::move(first_spans);
    return true;
  }
  Group group{all ? Combinator::kAll : Combinator::kAny, {}};
  group.rules.push_back(std::move(first));
  spans.parts.push_back(std::move(first_spans));
  while (TakeWord(all ? "AND" : "OR")) {
    if (!ParseTerm(group.rules.emplace_back(), spans.parts.emplace_back())) return false;
  }
  if (IsWord(all ? "OR" : "AND")) {
    return Fail(token_.span, "AND and OR do not mix without parentheses: (a AND b) OR c, or a AND (b OR c)");
  }
  spans.whole = Join(spans.parts.front().whole, spans.parts.back().whole);
  rule.node = std::move(group);
  return true;
}

bool RuleParser::ParseTerm(Rule& rule, RuleSpans& spans) {
  if (!Enter()) return false;
  Combinator combinator;
  const bool good = IsWord("NOT")                  ? ParseNot(rule, spans)
                    : IsSymbol("(")                ? ParseParentheses(rule, spans)
                    : IsCombinatorCall(combinator) ? ParseCombined(combinator, rule, spans)
                                                   : ParseCondition(rule, spans);
  Leave();
  return good;
}

bool RuleParser::ParseNot(Rule& rule, RuleSpans& spans) {
  const Span start = token_.span;
  Advance();
  Group group{Combinator::kNone, {}};
  if (!ParseTerm(group.rules.emplace_back(), spans.parts.emplace_back())) return false;
  spans.whole = Join(start, spans.parts.back().whole);
  rule.node = std::move(group);
  return true;
}

bool RuleParser::ParseParentheses(Rule& rule, RuleSpans& spans) {
  const Span start = token_.span;
  Advance();
  if (!ParseExpression(rule, spans)) return false;
  if (!IsSymbol(")")) return Expected("AND, OR or )");
  Advance();
  spans.whole = Join(start, last_);
  return true;
}

bool RuleParser::IsCombinatorCall(Combinator& combinator) const {
  if (next_.kind != Kind::kSymbol || next_.text != "(") return false;
  constexpr std::array<std::pair<std::string_view, Combinator>, 3> kCombinators = {
      {{"ALL", Combinator::kAll}, {"ANY", Combinator::kAny}, {"NONE", Combinator::kNone}}};
  for (const auto& [word, meaning] : kCombinators) {
    if (!IsWord(word)) continue;
    combinator = meaning;
    return true;
  }
  return false;
}

bool RuleParser::ParseCombined(Combinator combinator, Rule& rule, RuleSpans& spans) {
  const Span start = token_.span;
  Advance();
  Group group{combinator, {}};
  Advance();
  do {
    if (!ParseExpression(group.rules.emplace_back(), spans.parts.emplace_back())) return false;
  } while (TakeSymbol(","));
  if (!IsSymbol(")")) return Expected(", or )");
  Advance();
  spans.whole = Join(start, last_);
  rule.node = std::move(group);
  return true;
}

bool RuleParser::ParseCondition(Rule& rule, RuleSpans& spans) {
  Condition condition;
  const Span start = token_.span;
  if (!ParseOperand(condition.operand, spans)) return false;
  spans.operand = Join(start, last_);
  if (std::holds_alternative<SegmentOperand>(condition.operand) ||
      std::holds_alternative<SampleOperand>(condition.operand)) {
    condition.op = Operator::kHolds;
    spans.op = spans.operand;
  } else if (!ParseComparison(condition.op, condition.values, spans)) {
    return false;
  }
  spans.whole = Join(start, last_);
  rule.node = std::move(condition);
  return true;
}

bool RuleParser::ParseOperand(Operand& operand, RuleSpans& spans) {
  if (token_.kind != Kind::kName || IsWord("AND") || IsWord("OR")) {
    return Expected("an attribute, orders.count or the like, segment(...), sample(...), NOT or (");
  }
  const Token name = token_;
  const bool call = next_.kind == Kind::kSymbol && next_.text == "(";
  Advance();
  if (call && SameWord(name.text, "segment")) return ParseSegment(operand);
  if (call && SameWord(name.text, "sample")) return ParseSample(operand);
  if (call && SameWord(name.text, "length")) return ParseLength(operand);
  if (const auto source = SourceOf(name.text)) return ParseAggregate(name, *source, operand, spans);
  if (call) {
    return Fail(name.span, "there is no such function; there are orders.count and the like, segment, sample, length");
  }
  operand = AttributeOperand{catalogue_.KeyOf(name.text)};
  return true;
}

bool RuleParser::ParseSegment(Operand& operand) {
  Advance();
  if (token_.kind != Kind::kString) return Expected("the id of a segment in quotation marks");
  operand = SegmentOperand{token_.value};
  Advance();
  return ExpectSymbol(")");
}

bool RuleParser::ParseSample(Operand& operand) {
  Advance();
  SampleOperand sample;
  if (token_.kind != Kind::kInteger && token_.kind != Kind::kDecimal) return Expected("a share, for example 10%");
  // A percentage has as many digits behind its point as money of two.
  const auto share = ParseMoney(token_.text, Currency::Parse("TRY").value());
  if (!share.ok() || share->minor < 1 || share->minor > 9999) {
    return Fail(token_.span, "is no share from 0.01% to 99.99%, with at most two digits behind the point");
  }
  sample.basis_points = static_cast<std::int32_t>(share->minor);
  Advance();
  if (!ExpectSymbol("%")) return false;
  if (TakeSymbol(",")) {
    if (token_.kind != Kind::kString) return Expected("a seed in quotation marks");
    sample.seed = token_.value;
    Advance();
  }
  operand = std::move(sample);
  return ExpectSymbol(")");
}

bool RuleParser::ParseLength(Operand& operand) {
  Advance();
  if (token_.kind != Kind::kName) return Expected("an attribute that is a list, for example contact.tags");
  operand = AttributeOperand{catalogue_.KeyOf(token_.text), true};
  Advance();
  return ExpectSymbol(")");
}

bool RuleParser::ParseAggregate(const Token& name, FactSource source, Operand& operand, RuleSpans& spans) {
  AggregateOperand aggregate;
  aggregate.source = source;
  const std::size_t point = name.text.find('.');
  const std::string_view word = point == std::string_view::npos ? std::string_view() : name.text.substr(point + 1);
  const auto function = FunctionNamed(word);
  if (!function) {
    const std::string nearest = NearestFunction(word);
    std::string message = "expected a function behind the point: ";
    message.append(NameOf(source)).append(".count, sum, average, minimum, maximum, first_time, last_time, quantity");
    return Fail(name.span, std::move(message), nearest.empty() ? "" : std::string(NameOf(source)) + "." + nearest);
  }
  aggregate.function = *function;
  if (TakeSymbol("(") && !TakeSymbol(")") && !ParseArguments(aggregate, spans)) return false;
  operand = std::move(aggregate);
  return true;
}

bool RuleParser::ParseArguments(AggregateOperand& aggregate, RuleSpans& spans) {
  bool window = false;
  do {
    if (IsWord("last") || IsWord("between")) {
      if (std::exchange(window, true)) return Expected("a filter, for there is a time already");
      if (!ParseWindow(aggregate.window)) return false;
    } else if (!ParseFilter(aggregate.filters.emplace_back(), spans.parts.emplace_back())) {
      return false;
    }
  } while (TakeSymbol(","));
  if (!IsSymbol(")")) return Expected(", or )");
  Advance();
  return true;
}

bool RuleParser::ParseWindow(Window& window) {
  if (TakeWord("last")) {
    window.kind = Window::Kind::kLast;
    return ParsePeriod(window.near);
  }
  Advance();
  if (token_.kind == Kind::kDate) {
    window.kind = Window::Kind::kBetweenDates;
    const Token from = token_;
    Advance();
    if (!ParseDateOf(from, window.from) || !ExpectWord("and")) return false;
    if (token_.kind != Kind::kDate) return Expected("the last day, for example 2026-03-31");
    const Token to = token_;
    Advance();
    return ParseDateOf(to, window.to);
  }
  window.kind = Window::Kind::kBetweenAgo;
  if (token_.kind != Kind::kPeriod && token_.kind != Kind::kInteger) {
    return Expected("a day, for example 2026-01-01, or a length of time, for example 30d");
  }
  return ParsePeriod(window.near) && ExpectWord("and") && ParsePeriod(window.far) && ExpectWord("ago");
}

bool RuleParser::ParseFilter(FactFilter& filter, RuleSpans& spans) {
  if (token_.kind != Kind::kName) {
    return Expected("last 90d, between ... and ..., or a field such as store, sku, category, amount");
  }
  filter.field = token_.text;
  spans.operand = token_.span;
  Advance();
  if (!ParseComparison(filter.op, filter.values, spans)) return false;
  spans.whole = Join(spans.operand, last_);
  return true;
}

bool RuleParser::TakeWord(std::string_view word) {
  if (!IsWord(word)) return false;
  Advance();
  return true;
}

bool RuleParser::TakeSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) return false;
  Advance();
  return true;
}

bool RuleParser::ExpectWord(std::string_view word) { return TakeWord(word) || Expected(word); }
bool RuleParser::ExpectSymbol(std::string_view symbol) { return TakeSymbol(symbol) || Expected(symbol); }

bool RuleParser::IsWord(std::string_view word) const {
  return token_.kind == Kind::kName && SameWord(token_.text, word);
}

bool RuleParser::IsSymbol(std::string_view symbol) const {
  return token_.kind == Kind::kSymbol && token_.text == symbol;
}

void RuleParser::Advance() {
  last_ = token_.span;
  token_ = std::move(next_);
  next_ = lexer_.Next();
}

bool RuleParser::Enter() {
  return ++depth_ <= kMostNested || Fail(token_.span, "parentheses and NOT are nested too deeply");
}

bool RuleParser::Expected(std::string_view what, std::string suggestion) {
  if (token_.kind == Kind::kBad) return Fail(token_.span, token_.value);
  return Fail(token_.span, "expected " + std::string(what), std::move(suggestion));
}

bool RuleParser::Fail(Span span, std::string message, std::string suggestion) {
  // The first mistake counts; what follows from it is none of its own.
  if (!std::exchange(failed_, true)) mistake_ = {span, std::move(message), std::move(suggestion)};
  return false;
}

}  // namespace esnaf::segmentation
