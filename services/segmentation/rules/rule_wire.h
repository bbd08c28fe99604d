#pragma once

// Rules between the contract's messages and the tree.
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/rules.pb.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// The tree of a message, which may still be none that CheckRule accepts. INVALID_ARGUMENT naming every part behind
// `prefix` (for example `segment.`) that the tree cannot hold: no node, operand or value, an operator, function, source
// or unit that is none, a date that is none.
absl::StatusOr<Rule> RuleFromProto(const v1::Rule& message, std::string_view prefix = {});
v1::Rule RuleToProto(const Rule& rule);

// How the contract describes an attribute, or a field of a source where there is one.
v1::RuleAttributeInfo AttributeToProto(const Attribute& attribute, std::optional<FactSource> source = std::nullopt);

}  // namespace esnaf::segmentation
