// What may stand in a rule: each mistake by its path.
#include "services/segmentation/rules/rule_check.h"

#include <cmath>
#include <limits>

#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "services/segmentation/rules/rule_pattern.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/rules/test_rules.h"

namespace esnaf::segmentation {
namespace {

std::vector<std::string> PathsOf(const Rule& rule) {
  std::vector<std::string> paths;
  for (const RuleMistake& mistake : CheckRule(rule, TestCatalogue())) paths.push_back(mistake.path);
  return paths;
}

std::vector<std::string> PathsOf(Operand operand, Operator op, std::vector<Value> values) {
  return PathsOf(Rule{Condition{std::move(operand), op, std::move(values)}});
}

Operand Attribute(std::string key) { return AttributeOperand{std::move(key)}; }
Value Text(std::string text) { return text; }
Value Try(std::int64_t minor) { return Money{minor, Currency::Parse("TRY").value()}; }
Period Days(std::int32_t count) { return {count, TimeUnit::kDay}; }
Rule Good() { return {Condition{Attribute("custom.vip"), Operator::kEquals, {true}}}; }

using Paths = std::vector<std::string>;
const Paths kNone;
const Paths kValue = {"rule.condition.values[0]"};
const Paths kValues = {"rule.condition.values"};
const Paths kOperator = {"rule.condition.operator"};

TEST_CASE("values have the kind of what they are compared with") {
  CHECK(PathsOf(Attribute("contact.city"), Operator::kEquals, {Text("İzmir")}) == kNone);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kEquals, {std::int64_t{5}}) == kValue);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kEquals, {Text("")}) == kValue);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kEquals, {Text(std::string(501, 'a'))}) == kValue);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kEquals, {Text("\xff")}) == kValue);
  CHECK(PathsOf(Attribute("custom.shoe_size"), Operator::kLess, {42.5}) == kNone);
  CHECK(PathsOf(Attribute("custom.shoe_size"), Operator::kLess, {std::nan("")}) == kValue);
  CHECK(PathsOf(Attribute("custom.shoe_size"), Operator::kLess, {std::numeric_limits<double>::infinity()}) == kValue);
  CHECK(PathsOf(Attribute("custom.shoe_size"), Operator::kLess, {Text("42")}) == kValue);
  CHECK(PathsOf(Attribute("custom.vip"), Operator::kEquals, {std::int64_t{1}}) == kValue);
  CHECK(PathsOf(Attribute("custom.size"), Operator::kEquals, {Text("XL")}) == kValue);
  CHECK(PathsOf(Attribute("value.clv"), Operator::kGreater, {Try(100)}) == kNone);
  CHECK(PathsOf(Attribute("value.clv"), Operator::kGreater, {Money{100, {}}}) == kValue);
  CHECK(PathsOf(Attribute("value.clv"), Operator::kGreater, {std::int64_t{100}}) == kValue);
  CHECK(PathsOf(Attribute("value.clv"), Operator::kGreater, {Try(std::numeric_limits<std::int64_t>::min())}) == kValue);
  CHECK(PathsOf(Attribute("value.clv"), Operator::kGreater, {Try(std::numeric_limits<std::int64_t>::min() + 1)}) ==
        kNone);
  CHECK(PathsOf(Attribute("contact.tags"), Operator::kHasAny, {true}) == kValue);
}

TEST_CASE("operators go with the type and take so many values") {
  CHECK(PathsOf(Attribute("contact.city"), Operator::kLess, {Text("a")}) == kOperator);
  CHECK(PathsOf(Attribute("contact.tags"), Operator::kEquals, {Text("a")}) == kOperator);
  CHECK(PathsOf(Attribute("custom.vip"), Operator::kHolds, {}) == kOperator);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kEquals, {}) == kValues);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kIsSet, {Text("a")}) == kValues);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kIn, {}) == kValues);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kIn, std::vector<Value>(500, Text("a"))) == kNone);
  CHECK(PathsOf(Attribute("contact.city"), Operator::kIn, std::vector<Value>(501, Text("a"))) == kValues);
  CHECK(PathsOf(AttributeOperand{"contact.tags", true}, Operator::kGreater, {std::int64_t{2}}) == kNone);
  CHECK(PathsOf(AttributeOperand{"contact.city", true}, Operator::kGreater, {std::int64_t{2}}) ==
        Paths{"rule.condition.attribute.length"});
}

TEST_CASE("times are compared with times, days and relative moments") {
  const Time time = ParseRfc3339("2026-01-31T09:00:00Z").value();
  const Date day = ParseDate("2026-01-31").value();
  const Operand moment = Attribute("contact.create_time");
  const Operand date = Attribute("custom.birthday");
  CHECK(PathsOf(moment, Operator::kGreater, {time}) == kNone);
  CHECK(PathsOf(moment, Operator::kEquals, {day}) == kNone);
  CHECK(PathsOf(moment, Operator::kGreater, {Days(-90)}) == kNone);
  CHECK(PathsOf(moment, Operator::kEquals, {Days(-90)}) == kValue);
  CHECK(PathsOf(moment, Operator::kGreater, {Days(-100001)}) == kValue);
  CHECK(PathsOf(moment, Operator::kGreater, {Time::max()}) == kValue);
  CHECK(PathsOf(date, Operator::kEquals, {Days(0)}) == kNone);
  CHECK(PathsOf(date, Operator::kGreater, {time}) == kValue);
  CHECK(PathsOf(date, Operator::kGreater, {Date()}) == kValue);
  CHECK(PathsOf(date, Operator::kInLast, {Period{5, TimeUnit::kHour}}) == kValue);
  CHECK(PathsOf(moment, Operator::kInLast, {Period{5, TimeUnit::kHour}}) == kNone);
  CHECK(PathsOf(moment, Operator::kInLast, {Days(0)}) == kValue);
  CHECK(PathsOf(moment, Operator::kInLast, {day}) == kValue);
  CHECK(PathsOf(moment, Operator::kBetweenAgo, {Days(0), Days(30)}) == kNone);
  CHECK(PathsOf(moment, Operator::kBetweenAgo, {Days(30), Days(10)}) == Paths{"rule.condition.values[1]"});
  CHECK(PathsOf(moment, Operator::kBetween, {time, time - std::chrono::hours(1)}) == Paths{"rule.condition.values[1]"});
  CHECK(PathsOf(date, Operator::kAnniversaryInNext, {Days(366)}) == kNone);
  CHECK(PathsOf(date, Operator::kAnniversaryInNext, {Days(367)}) == kValue);
  CHECK(PathsOf(date, Operator::kAnniversaryInNext, {Period{2, TimeUnit::kYear}}) == kValue);
  CHECK(PathsOf(date, Operator::kInMonth, {std::int64_t{12}}) == kNone);
  CHECK(PathsOf(date, Operator::kInMonth, {std::int64_t{13}}) == kValue);
}

TEST_CASE("aggregates name what is wrong within") {
  AggregateOperand sum{Function::kSum, FactSource::kOrders, {}, {}};
  CHECK(PathsOf(sum, Operator::kBetween, {Try(1), Try(2)}) == kNone);
  CHECK(PathsOf(sum, Operator::kBetween, {Try(1), Money{2, Currency::Parse("EUR").value()}}) ==
        Paths{"rule.condition.values[1]"});
  CHECK(PathsOf(sum, Operator::kGreater, {std::int64_t{1500}}) == kValue);
  sum.filters = {{"shop", Operator::kEquals, {Text("web")}}, {"status", Operator::kEquals, {Text("lost")}}};
  CHECK(PathsOf(sum, Operator::kGreater, {Try(1)}) ==
        Paths{"rule.condition.aggregate.filters[0].field", "rule.condition.aggregate.filters[1].values[0]"});
  sum.filters = {};
  sum.window = {.kind = Window::Kind::kLast, .near = Days(0)};
  CHECK(PathsOf(sum, Operator::kGreater, {Try(1)}) == Paths{"rule.condition.aggregate.window.last"});
  sum.window = {.kind = Window::Kind::kBetweenAgo, .near = Days(30), .far = {4, TimeUnit::kWeek}};
  CHECK(PathsOf(sum, Operator::kGreater, {Try(1)}) == Paths{"rule.condition.aggregate.window.between_ago.far"});
  sum.window = {.kind = Window::Kind::kBetweenDates,
                .from = ParseDate("2026-02-01").value(),
                .to = ParseDate("2026-01-01").value()};
  CHECK(PathsOf(sum, Operator::kGreater, {Try(1)}) == Paths{"rule.condition.aggregate.window.between_dates.to_date"});
}

TEST_CASE("memberships and samples are checked") {
  CHECK(PathsOf(SegmentOperand{"loyal"}, Operator::kHolds, {}) == kNone);
  CHECK(PathsOf(SegmentOperand{"Not Allowed"}, Operator::kHolds, {}) == Paths{"rule.condition.membership.segment_id"});
  CHECK(PathsOf(SegmentOperand{"loyal"}, Operator::kEquals, {true}) ==
        Paths{"rule.condition.operator", "rule.condition.values"});
  CHECK(PathsOf(SampleOperand{0, "x"}, Operator::kHolds, {}) == Paths{"rule.condition.sample.basis_points"});
  CHECK(PathsOf(SampleOperand{10000, std::string(101, 'x')}, Operator::kHolds, {}) ==
        Paths{"rule.condition.sample.basis_points", "rule.condition.sample.seed"});
}

TEST_CASE("groups are neither empty nor absurdly deep or large") {
  CHECK(PathsOf({Group{Combinator::kAll, {}}}) == Paths{"rule.group.rules"});
  CHECK(PathsOf({Group{Combinator::kAny, {Good(), {Group{}}}}}) == Paths{"rule.group.rules[1].group.rules"});
  Rule deep = Good();
  for (int i = 0; i < kMaxRuleDepth; ++i) deep = {Group{Combinator::kAll, {deep}}};
  CHECK(PathsOf(deep) == kNone);
  CHECK(PathsOf({Group{Combinator::kAll, {deep}}}).size() == 1);
  Group wide{Combinator::kAny, std::vector<Rule>(kMaxRuleConditions, Good())};
  CHECK(PathsOf({wide}) == kNone);
  wide.rules.push_back(Good());
  CHECK(PathsOf({wide}) == Paths{"rule.group.rules[100].condition"});
  // Filters count as conditions.
  AggregateOperand count{Function::kCount, FactSource::kOrders, {}, {}};
  count.filters.assign(kMaxRuleConditions, {"store", Operator::kEquals, {Text("web")}});
  CHECK(PathsOf(count, Operator::kGreater, {std::int64_t{1}}) == Paths{"rule.condition.aggregate.filters[99]"});
  // No more mistakes than a caller can read.
  const Rule bad = {Condition{Attribute("nothing"), Operator::kEquals, {}}};
  CHECK(PathsOf({Group{Combinator::kAll, std::vector<Rule>(1000, bad)}}).size() == 100);
}

TEST_CASE("patterns are bounded") {
  CHECK_OK(CompilePattern("^(a|b)+$"));
  CHECK_OK(CompilePattern("(?i)^[\\p{L}\\p{N} ]{3,40}$"));
  CHECK_STATUS_IS(CompilePattern("("), absl::StatusCode::kInvalidArgument, "missing )");
  CHECK_STATUS_IS(CompilePattern("((a{1,100}){1,100}){1,10}"), absl::StatusCode::kInvalidArgument, "no regular");
  CHECK_STATUS_IS(CompilePattern(std::string(251, 'a')), absl::StatusCode::kInvalidArgument, "longer than 250");
  CHECK_STATUS_IS(CompilePattern("(a)\\1"), absl::StatusCode::kInvalidArgument, "invalid escape");
  CHECK(PathsOf(Attribute("contact.city"), Operator::kMatches, {Text("(")}) == kValue);
}

TEST_CASE("a status names every part behind the prefix") {
  const Rule rule = {Group{Combinator::kAll,
                           {Good(),
                            {Condition{Attribute("contact.cty"), Operator::kEquals, {Text("x")}}},
                            {Condition{Attribute("contact.city"), Operator::kEquals, {true}}}}}};
  const absl::Status status = ValidateRule(rule, TestCatalogue(), "segment.");
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  const auto fields = ErrorFields(status);
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].first == "segment.rule.group.rules[1].condition.attribute.key");
  CHECK(fields[0].second == "there is no attribute \"contact.cty\"; did you mean \"contact.city\"?");
  CHECK(fields[1].first == "segment.rule.group.rules[2].condition.values[0]");
  CHECK_OK(ValidateRule(Good(), TestCatalogue()));
}

TEST_CASE("the catalogue takes the firm's own fields, policies and any purpose of consent") {
  const Catalogue& catalogue = TestCatalogue();
  CHECK(catalogue.Find("custom.birthday")->type == AttributeType::kDate);
  CHECK(catalogue.Find("rfm.label")->options == std::vector<std::string>{"champions", "loyal", "hibernating"});
  CHECK(catalogue.Find("rfm.web-shop.recency_score")->type == AttributeType::kNumber);
  CHECK(catalogue.Find("consent.profiling.push")->options == std::vector<std::string>{"ONAY", "RET"});
  for (const char* unknown : {"custom.unknown", "rfm.other.label", "consent.marketing.fax", "consent..push", "city", "",
                              "consent.Marketing.push", "consent.marketing"}) {
    CHECK_FALSE(catalogue.Find(unknown));
  }
  CHECK(catalogue.KeyOf("city") == "contact.city");
  CHECK(catalogue.KeyOf("nothing") == "nothing");
  CHECK(catalogue.Nearest("rfm.labl") == "rfm.label");
}

TEST_CASE("the firm's own amounts and options take their operators and values, and nothing else") {
  const auto mistake = [](const std::string& text) {
    const ParsedRule parsed = ParseRule(text, TestCatalogue());
    return parsed.mistakes.empty() ? std::string() : parsed.mistakes[0].message;
  };
  CHECK(mistake("custom.budget BETWEEN 1.00 TRY AND 2.00 TRY AND custom.sizes HAS NONE (\"S\", \"L\")").empty());
  CHECK_THAT(mistake("custom.budget > 5"), esnaf::testing::ContainsSubstring("is no amount with a currency"));
  CHECK_THAT(mistake("custom.budget BETWEEN 1.00 TRY AND 2.00 EUR"),
             esnaf::testing::ContainsSubstring("another currency"));
  CHECK_THAT(mistake("custom.budget CONTAINS \"5\""),
             esnaf::testing::ContainsSubstring("does not go with custom.budget"));
  CHECK_THAT(mistake("custom.sizes HAS \"XXL\""), esnaf::testing::ContainsSubstring("is none of custom.sizes"));
  CHECK_THAT(mistake("custom.sizes = \"S\""), esnaf::testing::ContainsSubstring("does not go with custom.sizes"));
}

}  // namespace
}  // namespace esnaf::segmentation
