#pragma once

// Whom a rule would take in. Pure.
#include <map>
#include <string>
#include <vector>

#include "libs/base/uuid.h"
#include "services/segmentation/rules/rule_evaluator.h"

namespace esnaf::segmentation {

struct SegmentPreview {
  std::int64_t member_count = 0;
  std::int64_t person_count = 0;
  std::vector<Uuid> sample;  // up to ten members, evenly over all; the same as long as nobody changes
  // The net value of the members' orders of all time in minor units, by currency.
  std::map<std::string, std::int64_t> total_values;
};

// The rule must be valid. Only orders of the context's store count, where it has one.
SegmentPreview PreviewOf(const Rule& rule, const PersonTable& table, const RuleContext& context, int threads);

}  // namespace esnaf::segmentation
