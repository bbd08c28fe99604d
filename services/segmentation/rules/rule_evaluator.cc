#include "services/segmentation/rules/rule_evaluator.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "services/segmentation/rules/rule_node.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kWords = kBlockRows / 64;

bool IsEmpty(const Selection& selection) {
  return std::all_of(selection.words.begin(), selection.words.end(), [](std::uint64_t word) { return word == 0; });
}

// Membership in another segment: a bit a row.
class SegmentNode final : public RuleNode {
 public:
  SegmentNode(const PersonSet* members, const PersonTable& table) : bits_(table.live().size()) {
    if (members == nullptr) return;
    std::vector<std::uint32_t> rows(members->cardinality());
    members->toUint32Array(rows.data());
    for (const std::uint32_t row : rows) {
      if (row / 64 < bits_.size()) bits_[row / 64] |= std::uint64_t{1} << (row % 64);
    }
  }
  void Narrow(std::uint32_t block, Selection& selection) const override {
    for (std::size_t i = 0; i < kWords; ++i) selection.words[i] &= bits_[block * kWords + i];
  }
  Observation Observe(PersonRow row) const override {
    const bool holds = (bits_[row / 64] >> (row % 64) & 1) != 0;
    return {.holds = holds, .value = Value(holds)};
  }
  int cost() const override { return 0; }

 private:
  std::vector<std::uint64_t> bits_;
};

class SampleNode final : public RuleNode {
 public:
  SampleNode(const SampleOperand& sample, const PersonTable& table) : sampler_(sample), table_(table) {}
  void Narrow(std::uint32_t block, Selection& selection) const override {
    const PersonRow first = block * kBlockRows;
    KeepIf(selection, [&](std::uint32_t i) { return sampler_.Takes(table_.ContactOf(first + i)); });
  }
  Observation Observe(PersonRow row) const override {
    const bool holds = sampler_.Takes(table_.ContactOf(row));
    return {.holds = holds, .value = Value(holds)};
  }
  int cost() const override { return 4; }

 private:
  Sampler sampler_;
  const PersonTable& table_;
};

std::unique_ptr<RuleNode> MakeNode(const Rule& rule, const PersonTable& table, const RuleContext& context);

class GroupNode final : public RuleNode {
 public:
  GroupNode(const Group& group, const PersonTable& table, const RuleContext& context) : combinator_(group.combinator) {
    // Conditions over orders, and those over carts, are asked together.
    std::map<FactSource, std::vector<const Condition*>> aggregates;
    for (const Rule& rule : group.rules) {
      const Condition* condition = rule.condition();
      const auto* operand = condition == nullptr ? nullptr : std::get_if<AggregateOperand>(&condition->operand);
      if (operand == nullptr) {
        parts_.push_back(MakeNode(rule, table, context));
      } else {
        aggregates[operand->source].push_back(condition);
      }
    }
    const bool all = combinator_ == Combinator::kAll;
    for (const auto& [source, some] : aggregates) parts_.push_back(MakeAggregatesNode(some, all, table, context));
    std::stable_sort(parts_.begin(), parts_.end(), [](const auto& a, const auto& b) { return a->cost() < b->cost(); });
  }

  void Narrow(std::uint32_t block, Selection& selection) const override {
    if (combinator_ == Combinator::kAll) {
      for (const auto& part : parts_) {
        if (IsEmpty(selection)) return;
        part->Narrow(block, selection);
      }
      return;
    }
    // Who satisfies a part is not asked about the next.
    Selection rest = selection;
    for (const auto& part : parts_) {
      if (IsEmpty(rest)) break;
      Selection holding = rest;
      part->Narrow(block, holding);
      for (std::size_t i = 0; i < kWords; ++i) rest.words[i] &= ~holding.words[i];
    }
    for (std::size_t i = 0; i < kWords; ++i) {
      selection.words[i] = combinator_ == Combinator::kNone ? rest.words[i] : selection.words[i] & ~rest.words[i];
    }
  }

  Observation Observe(PersonRow row) const override {
    const auto holds = [&](const auto& part) { return part->Observe(row).holds; };
    if (combinator_ == Combinator::kAll) return {.holds = std::all_of(parts_.begin(), parts_.end(), holds)};
    const bool any = std::any_of(parts_.begin(), parts_.end(), holds);
    return {.holds = any == (combinator_ == Combinator::kAny)};
  }

  int cost() const override {
    int sum = 0;
    for (const auto& part : parts_) sum += part->cost();
    return sum;
  }

 private:
  Combinator combinator_;
  std::vector<std::unique_ptr<RuleNode>> parts_;
};

std::unique_ptr<RuleNode> MakeConditionNode(const Condition& condition, const PersonTable& table,
                                            const RuleContext& context) {
  if (const auto* segment = std::get_if<SegmentOperand>(&condition.operand)) {
    const PersonSet* members = context.members_of ? context.members_of(segment->segment_id) : nullptr;
    return std::make_unique<SegmentNode>(members, table);
  }
  if (const auto* sample = std::get_if<SampleOperand>(&condition.operand)) {
    return std::make_unique<SampleNode>(*sample, table);
  }
  if (std::holds_alternative<AggregateOperand>(condition.operand)) {
    return MakeAggregatesNode({&condition}, true, table, context);
  }
  return MakeAttributeNode(condition, table, context.reference);
}

std::unique_ptr<RuleNode> MakeNode(const Rule& rule, const PersonTable& table, const RuleContext& context) {
  if (const Condition* condition = rule.condition()) return MakeConditionNode(*condition, table, context);
  return std::make_unique<GroupNode>(*rule.group(), table, context);
}

// The rows of a selection, added to a list.
void AppendRows(std::uint32_t block, const Selection& selection, std::vector<PersonRow>& rows) {
  for (std::uint32_t word = 0; word < kWords; ++word) {
    for (std::uint64_t rest = selection.words[word]; rest != 0; rest &= rest - 1) {
      rows.push_back(block * kBlockRows + word * 64 + static_cast<std::uint32_t>(std::countr_zero(rest)));
    }
  }
}

}  // namespace

RuleEvaluator::RuleEvaluator(const Rule& rule, const PersonTable& table, const RuleContext& context)
    : table_(table), stopped_(context.stopped), root_(MakeNode(rule, table, context)) {}

RuleEvaluator::~RuleEvaluator() = default;

void RuleEvaluator::VisitBlocks(
    int threads, const std::function<void(std::uint32_t block, const std::vector<PersonRow>& rows)>& visit) const {
  const auto blocks = static_cast<std::uint32_t>(table_.live().size() / kWords);
  std::atomic<std::uint32_t> next = 0;
  const auto work = [&] {
    std::vector<PersonRow> rows;
    for (std::uint32_t block = next++; block < blocks; block = next++) {
      if (stopped_ && stopped_()) return;
      Selection selection;
      std::copy_n(table_.live().begin() + static_cast<std::ptrdiff_t>(block * kWords), kWords, selection.words.begin());
      root_->Narrow(block, selection);
      rows.clear();
      AppendRows(block, selection, rows);
      visit(block, rows);
    }
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < std::min<int>(threads, static_cast<int>(blocks)); ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

PersonSet RuleEvaluator::Evaluate(int threads) const {
  std::vector<std::vector<PersonRow>> blocks(table_.live().size() / kWords);
  VisitBlocks(threads, [&](std::uint32_t block, const std::vector<PersonRow>& rows) { blocks[block] = rows; });
  PersonSet members;
  for (const std::vector<PersonRow>& rows : blocks) members.addMany(rows.size(), rows.data());
  return members;
}

bool RuleEvaluator::HoldsOf(PersonRow row) const { return root_->Observe(row).holds; }

Observation Observe(const Condition& condition, const PersonTable& table, const RuleContext& context, PersonRow row) {
  return MakeConditionNode(condition, table, context)->Observe(row);
}

}  // namespace esnaf::segmentation
