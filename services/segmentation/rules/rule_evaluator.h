#pragma once

// Evaluates rules over a PersonTable: over everybody for previews and recounts, over one person or a few for increments
// and explanations, always by the same code. Pure: facts, the reference time and who is in other segments decide.
//
// Cost: a clause over an attribute takes some 2 ns a person, an aggregate some 10 to 20 ns a person of five orders, of
// which only the newest are looked at where a window begins behind the others; ALL asks the cheap clauses first and the
// others only of whom they left. Blocks of people are shared among threads.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/segmentation/people/person_set.h"
#include "services/segmentation/people/person_table.h"
#include "services/segmentation/rules/rule.h"
#include "services/segmentation/rules/rule_comparison.h"

namespace esnaf::segmentation {

struct RuleContext {
  RuleReference reference;
  // Only facts of this store count; all where empty.
  std::string store_id;
  // Who of the table is in another segment; null where there is no such segment, which nobody is in then.
  std::function<const PersonSet*(const std::string& segment_id)> members_of;
  // Asked before each block of everybody, by several threads at once: true where nobody waits for the answer any more.
  // What is answered then is of no use. Never where empty.
  std::function<bool()> stopped{};
};

// What one person has where a condition asks, and whether it holds.
struct Observation {
  bool holds = false;
  // What is compared; nullopt where it is absent, or a list. An average is rounded towards zero.
  std::optional<Value> value;
  std::vector<std::string> list;  // where it is a list
  bool absent = false;
  // The orders or carts that count, by their numbers in the table's columns.
  FactSource source = FactSource::kOrders;
  std::vector<std::uint32_t> facts;
};

class RuleNode;

// A rule, or a part of one, prepared for a table as it is now. The rule must be valid (CheckRule). The table must
// outlive it and must not change meanwhile.
class RuleEvaluator {
 public:
  RuleEvaluator(const Rule& rule, const PersonTable& table, const RuleContext& context);
  ~RuleEvaluator();

  // Everybody of whom the rule holds, by at most so many threads.
  PersonSet Evaluate(int threads = 1) const;
  // The same block by block: `visit` gets the rows of one block, ascending; from several threads at once, each block
  // once.
  void VisitBlocks(int threads,
                   const std::function<void(std::uint32_t block, const std::vector<PersonRow>& rows)>& visit) const;
  bool HoldsOf(PersonRow row) const;

 private:
  const PersonTable& table_;
  std::function<bool()> stopped_;
  std::unique_ptr<RuleNode> root_;
};

// One condition of one person.
Observation Observe(const Condition& condition, const PersonTable& table, const RuleContext& context, PersonRow row);

}  // namespace esnaf::segmentation
