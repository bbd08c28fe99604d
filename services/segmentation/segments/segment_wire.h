#pragma once

// Segments between the contract's messages and our own types.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/events.pb.h"
#include "esnaf/segmentation/v1/segments.pb.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/segments/segment.h"

namespace esnaf::segmentation {

// The rule of a request that may give it as a tree or as text; where both are given, the tree counts. INVALID_ARGUMENT
// naming the parts of the tree (`rule...`), or `rule_text` with each mistake's line and column, behind `prefix`.
absl::StatusOr<Rule> RuleFrom(const v1::Rule* tree, const std::string& text, const Catalogue& catalogue,
                              std::string_view prefix);

// INVALID_ARGUMENT naming fields under `segment.`; ValidateSegment says the rest.
absl::StatusOr<Segment> SegmentFromProto(const v1::Segment& message, const Catalogue& catalogue);
// What a firm writes, with the rule's text.
v1::Segment SegmentToProto(const Segment& segment);
// And what is stored besides.
v1::Segment RecordToProto(const SegmentRecord& record);
std::string SegmentEtagOf(const SegmentRecord& record);

// As it is stored: JSON of the message, without the text of the rule.
std::string SegmentToJson(const Segment& segment);
// INTERNAL where it cannot be read.
absl::StatusOr<Segment> SegmentFromJson(std::string_view json);

v1::SegmentMember MembershipToProto(const Membership& membership);
v1::SegmentSnapshot SnapshotToProto(const SegmentSnapshot& snapshot);
v1::SegmentEntered EnteredToProto(const SegmentRecord& record, const Uuid& contact, Time as_of);
v1::SegmentLeft LeftToProto(const SegmentRecord& record, const Uuid& contact, Time as_of);

// What was read of a text, or the mistakes in it.
v1::ParseRuleResponse ParsedToProto(const ParsedRule& parsed);
// The same of a tree.
v1::ParseRuleResponse CheckedToProto(const Rule& rule, const Catalogue& catalogue);

}  // namespace esnaf::segmentation
