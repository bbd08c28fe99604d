#pragma once

// The grammar of the text form. Use ParseRule (rule_text.h), which checks what was read too.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"
#include "services/segmentation/rules/rule_lexer.h"

namespace esnaf::segmentation {

// Where the parts of a rule stand in its text; as deep as the rule.
struct RuleSpans {
  Span whole;
  // Of a condition or filter.
  Span operand;
  Span op;
  std::vector<Span> values;
  // The rules of a group, or the filters of an aggregate.
  std::vector<RuleSpans> parts;
};

struct SyntaxMistake {
  Span span;
  std::string message;
  std::string suggestion;
};

class RuleParser {
 public:
  // The text is clean UTF-8. The catalogue makes `contact.city` of `city`.
  RuleParser(std::string_view text, const Catalogue& catalogue);

  // The tree, which may still be none that CheckRule accepts; or nothing, and then there is a mistake.
  std::optional<Rule> ParseAll(RuleSpans& spans);
  const SyntaxMistake& mistake() const { return mistake_; }

 private:
  // Each reads its piece from the current token on and answers whether it could; a mistake is noted where not.
  bool ParseExpression(Rule& rule, RuleSpans& spans);
  bool ParseTerm(Rule& rule, RuleSpans& spans);
  bool ParseNot(Rule& rule, RuleSpans& spans);
  bool ParseParentheses(Rule& rule, RuleSpans& spans);
  bool ParseCombined(Combinator combinator, Rule& rule, RuleSpans& spans);
  bool ParseCondition(Rule& rule, RuleSpans& spans);
  bool ParseOperand(Operand& operand, RuleSpans& spans);
  bool ParseSegment(Operand& operand);
  bool ParseSample(Operand& operand);
  bool ParseLength(Operand& operand);
  bool ParseAggregate(const Token& name, FactSource source, Operand& operand, RuleSpans& spans);
  bool ParseArguments(AggregateOperand& aggregate, RuleSpans& spans);
  bool ParseWindow(Window& window);
  bool ParseFilter(FactFilter& filter, RuleSpans& spans);
  bool ParseComparison(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseWordOperator(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseBetween(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseIn(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseNegated(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseHas(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseAnniversary(Operator& op, std::vector<Value>& values, RuleSpans& spans);
  bool ParseList(std::vector<Value>& values, RuleSpans& spans);
  bool ParseValue(std::vector<Value>& values, RuleSpans& spans);
  bool ParseNumber(Value& value);
  bool ParsePeriodValue(std::vector<Value>& values, RuleSpans& spans);
  bool ParsePeriod(Period& period);
  bool ReadPeriod(const Token& token, Period& period);
  bool ParseDateOf(const Token& token, Date& date);

  // The current token is consumed where it is the word or symbol.
  bool TakeWord(std::string_view word);
  bool TakeSymbol(std::string_view symbol);
  bool ExpectWord(std::string_view word);
  bool ExpectSymbol(std::string_view symbol);
  bool IsWord(std::string_view word) const;
  bool IsSymbol(std::string_view symbol) const;
  bool IsCombinatorCall(Combinator& combinator) const;
  void Advance();
  bool Enter();
  void Leave() { --depth_; }
  // Notes what was expected at the current token; false.
  bool Expected(std::string_view what, std::string suggestion = {});
  bool Fail(Span span, std::string message, std::string suggestion = {});

  const Catalogue& catalogue_;
  RuleLexer lexer_;
  Token token_;
  Token next_;
  Span last_;  // the token before the current one
  SyntaxMistake mistake_;
  bool failed_ = false;
  int depth_ = 0;
};

}  // namespace esnaf::segmentation
