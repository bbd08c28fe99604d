#pragma once

// Which orders, carts, tickets, answers and lines pass the filters of a condition. What many facts have in common
// (store, state, item) is judged once for each combination that there is. Private to the evaluator; pure.
#include <cstdint>
#include <string>
#include <vector>

#include "services/segmentation/people/person_table.h"
#include "services/segmentation/rules/rule.h"
#include "services/segmentation/rules/rule_comparison.h"
#include "services/segmentation/rules/rule_evaluator.h"

namespace esnaf::segmentation {

// Where the facts of a source lie.
const FactColumns& FactsOf(const PersonTable& table, FactSource source);

struct Judgement {
  // By the numbers of shapes and items: 1 where they pass.
  std::vector<std::uint8_t> shapes;
  // Empty where no filter asks about lines.
  std::vector<std::uint8_t> items;
  // Whether only what stayed sold counts: orders that are worth something, lines of which pieces were not returned.
  bool only_kept = false;
  // What a fact's value must be.
  std::vector<ScalarComparison> amounts;
};

// `currency_code` is that of the amounts which the condition compares with; empty for any.
Judgement JudgeFacts(const AggregateOperand& aggregate, const PersonTable& table, const RuleContext& context,
                     const std::string& currency_code);

}  // namespace esnaf::segmentation
