#pragma once

// Private to the evaluator: a condition, prepared for one table. Conditions narrow a selection of rows block by block,
// or tell what one row has.
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "services/segmentation/people/person_table.h"
#include "services/segmentation/rules/rule_evaluator.h"

namespace esnaf::segmentation {

// Rows of one block that are still in question.
struct Selection {
  std::array<std::uint64_t, kBlockRows / 64> words;
};

class RuleNode {
 public:
  virtual ~RuleNode() = default;
  // Takes the rows out of the selection of which the condition does not hold.
  virtual void Narrow(std::uint32_t block, Selection& selection) const = 0;
  virtual Observation Observe(PersonRow row) const = 0;
  // How long a row takes, in about nanoseconds: what is cheap goes first.
  virtual int cost() const = 0;
};

// Keeps the rows for which `test(place in the block)` holds. What a test says is as good as random, so no branch asks.
template <typename Test>
void KeepIf(Selection& selection, const Test& test) {
  for (std::uint32_t word = 0; word < selection.words.size(); ++word) {
    std::uint64_t kept = selection.words[word];
    for (std::uint64_t rest = kept; rest != 0; rest &= rest - 1) {
      const int bit = std::countr_zero(rest);
      const bool holds = test(word * 64 + static_cast<std::uint32_t>(bit));
      kept &= ~(std::uint64_t{!holds} << bit);
    }
    selection.words[word] = kept;
  }
}

std::unique_ptr<RuleNode> MakeAttributeNode(const Condition& condition, const PersonTable& table,
                                            const RuleReference& reference);
// rule_evaluator_facts.cc: conditions over orders, or over carts; at least one. All must hold, or any.
std::unique_ptr<RuleNode> MakeAggregatesNode(const std::vector<const Condition*>& conditions, bool all,
                                             const PersonTable& table, const RuleContext& context);

}  // namespace esnaf::segmentation
