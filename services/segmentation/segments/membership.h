#pragma once

// Who is in which segment, as a pure function of the facts in a table and of each segment's reference time. Pure: no
// SQL, no clock, no protobuf.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/segmentation/people/person_set.h"
#include "services/segmentation/people/person_table.h"
#include "services/segmentation/rules/rule_evaluator.h"
#include "services/segmentation/segments/segment.h"

namespace esnaf::segmentation {

// Members of segments among the people of one table.
using SegmentMembers = std::map<std::string, PersonSet>;

// Evaluates segments over one table, each once and after those that it names. A segment that was not counted yet has no
// members, for itself and for others.
class MembershipEvaluator {
 public:
  // `records` are all segments there are. They, the table and its lock must outlive the evaluator.
  MembershipEvaluator(const std::vector<SegmentRecord>& records, const PersonTable& table, int threads = 1);

  // As of the segment's own reference time. Null where there is no such segment.
  const PersonSet* MembersOf(const std::string& segment_id);
  // Whether it has a rule and was counted.
  bool IsCounted(const std::string& segment_id) const;
  // What rules of this segment are evaluated in.
  RuleContext ContextOf(const Segment& segment, Time as_of);

 private:
  PersonSet Evaluate(const SegmentRecord& record);
  PersonSet OnList(const std::string& segment_id) const;

  std::map<std::string, const SegmentRecord*> records_;
  const PersonTable& table_;
  int threads_;
  SegmentMembers members_;
};

// The segments in an order in which each comes after those that it names.
std::vector<std::string> InDependencyOrder(const std::vector<SegmentRecord>& records);
// Those of `ids` and all that name them, directly or through others.
std::set<std::string> WithDependents(const std::vector<SegmentRecord>& records, const std::set<std::string>& ids);
// Whether time alone can change who is in it.
bool DependsOnTime(const Segment& segment);

}  // namespace esnaf::segmentation
