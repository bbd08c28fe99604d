#include "services/segmentation/rules/rule_wire.h"

#include <rapidcheck.h>

#include "google/protobuf/util/json_util.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "services/segmentation/rules/rule_print.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/rules/test_rules.h"

namespace esnaf::segmentation {
namespace {

std::vector<std::string> PathsOf(const v1::Rule& message) {
  std::vector<std::string> paths;
  for (const auto& [field, description] : ErrorFields(RuleFromProto(message, "segment.").status())) {
    paths.push_back(field);
  }
  return paths;
}

TEST_CASE("a rule goes to the contract and back, also as bytes and as JSON") {
  REQUIRE(rc::check("random rules", [](std::uint64_t seed) {
    const Rule rule = RandomRules(seed).Next();
    const v1::Rule message = RuleToProto(rule);
    v1::Rule copy;
    RC_ASSERT(copy.ParseFromString(message.SerializeAsString()));
    const absl::StatusOr<Rule> back = RuleFromProto(copy);
    if (!back.ok()) RC_FAIL(testing::DescribeStatus(back.status()));
    if (*back != rule) RC_FAIL(PrintRule(rule) + "\n" + PrintRule(*back));
    std::string json;
    RC_ASSERT(google::protobuf::util::MessageToJsonString(message, &json).ok());
    v1::Rule from_json;
    RC_ASSERT(google::protobuf::util::JsonStringToMessage(json, &from_json).ok());
    RC_ASSERT(*RuleFromProto(from_json) == rule);
  }));
}

TEST_CASE("what the tree cannot hold is named by its path, all of it") {
  CHECK(PathsOf({}) == std::vector<std::string>{"segment.rule"});
  v1::Rule message;
  v1::RuleGroup& group = *message.mutable_group();
  v1::RuleCondition& first = *group.add_rules()->mutable_condition();
  first.mutable_attribute()->set_key("contact.city");
  first.set_operator_(static_cast<v1::RuleOperator>(99));
  first.add_values();
  first.add_values()->set_date("2026-02-30");
  first.add_values()->mutable_money()->set_currency_code("lira");
  first.add_values()->mutable_time()->set_nanos(-1);
  first.add_values()->mutable_period()->set_count(5);
  group.add_rules()->mutable_condition();
  v1::RuleAggregate& aggregate = *group.add_rules()->mutable_condition()->mutable_aggregate();
  aggregate.mutable_window()->mutable_between_dates()->set_from_date("2026-01-01");
  aggregate.add_filters()->add_values();
  CHECK(PathsOf(message) == std::vector<std::string>{
                                "segment.rule.group.combinator",
                                "segment.rule.group.rules[0].condition.operator",
                                "segment.rule.group.rules[0].condition.values[0]",
                                "segment.rule.group.rules[0].condition.values[1].date",
                                "segment.rule.group.rules[0].condition.values[2].money.currency_code",
                                "segment.rule.group.rules[0].condition.values[3].time",
                                "segment.rule.group.rules[0].condition.values[4].period.unit",
                                "segment.rule.group.rules[1].condition",
                                "segment.rule.group.rules[2].condition.aggregate.function",
                                "segment.rule.group.rules[2].condition.aggregate.source",
                                "segment.rule.group.rules[2].condition.aggregate.window.between_dates.to_date",
                                "segment.rule.group.rules[2].condition.aggregate.filters[0].operator",
                                "segment.rule.group.rules[2].condition.aggregate.filters[0].values[0]",
                                "segment.rule.group.rules[2].condition.operator",
                            });
}

TEST_CASE("memberships and samples need no operator") {
  v1::Rule message;
  message.mutable_condition()->mutable_membership()->set_segment_id("loyal");
  ESNAF_REQUIRE_VALUE(const Rule rule, RuleFromProto(message));
  CHECK(PrintRule(rule) == R"(segment("loyal"))");
}

TEST_CASE("attributes are described with the operators that go with them") {
  const v1::RuleAttributeInfo tags = AttributeToProto(*TestCatalogue().Find("contact.tags"));
  CHECK(tags.type() == v1::RULE_TYPE_TEXT_LIST);
  CHECK(tags.source() == v1::RULE_FACT_SOURCE_UNSPECIFIED);
  CHECK(tags.operators_size() == 5);
  CHECK(tags.operators(2) == v1::RULE_OPERATOR_HAS_ANY);
  const v1::RuleAttributeInfo status =
      AttributeToProto(*Catalogue::FindField(FactSource::kCarts, "status"), FactSource::kCarts);
  CHECK(status.source() == v1::RULE_FACT_SOURCE_CARTS);
  CHECK(status.options_size() == 2);
  CHECK_FALSE(status.description_tr().empty());
}

}  // namespace
}  // namespace esnaf::segmentation
