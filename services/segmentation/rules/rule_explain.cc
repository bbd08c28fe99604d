#include "services/segmentation/rules/rule_explain.h"

#include <algorithm>

#include "services/segmentation/rules/fact_judgement.h"
#include "services/segmentation/rules/rule_print.h"

namespace esnaf::segmentation {
namespace {

using Text = PersonTable::Text;

std::string ListText(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& element : list) {
    if (!text.empty()) text += ", ";
    text += QuoteRuleText(element);
  }
  return text;
}

void AddFacts(const Observation& observation, const PersonTable& table,
              const std::function<bool(std::string_view)>& may_see, ClauseExplanation& clause) {
  const FactColumns& columns = FactsOf(table, observation.source);
  // What one of them is called: `order` of `orders`.
  std::string_view kind = NameOf(observation.source);
  kind.remove_suffix(1);
  clause.fact_count = static_cast<std::int64_t>(observation.facts.size());
  std::vector<std::uint32_t> newest = observation.facts;
  std::stable_sort(newest.begin(), newest.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return columns.TimeMicros(a) > columns.TimeMicros(b); });
  for (const std::uint32_t fact : newest) {
    const Shape& shape = table.shapes()[columns.ShapeOf(fact)];
    if (!may_see(table.texts(Text::kStore).TextOf(shape.store))) continue;
    if (clause.facts.size() == kMaxExplainedFacts) break;
    const absl::StatusOr<Currency> currency = Currency::Parse(table.texts(Text::kCurrency).TextOf(shape.currency));
    clause.facts.push_back(
        {.kind = std::string(kind), .id = columns.IdOf(fact).ToString(), .time = TimeOf(columns.TimeMicros(fact))});
    if (currency.ok()) clause.facts.back().value = Money{columns.NetMinor(fact), *currency};
  }
}

}  // namespace

ClauseExplanation ExplainRule(const Rule& rule, const PersonTable& table, const RuleContext& context, PersonRow row,
                              const std::function<bool(std::string_view store_id)>& may_see, const std::string& path) {
  ClauseExplanation clause{.path = path, .text = PrintRule(rule)};
  if (const Condition* condition = rule.condition()) {
    const Observation observation = Observe(*condition, table, context, row);
    clause.holds = observation.holds;
    clause.absent = observation.absent;
    if (observation.value) clause.value = PrintValue(*observation.value);
    if (!observation.list.empty()) clause.value = ListText(observation.list);
    AddFacts(observation, table, may_see, clause);
    if (const auto* segment = std::get_if<SegmentOperand>(&condition->operand); segment && clause.holds) {
      clause.facts.push_back({.kind = "segment", .id = segment->segment_id});
      clause.fact_count = 1;
    }
    return clause;
  }
  clause.holds = RuleEvaluator(rule, table, context).HoldsOf(row);
  for (std::size_t i = 0; i < rule.group()->rules.size(); ++i) {
    clause.clauses.push_back(
        ExplainRule(rule.group()->rules[i], table, context, row, may_see, absl::StrCat(path, ".group.rules[", i, "]")));
  }
  return clause;
}

}  // namespace esnaf::segmentation
