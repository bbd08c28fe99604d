#pragma once

// Writes rules as text, in the one canonical form of each (docs/rules.md has the language).
#include <string>
#include <string_view>

#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// A text that ParseRule reads as an equal tree. The rule must be one that CheckRule finds nothing wrong with.
std::string PrintRule(const Rule& rule);
// A condition's operand, for example `orders.count(last 90d)`.
std::string PrintOperand(const Operand& operand);
// A value as it stands behind an operator, for example `"vip"`, `1500.00 TRY`, `-90d`.
std::string PrintValue(const Value& value);
// In quotation marks, with escapes.
std::string QuoteRuleText(std::string_view text);

// How the text form writes an operator, for example `STARTS WITH`.
std::string_view NameOf(Operator op);
std::string_view NameOf(FactSource source);  // `orders`
std::string_view NameOf(Function function);  // `count`

}  // namespace esnaf::segmentation
