// What may stand in a segment, and segments between the contract and our own types.
#include "services/segmentation/segments/segment.h"

#include <rapidcheck.h>

#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "services/segmentation/rules/test_rules.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {
namespace {

using References = std::map<std::string, std::set<std::string>>;

Segment RuleSegment(const std::string& id, Rule rule) {
  return {.id = id, .kind = SegmentKind::kRule, .rule = std::move(rule)};
}

Rule Naming(const std::string& id) { return {Condition{SegmentOperand{id}, Operator::kHolds, {}}}; }

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(status)) fields.push_back(field);
  return fields;
}

TEST_CASE("every field of a segment is checked, and all that is wrong is said") {
  CHECK_OK(ValidateSegment(RuleSegment("loyal-2026", Naming("a")), TestCatalogue()));
  CHECK_OK(ValidateSegment({.id = "list", .kind = SegmentKind::kStatic}, TestCatalogue()));
  const Segment wrong{.id = "",
                      .display_name = std::string(kMaxSegmentNameBytes + 1, 'a'),
                      .kind = SegmentKind::kStatic,
                      .rule = Rule{Condition{AttributeOperand{"contact.city"}, Operator::kEquals, {true}}},
                      .store_id = "Ş",
                      .time_zone = "Mars"};
  CHECK(FieldsOf(ValidateSegment(wrong, TestCatalogue())) ==
        std::vector<std::string>{"segment.id", "segment.display_name", "segment.store_id", "segment.time_zone",
                                 "segment.rule", "segment.rule.condition.values[0]"});
  CHECK(FieldsOf(ValidateSegment({.id = "a", .display_name = "\xff"}, TestCatalogue())) ==
        std::vector<std::string>{"segment.display_name", "segment.rule"});
}

TEST_CASE("references must exist and lead to an end") {
  const References references = {{"b", {"c"}}, {"c", {}}};
  CHECK_OK(ValidateReferences(RuleSegment("a", Naming("b")), references));
  CHECK_STATUS_IS(ValidateReferences(RuleSegment("a", Naming("x")), references), absl::StatusCode::kInvalidArgument,
                  "\"x\", which does not exist");
  CHECK_STATUS_IS(ValidateReferences(RuleSegment("c", Naming("b")), references), absl::StatusCode::kInvalidArgument,
                  "c -> b -> c");
  CHECK_STATUS_IS(ValidateReferences(RuleSegment("a", Naming("a")), references), absl::StatusCode::kInvalidArgument,
                  "a -> a");
}

TEST_CASE("only what can change the people needs another count") {
  const Segment segment = RuleSegment("a", Naming("b"));
  Segment other = segment;
  other.display_name = "another";
  CHECK(SelectsAlike(segment, other));
  other.store_id = "web";
  CHECK_FALSE(SelectsAlike(segment, other));
  CHECK_FALSE(SelectsAlike(segment, RuleSegment("a", Naming("c"))));
}

TEST_CASE("a segment goes to the contract and back, and as it is stored") {
  REQUIRE(rc::check("random rules", [](std::uint64_t seed) {
    Segment segment = RuleSegment("a", RandomRules(seed).Next());
    segment.display_name = "İlkbahar \"26\"";
    segment.store_id = "web";
    segment.time_zone = "Europe/Berlin";
    const absl::StatusOr<Segment> by_tree = SegmentFromProto(SegmentToProto(segment), TestCatalogue());
    if (!by_tree.ok()) RC_FAIL(testing::DescribeStatus(by_tree.status()));
    RC_ASSERT(*by_tree == segment);
    v1::Segment text = SegmentToProto(segment);
    text.clear_rule();
    RC_ASSERT(*SegmentFromProto(text, TestCatalogue()) == segment);
    RC_ASSERT(*SegmentFromJson(SegmentToJson(segment)) == segment);
  }));
  const Segment list{.id = "list", .kind = SegmentKind::kStatic};
  CHECK(*SegmentFromJson(SegmentToJson(list)) == list);
  CHECK(SegmentFromProto(SegmentToProto(list), TestCatalogue())->kind == SegmentKind::kStatic);
  CHECK_STATUS_IS(SegmentFromJson("{"), absl::StatusCode::kInternal, "cannot be read");
  // What a newer version of the service wrote beside.
  CHECK(SegmentFromJson(R"({"id": "list", "kind": "SEGMENT_KIND_STATIC", "colour": "red"})")->id == "list");
}

}  // namespace
}  // namespace esnaf::segmentation
