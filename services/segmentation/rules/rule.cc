#include "services/segmentation/rules/rule.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "libs/base/crypto.h"

namespace esnaf::segmentation {
namespace {

bool IsRelative(Operator op) {
  switch (op) {
    case Operator::kInLast:
    case Operator::kInNext:
    case Operator::kMoreThanAgo:
    case Operator::kBetweenAgo:
    case Operator::kAnniversaryInNext:
    case Operator::kAnniversaryInLast:
    case Operator::kAnniversaryThisMonth:
      return true;
    default:
      return false;
  }
}

void Collect(const Condition& condition, RuleDependencies& dependencies) {
  if (const auto* attribute = std::get_if<AttributeOperand>(&condition.operand)) {
    dependencies.attributes.insert(attribute->key);
  } else if (const auto* aggregate = std::get_if<AggregateOperand>(&condition.operand)) {
    dependencies.sources.insert(aggregate->source);
    const Window::Kind window = aggregate->window.kind;
    if (window == Window::Kind::kLast || window == Window::Kind::kBetweenAgo) dependencies.on_time = true;
  } else if (const auto* segment = std::get_if<SegmentOperand>(&condition.operand)) {
    dependencies.segments.insert(segment->segment_id);
  }
  const auto is_period = [](const Value& value) { return std::holds_alternative<Period>(value); };
  if (IsRelative(condition.op) || std::any_of(condition.values.begin(), condition.values.end(), is_period)) {
    dependencies.on_time = true;
  }
}

std::uint64_t BigEndian(std::span<const std::uint8_t, 8> bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

// The finalizer of SplitMix64: each bit of the number moves about half the bits of the answer.
std::uint64_t Mix(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9u;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EBu;
  return number ^ (number >> 31);
}

void Collect(const Rule& rule, RuleDependencies& dependencies) {
  if (const Condition* condition = rule.condition()) return Collect(*condition, dependencies);
  for (const Rule& part : rule.group()->rules) Collect(part, dependencies);
}

}  // namespace

// Not defaulted: clang 14 cannot make the exception specification of operators that need each other.
bool Group::operator==(const Group& other) const { return combinator == other.combinator && rules == other.rules; }
bool Rule::operator==(const Rule& other) const { return node == other.node; }

RuleDependencies DependenciesOf(const Rule& rule) {
  RuleDependencies dependencies;
  Collect(rule, dependencies);
  return dependencies;
}

Sampler::Sampler(const SampleOperand& sample) : basis_points_(static_cast<std::uint64_t>(sample.basis_points)) {
  const std::string digest = Sha256(sample.seed);
  std::array<std::uint8_t, 8> bytes;
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  seed_ = BigEndian(bytes);
}

bool Sampler::Takes(const Uuid& contact_id) const {
  const std::span<const std::uint8_t, 16> bytes(contact_id.bytes());
  return Mix(Mix(seed_ ^ BigEndian(bytes.first<8>())) ^ BigEndian(bytes.last<8>())) % 10000 < basis_points_;
}

std::vector<std::string> FindCycle(const std::string& segment_id, const std::set<std::string>& to,
                                   const std::map<std::string, std::set<std::string>>& references) {
  // Each segment that can be reached, with the one from which it was reached first. No recursion: chains are as long
  // as there are segments.
  std::map<std::string, std::string> reached_from;
  std::vector<std::string> open;
  const auto reach = [&](const std::string& id, const std::string& from) {
    if (reached_from.emplace(id, from).second) open.push_back(id);
  };
  for (const std::string& id : to) reach(id, segment_id);
  while (!open.empty() && !reached_from.contains(segment_id)) {
    const std::string id = std::move(open.back());
    open.pop_back();
    const auto found = references.find(id);
    if (found == references.end()) continue;
    for (const std::string& next : found->second) reach(next, id);
  }
  if (!reached_from.contains(segment_id)) return {};
  std::vector<std::string> cycle = {segment_id};
  for (std::string id = reached_from[segment_id]; id != segment_id; id = reached_from[id]) cycle.push_back(id);
  cycle.push_back(segment_id);
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

}  // namespace esnaf::segmentation
