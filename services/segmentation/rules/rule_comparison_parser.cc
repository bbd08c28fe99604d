// The part of the grammar behind operands: operators and values.
#include <charconv>
#include <utility>

#include "services/segmentation/rules/rule_parser.h"

namespace esnaf::segmentation {
namespace {

using Kind = Token::Kind;

struct Sign {
  std::string_view symbol;
  Operator op;
};
constexpr Sign kSigns[] = {{"=", Operator::kEquals},     {"==", Operator::kEquals},
                           {"!=", Operator::kNotEquals}, {"<>", Operator::kNotEquals},
                           {"<", Operator::kLess},       {"<=", Operator::kLessOrEquals},
                           {">", Operator::kGreater},    {">=", Operator::kGreaterOrEquals}};

// The words that operators start with.
const std::vector<std::string>& OperatorWords() {
  static const std::vector<std::string> kWords = {"BETWEEN", "IN",  "NOT",  "IS",          "CONTAINS", "STARTS", "ENDS",
                                                  "MATCHES", "HAS", "MORE", "ANNIVERSARY", "BEFORE",   "AFTER"};
  return kWords;
}

}  // namespace

bool RuleParser::ParseComparison(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  spans.op = token_.span;
  for (const Sign& sign : kSigns) {
    if (!TakeSymbol(sign.symbol)) continue;
    op = sign.op;
    return ParseValue(values, spans);
  }
  const Token word = token_;
  if (word.kind != Kind::kName) return Expected("an operator: = != < <= > >=, IN, IS SET, CONTAINS, HAS and others");
  const bool good = ParseWordOperator(op, values, spans);
  if (good && values.empty()) spans.op = Join(spans.op, last_);
  return good;
}

bool RuleParser::ParseWordOperator(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  const auto with_value = [&](Operator meaning) {
    op = meaning;
    return ParseValue(values, spans);
  };
  if (TakeWord("BETWEEN")) return ParseBetween(op, values, spans);
  if (TakeWord("IN")) return ParseIn(op, values, spans);
  if (TakeWord("NOT")) return ParseNegated(op, values, spans);
  if (TakeWord("HAS")) return ParseHas(op, values, spans);
  if (TakeWord("ANNIVERSARY")) return ParseAnniversary(op, values, spans);
  if (TakeWord("CONTAINS")) return with_value(Operator::kContains);
  if (TakeWord("MATCHES")) return with_value(Operator::kMatches);
  if (TakeWord("BEFORE")) return with_value(Operator::kLess);
  if (TakeWord("AFTER")) return with_value(Operator::kGreater);
  if (TakeWord("STARTS")) return ExpectWord("WITH") && with_value(Operator::kStartsWith);
  if (TakeWord("ENDS")) return ExpectWord("WITH") && with_value(Operator::kEndsWith);
  if (TakeWord("IS")) {
    op = TakeWord("NOT") ? Operator::kIsNotSet : Operator::kIsSet;
    return ExpectWord("SET");
  }
  if (TakeWord("MORE")) {
    op = Operator::kMoreThanAgo;
    return ExpectWord("THAN") && ParsePeriodValue(values, spans) && ExpectWord("AGO");
  }
  return Expected("an operator: = != < <= > >=, IN, IS SET, CONTAINS, HAS and others",
                  NearestWord(token_.text, OperatorWords()));
}

// Two values, or two distances from now.
bool RuleParser::ParseBetween(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  if (token_.kind == Kind::kPeriod) {
    op = Operator::kBetweenAgo;
    return ParsePeriodValue(values, spans) && ExpectWord("AND") && ParsePeriodValue(values, spans) && ExpectWord("AGO");
  }
  op = Operator::kBetween;
  return ParseValue(values, spans) && ExpectWord("AND") && ParseValue(values, spans);
}

bool RuleParser::ParseIn(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  if (TakeWord("LAST")) {
    op = Operator::kInLast;
    return ParsePeriodValue(values, spans);
  }
  if (TakeWord("NEXT")) {
    op = Operator::kInNext;
    return ParsePeriodValue(values, spans);
  }
  if (TakeWord("MONTH")) {
    op = Operator::kInMonth;
    return ParseValue(values, spans);
  }
  op = Operator::kIn;
  if (!IsSymbol("(")) return Expected("( and a list, or LAST, NEXT or MONTH");
  return ParseList(values, spans);
}

bool RuleParser::ParseNegated(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  if (TakeWord("IN")) {
    op = Operator::kNotIn;
    return ParseList(values, spans);
  }
  if (TakeWord("CONTAINS")) {
    op = Operator::kNotContains;
  } else if (TakeWord("MATCHES")) {
    op = Operator::kNotMatches;
  } else if (TakeWord("STARTS")) {
    op = Operator::kNotStartsWith;
    if (!ExpectWord("WITH")) return false;
  } else if (TakeWord("ENDS")) {
    op = Operator::kNotEndsWith;
    if (!ExpectWord("WITH")) return false;
  } else {
    return Expected("IN, CONTAINS, STARTS WITH, ENDS WITH or MATCHES; other negations stand before the attribute");
  }
  return ParseValue(values, spans);
}

bool RuleParser::ParseHas(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  op = Operator::kHasAny;
  if (TakeWord("ANY")) return ParseList(values, spans);
  if (TakeWord("ALL")) {
    op = Operator::kHasAll;
    return ParseList(values, spans);
  }
  if (TakeWord("NONE")) {
    op = Operator::kHasNone;
    return ParseList(values, spans);
  }
  return ParseValue(values, spans);
}

bool RuleParser::ParseAnniversary(Operator& op, std::vector<Value>& values, RuleSpans& spans) {
  if (TakeWord("THIS")) {
    op = Operator::kAnniversaryThisMonth;
    return ExpectWord("MONTH");
  }
  if (!ExpectWord("IN")) return false;
  op = IsWord("NEXT") ? Operator::kAnniversaryInNext : Operator::kAnniversaryInLast;
  if (!TakeWord("NEXT") && !TakeWord("LAST")) return Expected("NEXT or LAST");
  return ParsePeriodValue(values, spans);
}

bool RuleParser::ParseList(std::vector<Value>& values, RuleSpans& spans) {
  if (!ExpectSymbol("(")) return false;
  do {
    if (!ParseValue(values, spans)) return false;
  } while (TakeSymbol(","));
  if (!IsSymbol(")")) return Expected(", or )");
  Advance();
  return true;
}

bool RuleParser::ParseValue(std::vector<Value>& values, RuleSpans& spans) {
  const Token token = token_;
  Value value;
  bool good = true;
  if (token.kind == Kind::kInteger || token.kind == Kind::kDecimal) {
    good = ParseNumber(value);
  } else if (token.kind == Kind::kString) {
    value = token.value;
    Advance();
  } else if (IsWord("true") || IsWord("false")) {
    value = IsWord("true");
    Advance();
  } else if (token.kind == Kind::kDate) {
    Date date;
    Advance();
    good = ParseDateOf(token, date);
    value = date;
  } else if (token.kind == Kind::kTime) {
    const auto time = ParseRfc3339(token.text);
    if (!time.ok()) return Fail(token.span, "is no RFC 3339 time, for example 2026-01-31T09:30:00Z");
    value = *time;
    Advance();
  } else if (token.kind == Kind::kSignedPeriod) {
    Period period;
    Advance();
    good = ReadPeriod(token, period);
    value = period;
  } else if (token.kind == Kind::kPeriod) {
    return Fail(token.span, "is a length of time; a moment has a sign: -90d is ninety days before now",
                "-" + std::string(token.text));
  } else if (token.kind == Kind::kName) {
    return Expected("a value; texts stand in quotation marks", "\"" + std::string(token.text) + "\"");
  } else {
    return Expected("a value");
  }
  if (!good) return false;
  values.push_back(std::move(value));
  spans.values.push_back(Join(token.span, last_));
  return true;
}

// A number, or an amount where a currency follows.
bool RuleParser::ParseNumber(Value& value) {
  const Token token = token_;
  Advance();
  if (token_.kind == Kind::kName && token_.text.size() == 3 && !IsWord("AND")) {
    const auto currency = Currency::Parse(token_.text);
    if (!currency.ok()) return Expected("a currency in three upper-case letters, for example TRY");
    const std::string_view digits = token.text.front() == '+' ? token.text.substr(1) : token.text;
    const auto money = ParseMoney(digits, *currency);
    if (!money.ok()) {
      return Fail(token.span, std::string(money.status().message().data(), money.status().message().size()));
    }
    value = *money;
    Advance();
    return true;
  }
  std::string_view text = token.text;
  if (text.front() == '+') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  if (token.kind == Kind::kInteger) {
    std::int64_t number = 0;
    if (std::from_chars(text.data(), end, number).ec != std::errc()) {
      return Fail(token.span, "is a whole number that does not fit 64 bits");
    }
    value = number;
    return true;
  }
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec != std::errc()) {
    return Fail(token.span, "is a number too great or too small for a decimal of 64 bits");
  }
  value = number;
  return true;
}

bool RuleParser::ParsePeriodValue(std::vector<Value>& values, RuleSpans& spans) {
  const Span start = token_.span;
  Period period;
  if (!ParsePeriod(period)) return false;
  values.emplace_back(period);
  spans.values.push_back(Join(start, last_));
  return true;
}

// `90d`, or `90 days`.
bool RuleParser::ParsePeriod(Period& period) {
  const Token token = token_;
  if (token.kind == Kind::kPeriod) {
    Advance();
    return ReadPeriod(token, period);
  }
  if (token.kind == Kind::kSignedPeriod) {
    return Fail(token.span, "is a moment; a length of time has no sign", std::string(token.text.substr(1)));
  }
  if (token.kind != Kind::kInteger || next_.kind != Kind::kName) {
    return Expected("a length of time, for example 90d, 2w, 3mo or 1y");
  }
  constexpr std::pair<std::string_view, TimeUnit> kUnits[] = {
      {"hour", TimeUnit::kHour}, {"hours", TimeUnit::kHour}, {"day", TimeUnit::kDay},     {"days", TimeUnit::kDay},
      {"week", TimeUnit::kWeek}, {"weeks", TimeUnit::kWeek}, {"month", TimeUnit::kMonth}, {"months", TimeUnit::kMonth},
      {"year", TimeUnit::kYear}, {"years", TimeUnit::kYear}};
  Advance();
  for (const auto& [word, unit] : kUnits) {
    if (!TakeWord(word)) continue;
    period.unit = unit;
    if (std::from_chars(token.text.data(), token.text.data() + token.text.size(), period.count).ec == std::errc()) {
      return true;
    }
    return Fail(token.span, "is too great a number");
  }
  return Expected("hours, days, weeks, months or years");
}

bool RuleParser::ReadPeriod(const Token& token, Period& period) {
  std::string_view text = token.text;
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), period.count);
  if (error != std::errc()) return Fail(token.span, "is too great a number");
  constexpr std::pair<std::string_view, TimeUnit> kUnits[] = {{"h", TimeUnit::kHour},
                                                              {"d", TimeUnit::kDay},
                                                              {"w", TimeUnit::kWeek},
                                                              {"mo", TimeUnit::kMonth},
                                                              {"y", TimeUnit::kYear}};
  const std::string_view letters = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [word, unit] : kUnits) {
    if (SameWord(word, letters)) period.unit = unit;
  }
  return true;
}

bool RuleParser::ParseDateOf(const Token& token, Date& date) {
  const auto parsed = ParseDate(token.text);
  if (!parsed.ok()) return Fail(token.span, "is no day of the calendar");
  date = *parsed;
  return true;
}

}  // namespace esnaf::segmentation
