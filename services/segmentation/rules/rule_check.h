#pragma once

// Whether a rule may stand. Pure: no SQL, no clock, no protobuf.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// A part of a rule that is wrong.
struct RuleMistake {
  std::string path;  // as the contract names it: `rule.group.rules[2].condition.values[0]`
  std::string message;
  std::string suggestion{};  // what may have been meant in the place of what is wrong; empty where nothing is near
  bool operator==(const RuleMistake&) const = default;
};

// Whether a segment can have this id: `[a-z0-9][a-z0-9_-]{0,62}`.
bool IsSegmentId(std::string_view text);

// The first 100 mistakes, in the order of the tree; empty where the rule may stand: depth and size, attributes that
// exist, operators that go with their type, values of the right number and kind, numbers that are finite, amounts of
// one currency, ranges that are not upside down, patterns that compile and stay small. Says nothing about other
// segments that the rule names (see FindCycle).
std::vector<RuleMistake> CheckRule(const Rule& rule, const Catalogue& catalogue);

// The same as OK, or INVALID_ARGUMENT naming each part behind `prefix`, for example `segment.`.
absl::Status ValidateRule(const Rule& rule, const Catalogue& catalogue, std::string_view prefix = {});

}  // namespace esnaf::segmentation
