#include "services/segmentation/segments/membership.h"

#include <algorithm>

#include "services/segmentation/people/person_record.h"

namespace esnaf::segmentation {
namespace {

// Depth first; the references have no circle (ValidateReferences), and a segment that is being visited is passed over.
void Visit(const std::string& id, const std::map<std::string, std::set<std::string>>& references,
           std::set<std::string>& visited, std::vector<std::string>& order) {
  const auto found = references.find(id);
  if (found == references.end() || !visited.insert(id).second) return;
  for (const std::string& to : found->second) Visit(to, references, visited, order);
  order.push_back(id);
}

}  // namespace

MembershipEvaluator::MembershipEvaluator(const std::vector<SegmentRecord>& records, const PersonTable& table,
                                         int threads)
    : table_(table), threads_(threads) {
  for (const SegmentRecord& record : records) records_.emplace(record.segment.id, &record);
}

const PersonSet* MembershipEvaluator::MembersOf(const std::string& segment_id) {
  if (const auto known = members_.find(segment_id); known != members_.end()) return &known->second;
  const auto record = records_.find(segment_id);
  if (record == records_.end()) return nullptr;
  PersonSet members;
  if (record->second->as_of) members = Evaluate(*record->second);
  return &members_.emplace(segment_id, std::move(members)).first->second;
}

bool MembershipEvaluator::IsCounted(const std::string& segment_id) const {
  const auto record = records_.find(segment_id);
  return record != records_.end() && record->second->segment.kind == SegmentKind::kRule &&
         record->second->as_of.has_value();
}

RuleContext MembershipEvaluator::ContextOf(const Segment& segment, Time as_of) {
  // A zone that was checked when the segment was saved loads.
  return {.reference = {.as_of = as_of, .zone = TimeZone::Load(segment.time_zone).value_or(TimeZone::Utc())},
          .store_id = segment.store_id,
          .members_of = [this](const std::string& id) { return MembersOf(id); }};
}

PersonSet MembershipEvaluator::Evaluate(const SegmentRecord& record) {
  if (record.segment.kind == SegmentKind::kStatic) return OnList(record.segment.id);
  if (!record.segment.rule) return PersonSet();
  return RuleEvaluator(*record.segment.rule, table_, ContextOf(record.segment, *record.as_of)).Evaluate(threads_);
}

PersonSet MembershipEvaluator::OnList(const std::string& segment_id) const {
  PersonSet members;
  const std::optional<std::size_t> index = table_.FindColumn(std::string(kStaticSegmentsKey));
  if (!index) return members;
  const AttributeColumn& lists = table_.column(*index);
  const TextCode code = lists.dictionary().Find(segment_id);
  if (code == kNoText) return members;
  for (PersonRow row = 0; row < table_.row_end(); ++row) {
    for (std::uint32_t i = 0; i < lists.ListSize(row); ++i) {
      if (lists.ListElement(row, i) == code) members.add(row);
    }
  }
  return members;
}

std::vector<std::string> InDependencyOrder(const std::vector<SegmentRecord>& records) {
  std::map<std::string, std::set<std::string>> references;
  for (const SegmentRecord& record : records) references[record.segment.id] = ReferencesOf(record.segment);
  std::set<std::string> visited;
  std::vector<std::string> order;
  for (const SegmentRecord& record : records) Visit(record.segment.id, references, visited, order);
  return order;
}

std::set<std::string> WithDependents(const std::vector<SegmentRecord>& records, const std::set<std::string>& ids) {
  std::map<std::string, std::set<std::string>> references;
  for (const SegmentRecord& record : records) references[record.segment.id] = ReferencesOf(record.segment);
  std::set<std::string> all = ids;
  // In this order a segment is looked at after all that it names.
  for (const std::string& id : InDependencyOrder(records)) {
    const std::set<std::string>& to = references[id];
    if (std::any_of(to.begin(), to.end(), [&](const std::string& named) { return all.contains(named); }))
      all.insert(id);
  }
  return all;
}

bool DependsOnTime(const Segment& segment) { return segment.rule && DependenciesOf(*segment.rule).on_time; }

}  // namespace esnaf::segmentation
