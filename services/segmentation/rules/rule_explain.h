#pragma once

// Why a rule holds of a person or not: each part with what the person has there. Pure.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "services/segmentation/rules/rule_evaluator.h"

namespace esnaf::segmentation {

inline constexpr std::size_t kMaxExplainedFacts = 20;

// An order or a cart that counts for a clause, or the segment that it names.
struct FactExplanation {
  std::string kind;  // `order`, `cart`, `segment`
  std::string id;
  std::optional<Time> time;
  std::optional<Money> value;
};

struct ClauseExplanation {
  std::string path;  // as the contract names it: `rule.group.rules[2]`
  std::string text;
  bool holds = false;
  std::string value;                   // as rules are written; empty where it is absent or the clause is a group
  bool absent = false;                 // which makes every comparison false
  std::vector<FactExplanation> facts;  // the newest, of stores that may be seen
  std::int64_t fact_count = 0;         // of all stores
  std::vector<ClauseExplanation> clauses;
};

// The table must keep the ids of facts. `may_see` says of which stores facts may be named.
ClauseExplanation ExplainRule(const Rule& rule, const PersonTable& table, const RuleContext& context, PersonRow row,
                              const std::function<bool(std::string_view store_id)>& may_see,
                              const std::string& path = "rule");

}  // namespace esnaf::segmentation
